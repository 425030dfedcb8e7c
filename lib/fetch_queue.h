/*
 * fetch_queue - the blobs of a stream of records, fetched several at once and handed on in their order, but for the
 * layers of an image: each when it is there, so that whoever unpacks them need not wait for the largest.
 *
 *	struct fetch_queue *q = fetch_queue_new(&fetch, jobs, e);
 *	fetch_queue_add(q, &record) …			while there is room
 *	fetch_queue_run(q, fd, timeout, &readable, e);
 *	while (fetch_queue_next(q, &record, &why)) …
 *	fetch_queue_free(q);
 */
#ifndef CR_FETCH_QUEUE_H
#define CR_FETCH_QUEUE_H

#include "err.h"
#include "fetch.h"
#include "record.h"

#include <stdbool.h>

#define FETCH_QUEUE_MAX 4100 /* records held: an image of as many layers as are allowed */

struct fetch_queue;

enum fetch_state {
	FETCH_IS_WAITING, /* for a transfer that is to end, or for another process */
	FETCH_IS_RUNNING,
	FETCH_IS_THERE, /* it was in the store already */
	FETCH_IS_DONE,
	FETCH_HAS_FAILED
};

/* Who wants to know how far blobs are. */
struct fetch_watcher {
	/*
	 * Called for each change, FETCH_IS_WAITING being the first, with the bytes that are there. *mark is the
	 * watcher's own, a pointer for each record, NULL at first. Nothing follows one of the last three states.
	 */
	void (*changed)(void *ctx, void **mark, const struct record *r, enum fetch_state s, int64_t bytes);
	void *ctx;
};

/*
 * f, whose `moved` becomes the queue's, and the watcher (or NULL) are borrowed. jobs: transfers at once. NULL with the
 * error set.
 */
struct fetch_queue *fetch_queue_new(struct fetch *f, int jobs, const struct fetch_watcher *w, struct err *e);
void fetch_queue_free(struct fetch_queue *q); /* NULL is allowed */

/* Adds a record, if it is not full, and begins to fetch its blob if it may. */
void fetch_queue_add(struct fetch_queue *q, const struct record *r);
bool fetch_queue_is_full(const struct fetch_queue *q);
bool fetch_queue_is_empty(const struct fetch_queue *q);

/* Works until a record may be ready, fd (-1: none) can be read, or timeout_ms have passed (-1: none). */
int fetch_queue_run(struct fetch_queue *q, int fd, int timeout_ms, bool *readable, struct err *e);

/*
 * The next record, if what becomes of its blob is known: true, and why->kind ERR_NONE when it is in the store;
 * otherwise why it is not, which names the blob and where it was to come from.
 */
bool fetch_queue_next(struct fetch_queue *q, struct record *r, struct err *why);

#endif
