/*
 * detach - goes on in the background: the process that was called ends when the one that goes on says so, with the
 * status and the error that it gives.
 *
 *	struct detached d;
 *	if (detach(&d, e) == DETACH_CALLER)
 *		return d.status;               // e is set when it failed
 *	…                                      // in a session of its own
 *	detach_report(&d, 0, NULL);
 */
#ifndef CR_DETACH_H
#define CR_DETACH_H

#include "err.h"

struct detached {
	int report; /* in the one that goes on, until it has reported; -1 */
	int status; /* in the caller: what was reported */
};

enum detach_side { DETACH_CALLER, DETACH_BACKGROUND };

/*
 * Forks. In the background: a session of its own, and standard input from /dev/null; what else the caller of the program
 * has left open is to be closed before, as who waits for the end of a pipe must not wait for us. In the caller: returns when
 * that one has reported, or has ended without (then d->status is `died`, an exit status, and the error is set: ERR_IO).
 */
enum detach_side detach(struct detached *d, int died, struct err *e);

/*
 * Reports, with the error or NULL, and lets go of the caller's standard descriptors and working directory. A second
 * call does nothing.
 */
void detach_report(struct detached *d, int status, const struct err *e);

#endif
