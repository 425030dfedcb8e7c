#include "fetch_queue.h"

#include "io.h"
#include "ref.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct item {
	struct record record;
	enum fetch_state state;
	int64_t bytes;	/* that are there */
	bool elsewhere; /* another process is at it */
	bool taken;	/* it was handed on, before one that stands before it */
	void *mark;	/* the watcher's */
	char *why;	/* of a failure; owned */
	enum err_kind kind;
};

struct fetch_queue {
	struct fetch *fetch;
	const struct fetch_watcher *watcher;
	int jobs, running;
	size_t first, count, elsewhere;
	int64_t look; /* io_clock: when to see again whether others are done */
	struct item items[FETCH_QUEUE_MAX]; /* a ring */
};

static struct item *item_at(struct fetch_queue *q, size_t i)
{
	return &q->items[(q->first + i) % FETCH_QUEUE_MAX];
}

static void set_state(struct fetch_queue *q, struct item *it, enum fetch_state s, int64_t bytes)
{
	it->state = s;
	it->bytes = bytes;
	if (q->watcher)
		q->watcher->changed(q->watcher->ctx, &it->mark, &it->record, s, bytes);
}

static void moved(void *ctx, void *tag, int64_t bytes)
{
	set_state(ctx, tag, FETCH_IS_RUNNING, bytes);
}

struct fetch_queue *fetch_queue_new(struct fetch *f, int jobs, const struct fetch_watcher *w, struct err *e)
{
	struct fetch_queue *q = calloc(1, sizeof *q);

	if (!q) {
		err_nomem(e);
		return NULL;
	}
	q->fetch = f;
	q->jobs = jobs;
	q->watcher = w;
	f->moved = moved;
	f->ctx = q;
	return q;
}

void fetch_queue_free(struct fetch_queue *q)
{
	if (q)
		fetch_end(q->fetch);
	for (size_t i = 0; q && i < q->count; i++)
		free(item_at(q, i)->why);
	free(q);
}

bool fetch_queue_is_full(const struct fetch_queue *q)
{
	return q->count == FETCH_QUEUE_MAX;
}

bool fetch_queue_is_empty(const struct fetch_queue *q)
{
	return q->count == 0;
}

static void fail(struct fetch_queue *q, struct item *it, struct err *e)
{
	struct digest_str digest = digest_str(&it->record.digest);

	if (strncmp(e->text, digest.text, strlen(digest.text)) != 0) /* the store names the blob itself */
		err_context(e, "%s", digest.text);
	err_context(e, "%s", it->record.source);
	it->why = strdup(e->text);
	it->kind = e->kind;
	set_state(q, it, FETCH_HAS_FAILED, it->bytes);
}

/* A record's source, which is data of whoever wrote the record, by the grammar of references. */
static int find_source(const struct record *r, struct ref *ref, struct fetch_source *out, struct err *e)
{
	cleanup_buf struct buf normal = BUF_INIT;
	enum oci_kind kind = record_kind(r);

	if (!strchr(r->source, '/'))
		return err_set(e, ERR_NOT_FOUND, "not in the store, and its source names no registry");
	if (ref_parse(ref, r->source, e) == 0)
		ref_source(ref, &normal);
	if (strcmp(buf_text(&normal), r->source) != 0)
		return err_set(e, ERR_CONTENT, "the source is no registry and repository");
	out->registry = ref->registry;
	out->repository = ref->repository;
	out->blob = (struct registry_blob){ r->digest, r->size, kind == OCI_KIND_INDEX || kind == OCI_KIND_MANIFEST };
	return 0;
}

/* The same blob may be asked for twice: the second waits for the first. */
static bool is_running(struct fetch_queue *q, const struct digest *d)
{
	for (size_t i = 0; i < q->count; i++)
		if (item_at(q, i)->state == FETCH_IS_RUNNING && digest_equal(&item_at(q, i)->record.digest, d))
			return true;
	return false;
}

static void begin(struct fetch_queue *q, struct item *it)
{
	struct err e = ERR_INIT;
	cleanup_ref struct ref ref = REF_INIT;
	struct fetch_source source;

	it->elsewhere = false;
	if (store_has_blob(q->fetch->store, &it->record.digest, it->record.size)) {
		set_state(q, it, FETCH_IS_THERE, it->record.size);
		return;
	}
	if (is_running(q, &it->record.digest))
		return;
	if (find_source(&it->record, &ref, &source, &e) == -1) {
		fail(q, it, &e);
		return;
	}
	switch (fetch_begin(q->fetch, &source, it, &e)) {
	case FETCH_THERE: set_state(q, it, FETCH_IS_THERE, it->record.size); break;
	case FETCH_STARTED: q->running++; break; /* its state is known by its first move */
	case FETCH_ELSEWHERE: it->elsewhere = true; break;
	case FETCH_FAILED: fail(q, it, &e); break;
	}
}

#define LOOK_EACH 3 /* looks a millisecond at most: where thousands are elsewhere, they come less often */

/* Begins what waits, as far as it may; what is elsewhere only when it is time. */
static void begin_waiting(struct fetch_queue *q)
{
	bool look = io_clock() >= q->look;

	q->elsewhere = 0;
	for (size_t i = 0; i < q->count && q->running < q->jobs; i++) {
		if (item_at(q, i)->state == FETCH_IS_WAITING && (look || !item_at(q, i)->elsewhere))
			begin(q, item_at(q, i));
		q->elsewhere += item_at(q, i)->elsewhere;
	}
	if (look)
		q->look = io_clock() + FETCH_POLL + (int64_t)q->elsewhere / LOOK_EACH;
}

/* Milliseconds until it is time, at most `limit` (-1: none). */
static int until_look(const struct fetch_queue *q, int limit)
{
	int64_t left = q->look - io_clock();

	if (!q->elsewhere)
		return limit;
	if (left < 0)
		left = 0;
	return limit < 0 || left < limit ? (int)left : limit;
}

void fetch_queue_add(struct fetch_queue *q, const struct record *r)
{
	struct item *it = item_at(q, q->count++);

	memset(it, 0, sizeof *it);
	it->record = *r;
	set_state(q, it, FETCH_IS_WAITING, 0);
	if (q->running < q->jobs)
		begin(q, it);
}

static void take_done(struct fetch_queue *q)
{
	struct err why;
	void *tag;

	while (q->running > 0 && fetch_done(q->fetch, &tag, &why)) {
		struct item *it = tag;

		q->running--;
		if (why.kind == ERR_NONE)
			set_state(q, it, FETCH_IS_DONE, it->bytes);
		else
			fail(q, it, &why);
	}
}

/* Nothing of ours is on its way: waits for others, or for fd. */
static bool wait_for_others(const struct fetch_queue *q, int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (!q->elsewhere && q->count > 0)
		return false; /* something is ready */
	return poll(&p, 1, timeout_ms) > 0;
}

int fetch_queue_run(struct fetch_queue *q, int fd, int timeout_ms, bool *readable, struct err *e)
{
	*readable = false;
	begin_waiting(q);
	timeout_ms = until_look(q, timeout_ms);
	if (q->running == 0)
		*readable = wait_for_others(q, fd, timeout_ms);
	else if (fetch_run(q->fetch, fd, timeout_ms, readable, e) == -1)
		return -1;
	take_done(q);
	return 0;
}

/*
 * The first one whose blob is settled: a layer does not wait for another, but nothing passes a document, or is passed
 * by one.
 */
static struct item *ready_item(struct fetch_queue *q)
{
	for (size_t i = 0; i < q->count; i++) {
		struct item *it = item_at(q, i);

		if (it->taken)
			continue;
		if (it->state >= FETCH_IS_THERE && (i == 0 || record_kind(&it->record) == OCI_KIND_LAYER))
			return it;
		if (record_kind(&it->record) != OCI_KIND_LAYER)
			return NULL;
	}
	return NULL;
}

bool fetch_queue_next(struct fetch_queue *q, struct record *r, struct err *why)
{
	struct item *it = ready_item(q);

	*why = (struct err)ERR_INIT;
	if (!it)
		return false;
	*r = it->record;
	if (it->state == FETCH_HAS_FAILED)
		err_set(why, it->kind, "%s", it->why ? it->why : "out of memory");
	free(steal_ptr(&it->why));
	it->taken = true;
	while (q->count && item_at(q, 0)->taken) {
		q->first = (q->first + 1) % FETCH_QUEUE_MAX;
		q->count--;
	}
	return true;
}
