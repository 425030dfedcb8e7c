#include "registry_call.h"

#include "io.h"

#include <stdio.h>

#define ERROR_TEXT_MAX 16384 /* bytes of an error's body that are read */

#define ACCEPT_MANIFESTS                                                                           \
	"Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                              \
	"application/vnd.docker.distribution.manifest.v2+json"

static int take_error(struct call *c, const void *data, size_t n, struct err *e)
{
	size_t room = ERROR_TEXT_MAX - c->error_text.len;

	buf_add(&c->error_text, data, n < room ? n : room);
	if (n < room)
		return buf_check(&c->error_text, e);
	c->error_cut = true; /* it could go on for ever: the error ends the transfer */
	return err_set(e, ERR_IO, "an error's text of more than %d bytes", ERROR_TEXT_MAX);
}

/*
 * A length that cannot be right: known before the bytes come. `from`: where the answer begins; a part of the rest may
 * end where it will.
 */
static int check_length(const struct call *c, const struct http_transfer *t, int64_t from, struct err *e)
{
	int64_t length;

	if (http_length(t, &length, e) == -1)
		return -1;
	if (c->kind == CALL_MANIFEST && length > REGISTRY_MANIFEST_MAX)
		return err_set(e, ERR_CONTENT, "the manifest is longer than %u bytes", REGISTRY_MANIFEST_MAX);
	if (c->kind != CALL_BLOB || c->size == -1 || length == -1 || length == c->size - from ||
	    (c->resumed && length < c->size - from))
		return 0;
	return err_set(e, ERR_CONTENT, "%lld bytes are announced, not %lld", (long long)length,
		       (long long)(c->size - from));
}

/* A 206: only as it was asked for. */
static int check_range(const struct call *c, const struct http_transfer *t, int64_t offset, struct err *e)
{
	const char *range = http_header(t, "content-range", 0);
	long long from;

	if (offset == 0)
		return err_set(e, ERR_CONTENT, "part of a blob, which was not asked for");
	if (!range || sscanf(range, "bytes %lld-", &from) != 1 || from != offset)
		return err_set(e, ERR_CONTENT, "a part of the blob that was not asked for (%.60s)",
			       range ? range : "no Content-Range");
	return check_length(c, t, offset, e);
}

/*
 * The headers are there, whether or not a body will come whole: what they say of the answer's place in the blob is
 * compared with where the sink is.
 */
static int begin(void *ctx, const struct http_transfer *t, long status, struct err *e)
{
	struct call *c = ctx;
	int64_t offset = c->sink->offset(c->sink);

	call_notices(c);
	if (c->probing || c->kind == CALL_HEAD || (status != 200 && status != 206))
		return 0;
	c->started = true;
	c->resumed = status == 206;
	if (c->resumed)
		return check_range(c, t, offset, e);
	if (check_length(c, t, 0, e) == -1)
		return -1;
	return offset > 0 || c->kind == CALL_MANIFEST ? c->sink->restart(c->sink, e) : 0;
}

static int take_data(void *ctx, long status, const void *data, size_t n, struct err *e)
{
	struct call *c = ctx;

	if (c->probing) { /* its headers are all that is wanted */
		c->error_cut = true;
		return err_set(e, ERR_IO, "the text of /v2/ is not read");
	}
	if (!c->started)
		return take_error(c, data, n, e);
	(void)status;
	if (c->sink->data(c->sink, data, n, e) == 0)
		return 0;
	c->overflow = e->kind == ERR_CONTENT; /* too many bytes are the sender's fault, all else is ours */
	c->sink_failed = !c->overflow;
	return -1;
}

void call_drop(struct call *c)
{
	http_transfer_free(c->transfer);
	c->transfer = NULL;
}

int call_send(struct call *c, struct err *e)
{
	cleanup_buf struct buf authorization = BUF_INIT, range = BUF_INIT;
	const char *headers[4];
	struct http_request q = { .method = c->kind == CALL_HEAD && !c->probing ? "HEAD" : "GET", .url = buf_text(&c->url),
				  .headers = headers, .begin = begin, .data = take_data, .ctx = c };
	int64_t offset = c->sink->offset(c->sink);
	size_t n = 0;

	if (c->accept_manifests)
		headers[n++] = ACCEPT_MANIFESTS;
	if (c->authorization.len && !c->probing && call_asks_origin(c)) {
		buf_addf(&authorization, "Authorization: %s", buf_text(&c->authorization));
		headers[n++] = buf_text(&authorization);
	}
	if (offset > 0) {
		buf_addf(&range, "Range: bytes=%lld-", (long long)offset);
		headers[n++] = buf_text(&range);
	}
	headers[n] = NULL;
	if (!c->probing) /* what the 401 before it said is kept */
		buf_reset(&c->error_text);
	c->started = c->resumed = c->overflow = c->error_cut = c->waiting = false;
	call_drop(c);
	if (buf_check(&authorization, e) == -1 || buf_check(&range, e) == -1)
		return -1;
	c->transfer = http_start(c->r->http, &q, e);
	return c->transfer ? 0 : -1;
}

int call_send_first(struct call *c, struct err *e)
{
	const struct endpoint *p = &c->endpoints[c->endpoint];

	buf_reset(&c->url);
	buf_addf(&c->url, "%s/v2/", p->place->base);
	if (*c->path && !c->probing)
		buf_addf(&c->url, "%s/%s", c->repository, c->path);
	if (p->mirror)
		buf_addf(&c->url, "?ns=%s", c->registry);
	c->redirects = 0;
	if (buf_check(&c->url, e) == -1 || call_use_grant(c, e) == -1)
		return -1;
	return call_send(c, e);
}
