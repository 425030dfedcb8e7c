/*
 * fetch - blobs from a registry into the store: a registry's sink that is a store's ingest, several at once.
 *
 *	fetch_init(&f, store, registry, jobs);
 *	fetch_begin(&f, registry, repository, &digest, size, tag, e) …
 *	fetch_run(&f, fd, &readable, e);
 *	while (fetch_done(&f, &tag, &why)) …
 */
#ifndef CR_FETCH_H
#define CR_FETCH_H

#include "err.h"
#include "registry.h"
#include "store.h"

#include <stdbool.h>

struct fetch {
	const struct store *store;
	struct registry *registry;
};

/* Both borrowed. */
void fetch_init(struct fetch *f, const struct store *s, struct registry *r);

enum fetch_begun {
	FETCH_FAILED = -1,
	FETCH_THERE,	/* the blob is in the store */
	FETCH_STARTED,	/* fetch_done will tell */
	FETCH_ELSEWHERE /* another process is at it (only without `wait`) */
};

/*
 * Begins to fetch a blob, unless it is there. `wait`: for another process that is at it; then FETCH_ELSEWHERE does not occur.
 * `tag` is handed back by fetch_done.
 */
enum fetch_begun fetch_begin(struct fetch *f, const char *registry, const char *repository, const struct digest *d,
			     int64_t size, bool wait, void *tag, struct err *e);

/* Works until a blob is done or fd (-1: none) can be read. */
int fetch_run(struct fetch *f, int fd, bool *readable, struct err *e);

/*
 * One blob that is done: true with its tag, and why->kind ERR_NONE when it is in the store by now, its size and digest checked.
 * False when none is.
 */
bool fetch_done(struct fetch *f, void **tag, struct err *why);

/* One blob from beginning to end. */
int fetch_one(struct fetch *f, const char *registry, const char *repository, const struct digest *d, int64_t size,
	      struct err *e);

#endif
