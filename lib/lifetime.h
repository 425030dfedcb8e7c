/*
 * lifetime - one run of a container, from its lock to its exit status: what cr-exec --record adds to sandbox_run. The
 * record (container.h) says at any moment how far it is; in the background, what the command writes goes to its log
 * (log.h).
 *
 *	struct lifetime l;
 *	if (lifetime_begin(&l, dir, e) == 0) {
 *		…                                 // the sandbox is made
 *		status = lifetime_run(&l, s, e);
 *	}
 *	lifetime_end(&l, status, e);
 */
#ifndef CR_LIFETIME_H
#define CR_LIFETIME_H

#include "container.h"
#include "detach.h"
#include "err.h"
#include "log.h"
#include "sandbox.h"

#include <stdbool.h>

struct lifetime {
	bool remove;		 /* set by the caller: the container is removed at the end */
	bool logged;		 /* set by the caller: output goes to the log */
	struct detached *report; /* set by the caller: who is told that the command runs; or NULL */

	struct container container;
	struct log log;
	bool held;
	const struct sandbox *sandbox; /* as the caller had it */
	struct err trouble;	       /* the first thing that could not be written down */
};

#define LIFETIME_INIT { .container = CONTAINER_INIT, .log = LOG_INIT }

/* Opens the container whose bundle `dir` is, and takes its lock. ERR_USAGE when it runs already. */
int lifetime_begin(struct lifetime *l, const char *dir, struct err *e);

/* sandbox_run, with its callbacks those of s, and the record's. */
int lifetime_run(struct lifetime *l, const struct sandbox *s, struct err *e);

/*
 * Writes down how it ended, removes the container if that is wanted, and tells `report`, with e, where it never came
 * to run. Once for each begin, also for one that failed.
 */
void lifetime_end(struct lifetime *l, int status, const struct err *e);

#endif
