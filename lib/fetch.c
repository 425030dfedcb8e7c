#include "fetch.h"

#include <poll.h>
#include <stdlib.h>

/* A blob on its way: bytes go from the registry's call straight into the store's ingest. */
struct arrival {
	struct registry_sink sink;
	struct ingest *ingest;
	const struct fetch *fetch;
	void *tag;
};

static void tell(const struct arrival *a)
{
	if (a->fetch->moved)
		a->fetch->moved(a->fetch->ctx, a->tag, ingest_offset(a->ingest));
}

static int64_t offset(struct registry_sink *self)
{
	return ingest_offset(((struct arrival *)self)->ingest);
}

static int restart(struct registry_sink *self, struct err *e)
{
	return ingest_restart(((struct arrival *)self)->ingest, e);
}

static int data(struct registry_sink *self, const void *bytes, size_t n, struct err *e)
{
	const struct arrival *a = (struct arrival *)self;

	if (ingest_write(a->ingest, bytes, n, e) == -1)
		return -1;
	tell(a);
	return 0;
}

static int finish(struct registry_sink *self, struct err *e)
{
	return ingest_commit(((struct arrival *)self)->ingest, e);
}

static void free_arrival(struct arrival *a)
{
	ingest_close(a->ingest);
	free(a);
}

static enum fetch_begun start(struct fetch *f, struct ingest *in, const struct fetch_source *source, void *tag,
			      struct err *e)
{
	struct arrival *a = malloc(sizeof *a);

	if (!a) {
		ingest_close(in);
		err_nomem(e);
		return FETCH_FAILED;
	}
	*a = (struct arrival){ { offset, restart, data, finish }, in, f, tag };
	tell(a);
	if (registry_fetch(f->registry, source->registry, source->repository, &source->blob, &a->sink, e) == 0)
		return FETCH_STARTED;
	free_arrival(a);
	return FETCH_FAILED;
}

enum fetch_begun fetch_begin(struct fetch *f, const struct fetch_source *source, void *tag, struct err *e)
{
	struct err inner = ERR_INIT;
	bool busy = false;
	struct ingest *in;

	if (!f->registry) {
		if (store_has_blob(f->store, &source->blob.digest, source->blob.size))
			return FETCH_THERE;
		err_set(e, ERR_NOT_FOUND, "not in the store, and nobody is to be asked");
		return FETCH_FAILED;
	}
	in = ingest_try(f->store, &source->blob.digest, source->blob.size, &busy, &inner);
	if (in)
		return start(f, in, source, tag, e);
	if (busy)
		return FETCH_ELSEWHERE;
	if (inner.kind == ERR_NONE)
		return FETCH_THERE;
	*e = inner;
	return FETCH_FAILED;
}

int fetch_run(struct fetch *f, int fd, int timeout_ms, bool *readable, struct err *e)
{
	return registry_run(f->registry, fd, timeout_ms, readable, e);
}

bool fetch_done(struct fetch *f, void **tag, struct err *why)
{
	struct arrival *a;

	*why = (struct err)ERR_INIT;
	a = (struct arrival *)registry_done(f->registry, why);
	if (!a)
		return false;
	*tag = a->tag;
	free_arrival(a);
	return true;
}

void fetch_end(struct fetch *f)
{
	struct registry_sink *sink;

	while (f->registry && (sink = registry_cancel(f->registry)))
		free_arrival((struct arrival *)sink);
}

int fetch_one(struct fetch *f, const struct fetch_source *source, struct err *e)
{
	struct err why;
	bool readable;
	void *tag;
	enum fetch_begun begun;

	while ((begun = fetch_begin(f, source, NULL, e)) == FETCH_ELSEWHERE)
		poll(NULL, 0, FETCH_POLL);
	if (begun != FETCH_STARTED)
		return begun == FETCH_THERE ? 0 : -1;
	while (!fetch_done(f, &tag, &why))
		if (fetch_run(f, -1, -1, &readable, e) == -1) {
			fetch_end(f);
			return -1;
		}
	if (why.kind == ERR_NONE)
		return 0;
	*e = why;
	return -1;
}
