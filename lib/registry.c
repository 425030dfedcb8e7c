#include "registry_call.h"

#include "io.h"

#include <string.h>
#include <time.h>

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
	http_transfer_free(c->transfer);
	for (size_t i = 0; i < c->endpoint_count; i++)
		free(c->endpoints[i].base);
	free(c->registry);
	free(c->repository);
	free(c->path);
	buf_clear(&c->url);
	if (c->authorization.data)
		explicit_bzero(c->authorization.data, c->authorization.len);
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
	token_free_all(r->tokens);
	http_free(r->http);
	for (size_t i = 0; i < r->tls_count; i++)
		free(r->speak_tls[i]);
	free(r);
}

void registry_manifest_clear(struct registry_manifest *m)
{
	buf_clear(&m->body);
	buf_clear(&m->media_type);
}

time_t registry_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* --- running --- */

static int call_begin(struct registry *r, const char *registry, const char *repository, const char *kind,
		      const char *reference, struct registry_manifest *manifest, int64_t size,
		      struct registry_sink *sink, struct err *e)
{
	struct call *c = calloc(1, sizeof *c);
	cleanup_buf struct buf path = BUF_INIT;

	if (!c)
		return err_nomem(e);
	buf_addf(&path, "%s/%s", kind, reference);
	c->r = r;
	c->registry = strdup(registry);
	c->repository = strdup(repository);
	c->path = buf_steal(&path);
	c->manifest = manifest;
	c->size = size;
	c->sink = sink;
	if (!c->registry || !c->repository || !c->path)
		err_nomem(e);
	else if (call_add_endpoints(c, e) == 0 && (size >= 0 && sink->offset(sink) == size ? 0 : call_send_first(c, e)) == 0) {
		struct call **list = c->transfer ? &r->calls : &r->done; /* all its bytes are there: nothing to ask */
		c->next = *list;
		*list = c;
		return 0;
	}
	call_free(c);
	return -1;
}

static void finish(struct registry *r, struct call *c)
{
	struct call **at = &r->calls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->next = r->done;
	r->done = c;
	http_transfer_free(c->transfer);
	c->transfer = NULL;
}

static void proceed_or_finish(struct registry *r, struct call *c)
{
	int status = call_proceed(c, &c->err);

	if (status == -1 && c->err.kind == ERR_NONE)
		err_set(&c->err, ERR_IO, "%s: failed", call_host(c));
	if (status != 0)
		finish(r, c);
}

/* Starts the calls whose waiting is over. Returns milliseconds until the next one's. */
static int wake(struct registry *r)
{
	time_t now = registry_now(), first = now + 3600;
	struct call *next;

	for (struct call *c = r->calls; c; c = next) {
		next = c->next;
		if (!c->waiting)
			continue;
		if (c->not_before > now) {
			first = c->not_before < first ? c->not_before : first;
			continue;
		}
		if (call_send_first(c, &c->err) == -1)
			finish(r, c);
	}
	return first - now > 60 ? 60000 : (int)(first - now) * 1000;
}

int registry_run(struct registry *r, int fd, bool *readable, struct err *e)
{
	*readable = false;
	while (!r->done && !*readable) {
		struct http_transfer *t;
		int timeout = wake(r);

		if (r->done)
			break;
		if (http_run(r->http, fd, timeout, readable, e) == -1)
			return -1;
		while ((t = http_done(r->http)))
			proceed_or_finish(r, http_transfer_ctx(t));
	}
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

int registry_fetch(struct registry *r, const char *registry, const char *repository, const struct digest *d, int64_t size,
		   struct registry_sink *sink, struct err *e)
{
	return call_begin(r, registry, repository, "blobs", digest_str(d).text, NULL, size, sink, e);
}

/* --- manifests --- */

struct manifest_sink {
	struct registry_sink sink;
	struct registry_manifest *out;
};

static int64_t manifest_offset(struct registry_sink *self)
{
	(void)self;
	return 0; /* never in parts */
}

static int manifest_restart(struct registry_sink *self, struct err *e)
{
	(void)e;
	buf_reset(&((struct manifest_sink *)self)->out->body);
	return 0;
}

static int manifest_data(struct registry_sink *self, const void *data, size_t n, struct err *e)
{
	struct buf *body = &((struct manifest_sink *)self)->out->body;

	if (body->len + n > REGISTRY_MANIFEST_MAX)
		return err_set(e, ERR_CONTENT, "the manifest is longer than %u bytes", REGISTRY_MANIFEST_MAX);
	buf_add(body, data, n);
	return buf_check(body, e);
}

int registry_manifest(struct registry *r, const char *registry, const char *repository, const char *reference,
		      struct registry_manifest *out, struct err *e)
{
	struct manifest_sink s = { { manifest_offset, manifest_restart, manifest_data }, out };
	struct err why = ERR_INIT;
	bool readable;

	if (call_begin(r, registry, repository, "manifests", reference, out, -1, &s.sink, e) == -1)
		return -1;
	while (!r->done)
		if (registry_run(r, -1, &readable, e) == -1)
			return -1;
	registry_done(r, &why);
	if (why.kind == ERR_NONE)
		return 0;
	*e = why;
	return -1;
}
