/*
 * progress - shows the arrival of blobs: bars on a terminal, JSON lines for programs, both or neither.
 *
 *	struct progress *p = progress_new(&options, e);
 *	struct progress_blob *b = progress_add(p, &digest, size, e);
 *	progress_update(b, PROGRESS_RUNNING, resumed);
 *	for (each piece that comes) progress_update(b, PROGRESS_RUNNING, bytes);
 *	progress_update(b, PROGRESS_DONE, bytes);	(b is gone)
 *	progress_free(p);
 *
 * and in the loop that waits: poll for progress_wait(p) milliseconds at most, then progress_draw(p).
 *
 * On a terminal there is a line for each blob that is running and one for all. They stand below an empty line, on
 * which the cursor rests: what another program prints lands there, whole if it is no longer than a line, and the bars
 * move down at the next draw. A message of one's own is printed between progress_clear and the next draw. A terminal
 * without escape sequences has the line for all alone. Nothing is drawn while the process is in the background of its
 * terminal, before blobs have been on their way for PROGRESS_DELAY milliseconds, or more often than ten times a second.
 * A terminal that takes no more is given up silently.
 *
 * JSON: an object a line, with "digest", "state" ("waiting", "running", "there", "done", "failed"), "bytes", and
 * "total", which is null where nobody knows it. There is one for each change of state, beginning with "waiting", and
 * ten a second for a blob that is running. Writing waits for a slow reader. When it fails there are no more of them,
 * and progress_json_error says why.
 *
 * SIGPIPE must be ignored (cli_start does it). Descriptors stay the caller's, who closes them after progress_free.
 * Memory is that of the blobs that were under way at once: what a finished one had is for the next.
 */
#ifndef CR_PROGRESS_H
#define CR_PROGRESS_H

#include "digest.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_DELAY 150 /* milliseconds: what is over sooner shows no bars */

enum progress_state {
	PROGRESS_WAITING,
	PROGRESS_RUNNING,
	PROGRESS_THERE,	/* needed no transfer */
	PROGRESS_DONE,
	PROGRESS_FAILED,
};

struct progress_options {
	int terminal; /* a terminal's descriptor, or -1: no bars */
	bool dumb;    /* it understands no escape sequences */
	int json;     /* a descriptor for JSON lines, or -1 */
};

struct progress;
struct progress_blob;

struct progress *progress_new(const struct progress_options *o, struct err *e); /* NULL on failure */
void progress_free(struct progress *p); /* takes the bars off; all blobs are gone. NULL is allowed */

/* A blob that is waiting, of `total` bytes (-1: not known); there until progress_update finishes it. NULL on failure. */
struct progress_blob *progress_add(struct progress *p, const struct digest *d, int64_t total, struct err *e);

/*
 * The blob's state and how many of its bytes are there. Those that the first RUNNING tells of were there before: they count
 * into no rate, nor does a step back, after which a transfer begins anew. After THERE, DONE or FAILED `b` is invalid.
 * Cheap enough for every piece that arrives: writes when something is due, and allocates nothing.
 */
void progress_update(struct progress_blob *b, enum progress_state s, int64_t bytes);

int progress_wait(const struct progress *p); /* milliseconds until something is due, for a time-out of poll; -1: nothing is */
void progress_draw(struct progress *p);	     /* what is due */

/*
 * Takes the bars off the terminal; the next draw puts them back. Async-signal-safe but for the draw that it may
 * interrupt: a handler that ends the process may call it, to leave a clean screen.
 */
void progress_clear(struct progress *p);

/* 0, or the errno that ended the JSON lines: EPIPE is a reader that went away. */
int progress_json_error(const struct progress *p);

#endif
