/*
 * worker - a function run in a child process, as root of a user namespace where the caller is not root (userns.h). What
 * it touches, and what it may break, stays there; its error value comes back.
 *
 *	struct worker w;
 *	worker_start(&w, &ns, 0, unpack, &job, e);
 *	…
 *	worker_wait(&w, e);
 */
#ifndef CR_WORKER_H
#define CR_WORKER_H

#include "err.h"
#include "userns.h"

#include <sys/types.h>

struct worker {
	pid_t pid; /* -1: none */
	int report; /* readable when the child has ended; -1: none */
};

#define WORKER_INIT { -1, -1 }

/*
 * Starts a child that calls fn(ctx, e) and exits. `flags`: further namespaces (CLONE_NEW*). The child dies with its parent.
 */
int worker_start(struct worker *w, const struct userns *ns, int flags, int (*fn)(void *ctx, struct err *e), void *ctx,
		 struct err *e);

/* In a worker: the descriptor its error value goes back by, which is not to be closed. -1 elsewhere. */
int worker_report(void);

/* Waits for its end. What fn returned (0 to 100), or -1 with the error that fn set, or with one that says how it died. */
int worker_wait(struct worker *w, struct err *e);

/* Kills it, if there is one, and waits. */
void worker_kill(struct worker *w);

/* Both in one. */
int worker_run(const struct userns *ns, int flags, int (*fn)(void *ctx, struct err *e), void *ctx, struct err *e);

#endif
