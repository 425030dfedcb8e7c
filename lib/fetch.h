/*
 * fetch - blobs from a registry into the store: a registry's sink that is a store's ingest, several at once.
 *
 *	struct fetch f = { .store = &store, .registry = registry };
 *	fetch_begin(&f, &source, &tag, e) …
 *	fetch_run(&f, fd, timeout, &readable, e);
 *	while (fetch_done(&f, &tag, &why)) …
 *
 * A blob is fetched once, however many processes want it: who finds another at it tries again, until that one is done or
 * gone.
 */
#ifndef CR_FETCH_H
#define CR_FETCH_H

#include "err.h"
#include "registry.h"
#include "store.h"

#include <stdbool.h>

#define FETCH_POLL 50 /* milliseconds between two looks whether another process is done with a blob */

struct fetch {
	const struct store *store; /* borrowed, as all that follows */
	struct registry *registry; /* NULL: nobody is asked; what is not in the store is ERR_NOT_FOUND */

	/* Told how many of a blob's bytes there are; may be NULL. */
	void (*moved)(void *ctx, void *tag, int64_t bytes);
	void *ctx;
};

/* Where a blob is to come from. */
struct fetch_source {
	const char *registry, *repository;
	struct registry_blob blob;
};

enum fetch_begun {
	FETCH_FAILED = -1,
	FETCH_THERE,	/* the blob is in the store */
	FETCH_STARTED,	/* fetch_done will tell */
	FETCH_ELSEWHERE /* another process is at it: to be tried again */
};

/* Begins to fetch a blob, unless it is there. `tag` is handed back by fetch_done. The source is copied. */
enum fetch_begun fetch_begin(struct fetch *f, const struct fetch_source *source, void *tag, struct err *e);

/* Works until a blob is done, fd (-1: none) can be read, or timeout_ms have passed (-1: none). */
int fetch_run(struct fetch *f, int fd, int timeout_ms, bool *readable, struct err *e);

/*
 * One blob that is done: true with its tag, and why->kind ERR_NONE when it is in the store by now, its size and digest
 * checked. False when none is.
 */
bool fetch_done(struct fetch *f, void **tag, struct err *why);

/* Gives up what is on its way: what has arrived of it stays for the next time. */
void fetch_end(struct fetch *f);

/* One blob from beginning to end; no others may be on their way. */
int fetch_one(struct fetch *f, const struct fetch_source *source, struct err *e);

#endif
