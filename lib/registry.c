#include "registry_call.h"

#include "io.h"

#include <limits.h>
#include <string.h>

struct registry *registry_new(const struct registry_policy *policy, struct err *e)
{
	struct registry *r = calloc(1, sizeof *r);

	if (!r) {
		err_nomem(e);
		return NULL;
	}
	r->policy = policy;
	if ((r->http = http_new(&policy->http, e)))
		return r;
	free(r);
	return NULL;
}

static void call_free(struct call *c)
{
	call_drop(c);
	free(c->registry);
	free(c->repository);
	free(c->path);
	buf_clear(&c->url);
	buf_wipe(&c->authorization);
	buf_clear(&c->authorization);
	buf_clear(&c->error_text);
	free(c);
}

static void free_calls(struct call *c)
{
	while (c) {
		struct call *next = c->next;
		call_free(c);
		c = next;
	}
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	free_calls(r->calls);
	free_calls(r->done);
	registry_free_grants(r);
	http_free(r->http);
	registry_free_places(r);
	for (size_t i = 0; i < r->warned_count; i++)
		free(r->warned[i]);
	buf_clear(&r->rate);
	free(r);
}

void registry_manifest_clear(struct registry_manifest *m)
{
	buf_clear(&m->body);
	buf_clear(&m->media_type);
}

/* --- running --- */

struct call *registry_call(struct registry *r, enum call_kind kind, const char *registry, const char *repository,
			   const char *path, struct err *e)
{
	struct call *c = calloc(1, sizeof *c);

	if (!c) {
		err_nomem(e);
		return NULL;
	}
	c->r = r;
	c->kind = kind;
	c->size = c->asked = -1;
	c->registry = strdup(registry);
	c->repository = strdup(repository);
	c->path = strdup(path);
	if (c->registry && c->repository && c->path)
		return c;
	err_nomem(e);
	call_free(c);
	return NULL;
}

/* Sends the first request, and takes over c, also when that fails. */
static int call_begin(struct call *c, struct err *e)
{
	struct registry *r = c->r;

	if (call_add_endpoints(c, e) == 0 && call_send_first(c, e) == 0) {
		c->next = r->calls;
		r->calls = c;
		return 0;
	}
	call_free(c);
	return -1;
}

/* Takes c off the list, if it is on it. */
static bool take_from(struct call **list, const struct call *c)
{
	while (*list && *list != c)
		list = &(*list)->next;
	if (!*list)
		return false;
	*list = c->next;
	return true;
}

static void finish(struct registry *r, struct call *c)
{
	take_from(&r->calls, c);
	c->next = r->done;
	r->done = c;
	call_drop(c);
}

static void proceed_or_finish(struct registry *r, struct call *c)
{
	int status = call_proceed(c, &c->err);

	if (status == -1 && c->err.kind == ERR_NONE)
		err_set(&c->err, ERR_IO, "%s: failed", call_host(c));
	if (status != 0)
		finish(r, c);
}

/* Starts the calls whose waiting is over. Returns milliseconds until the next one's, at most `limit`. */
static int wake(struct registry *r, int limit)
{
	int64_t now = io_clock(), first = limit;
	struct call *next;

	for (struct call *c = r->calls; c; c = next) {
		next = c->next;
		if (!c->waiting)
			continue;
		if (c->not_before > now)
			first = c->not_before - now < first ? c->not_before - now : first;
		else if (call_send_first(c, &c->err) == -1)
			finish(r, c);
	}
	return (int)first;
}

#define PATIENCE 60000 /* milliseconds to wait at a time where nobody says how long */

int registry_run(struct registry *r, int fd, int timeout_ms, bool *readable, struct err *e)
{
	int64_t end = timeout_ms < 0 ? INT64_MAX : io_clock() + timeout_ms, left;

	*readable = false;
	do {
		struct http_transfer *t;
		int wait;

		left = end - io_clock();
		wait = wake(r, left < 0 ? 0 : left < PATIENCE ? (int)left : PATIENCE);
		if (r->done)
			break;
		if (http_run(r->http, fd, wait, readable, e) == -1)
			return -1;
		while ((t = http_done(r->http)))
			proceed_or_finish(r, http_transfer_ctx(t));
	} while (!r->done && !*readable && io_clock() < end);
	return 0;
}

struct registry_sink *registry_done(struct registry *r, struct err *why)
{
	struct call *c = r->done;
	struct registry_sink *sink;

	if (!c)
		return NULL;
	r->done = c->next;
	sink = c->sink;
	*why = c->err;
	call_free(c);
	return sink;
}

/* All bytes are there already. 0 when that is the end of it, -1 when they are wrong, and forgotten. */
static int finish_unasked(struct call *c)
{
	if (!c->sink->finish || c->sink->finish(c->sink, &c->err) == 0 || c->err.kind != ERR_CONTENT)
		return 0;
	c->err = (struct err)ERR_INIT;
	return -1;
}

int registry_fetch(struct registry *r, const char *registry, const char *repository, const struct registry_blob *blob,
		   struct registry_sink *sink, struct err *e)
{
	char path[32 + DIGEST_TEXT];
	struct call *c;

	snprintf(path, sizeof path, "%s/%s", blob->is_manifest ? "manifests" : "blobs", digest_str(&blob->digest).text);
	c = registry_call(r, CALL_BLOB, registry, repository, path, e);
	if (!c)
		return -1;
	c->size = blob->size;
	c->accept_manifests = blob->is_manifest;
	c->sink = sink;
	if (sink->offset(sink) != c->size || finish_unasked(c) == -1)
		return call_begin(c, e);
	c->next = r->done;
	r->done = c;
	return 0;
}

struct registry_sink *registry_cancel(struct registry *r)
{
	struct call **list = r->calls ? &r->calls : &r->done, *c = *list;
	struct registry_sink *sink;

	if (!c)
		return NULL;
	*list = c->next;
	sink = c->sink;
	call_free(c);
	return sink;
}

int registry_perform(struct call *c, struct err *e)
{
	struct registry *r = c->r;
	bool readable;
	int status;

	if (call_begin(c, e) == -1)
		return -1;
	do {
		status = registry_run(r, -1, -1, &readable, e);
	} while (status == 0 && !take_from(&r->done, c));
	if (status == -1 && !take_from(&r->calls, c))
		take_from(&r->done, c);
	if (status == 0 && c->err.kind != ERR_NONE) {
		*e = c->err;
		status = -1;
	}
	call_free(c);
	return status;
}
