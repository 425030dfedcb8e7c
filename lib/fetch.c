#include "fetch.h"

#include <stdlib.h>
#include <string.h>

/* A blob on its way: bytes go from the registry's call straight into the store's ingest. */
struct arrival {
	struct registry_sink sink;
	struct ingest *ingest;
	void *tag;
	char *registry, *repository;
	struct digest digest;
	int64_t size;
	bool resumed; /* its beginning came from an earlier process */
};

static int64_t offset(struct registry_sink *self)
{
	return ingest_offset(((struct arrival *)self)->ingest);
}

static int restart(struct registry_sink *self, struct err *e)
{
	struct arrival *a = (struct arrival *)self;

	a->resumed = false;
	return ingest_restart(a->ingest, e);
}

static int data(struct registry_sink *self, const void *bytes, size_t n, struct err *e)
{
	return ingest_write(((struct arrival *)self)->ingest, bytes, n, e);
}

void fetch_init(struct fetch *f, const struct store *s, struct registry *r)
{
	f->store = s;
	f->registry = r;
}

static void free_arrival(struct arrival *a)
{
	ingest_close(a->ingest);
	free(a->registry);
	free(a->repository);
	free(a);
}

static enum fetch_begun start(struct fetch *f, struct ingest *in, const char *registry, const char *repository,
			      const struct digest *d, int64_t size, void *tag, struct err *e)
{
	struct arrival *a = malloc(sizeof *a);

	if (!a) {
		ingest_close(in);
		err_nomem(e);
		return FETCH_FAILED;
	}
	*a = (struct arrival){ .sink = { offset, restart, data }, .ingest = in, .tag = tag, .digest = *d, .size = size,
			       .registry = strdup(registry), .repository = strdup(repository),
			       .resumed = ingest_offset(in) > 0 };
	if (!a->registry || !a->repository)
		err_nomem(e);
	else if (registry_fetch(f->registry, registry, repository, d, size, &a->sink, e) == 0)
		return FETCH_STARTED;
	free_arrival(a);
	return FETCH_FAILED;
}

enum fetch_begun fetch_begin(struct fetch *f, const char *registry, const char *repository, const struct digest *d,
			     int64_t size, bool wait, void *tag, struct err *e)
{
	struct err inner = ERR_INIT;
	bool busy = false;
	struct ingest *in = wait ? ingest_open(f->store, d, size, &inner) : ingest_try(f->store, d, size, &busy, &inner);

	if (in)
		return start(f, in, registry, repository, d, size, tag, e);
	if (busy)
		return FETCH_ELSEWHERE;
	if (inner.kind == ERR_NONE)
		return FETCH_THERE;
	*e = inner;
	return FETCH_FAILED;
}

int fetch_run(struct fetch *f, int fd, bool *readable, struct err *e)
{
	return registry_run(f->registry, fd, readable, e);
}

/* What an earlier process left may have been wrong already: then all is fetched anew, once. */
static bool fetch_anew(struct fetch *f, struct arrival *a, struct err *why)
{
	enum fetch_begun begun;

	if (why->kind != ERR_CONTENT || !a->resumed)
		return false;
	ingest_close(a->ingest); /* the wrong bytes are gone with the failed commit */
	a->ingest = NULL;
	*why = (struct err)ERR_INIT;
	begun = fetch_begin(f, a->registry, a->repository, &a->digest, a->size, true, a->tag, why);
	return begun == FETCH_STARTED;
}

bool fetch_done(struct fetch *f, void **tag, struct err *why)
{
	struct arrival *a;
	bool again;

	do {
		*why = (struct err)ERR_INIT;
		a = (struct arrival *)registry_done(f->registry, why);
		if (!a)
			return false;
		if (why->kind == ERR_NONE)
			ingest_commit(a->ingest, why);
		again = fetch_anew(f, a, why);
		*tag = a->tag;
		free_arrival(a);
	} while (again);
	return true;
}

int fetch_one(struct fetch *f, const char *registry, const char *repository, const struct digest *d, int64_t size,
	      struct err *e)
{
	struct err why;
	bool readable;
	void *tag;

	switch (fetch_begin(f, registry, repository, d, size, true, NULL, e)) {
	case FETCH_THERE: return 0;
	case FETCH_FAILED: return -1;
	case FETCH_STARTED:
	case FETCH_ELSEWHERE: break;
	}
	while (!fetch_done(f, &tag, &why))
		if (fetch_run(f, -1, &readable, e) == -1)
			return -1;
	if (why.kind == ERR_NONE)
		return 0;
	*e = why;
	return -1;
}
