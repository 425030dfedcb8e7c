#include "registry_call.h"

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

/* Where the answer begins in the blob: compared once, when its first byte comes. */
int call_begin_body(struct call *c, long status, struct err *e)
{
	int64_t offset = c->sink->offset(c->sink);
	const char *range = http_header(c->transfer, "content-range", 0);
	long long from;

	c->started = true;
	if (status == 200)
		return offset > 0 || c->manifest ? c->sink->restart(c->sink, e) : 0;
	if (offset == 0)
		return err_set(e, ERR_CONTENT, "%s: part of a blob, which was not asked for", call_host(c));
	if (!range || sscanf(range, "bytes %lld-", &from) != 1 || from != offset)
		return err_set(e, ERR_CONTENT, "%s: a part of the blob that was not asked for (%.60s)", call_host(c),
			       range ? range : "no Content-Range");
	return 0;
}

static int take_data(void *ctx, long status, const void *data, size_t n, struct err *e)
{
	struct call *c = ctx;

	if (status != 200 && status != 206)
		return take_error(c, data, n, e);
	if (!c->started && call_begin_body(c, status, e) == -1)
		return -1;
	if (c->sink->data(c->sink, data, n, e) == 0)
		return 0;
	c->sink_failed = true;
	return -1;
}

int call_send(struct call *c, struct err *e)
{
	cleanup_buf struct buf authorization = BUF_INIT, range = BUF_INIT;
	const char *headers[4];
	struct http_request q = { .method = "GET", .url = buf_text(&c->url), .headers = headers, .data = take_data, .ctx = c };
	size_t n = 0;

	if (c->manifest)
		headers[n++] = ACCEPT_MANIFESTS;
	if (c->authorization.len && call_asks_origin(c)) {
		buf_addf(&authorization, "Authorization: %s", buf_text(&c->authorization));
		headers[n++] = buf_text(&authorization);
	}
	if (c->sink->offset(c->sink) > 0) {
		buf_addf(&range, "Range: bytes=%lld-", (long long)c->sink->offset(c->sink));
		headers[n++] = buf_text(&range);
	}
	headers[n] = NULL;
	buf_reset(&c->error_text);
	c->started = c->error_cut = false;
	c->waiting = false;
	if (buf_check(&authorization, e) == -1 || buf_check(&range, e) == -1)
		return -1;
	c->transfer = http_start(c->r->http, &q, e);
	return c->transfer ? 0 : -1;
}

/* Asks the endpoint at hand from the beginning. */
int call_send_first(struct call *c, struct err *e)
{
	const struct endpoint *p = &c->endpoints[c->endpoint];

	buf_reset(&c->url);
	buf_addf(&c->url, "%s/v2/%s/%s%s%s", p->base, c->repository, c->path, p->mirror ? "?ns=" : "",
		 p->mirror ? c->registry : "");
	c->redirects = 0;
	return buf_check(&c->url, e) == -1 ? -1 : call_send(c, e);
}
