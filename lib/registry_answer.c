#include "registry_call.h"

#include "io.h"
#include "words.h"

#include <string.h>

#define RESTARTS_MAX 2 /* of a blob, at one endpoint */

/* Appends what a status means, or its number. */
static void name_status(long status, struct buf *out)
{
	switch (status) {
	case 401: buf_adds(out, "not authorised"); break;
	case 403: buf_adds(out, "forbidden"); break;
	case 404: buf_adds(out, "not found"); break;
	case 429: buf_adds(out, "too many requests"); break;
	default: buf_addf(out, "status %ld", status);
	}
}

static int status_error(const struct call *c, long status, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT, words = BUF_INIT;
	enum err_kind kind = status == 404 ? ERR_NOT_FOUND : status == 401 || status == 403 ? ERR_DENIED : ERR_IO;
	const char *asked = http_header(c->transfer, "retry-after", 0);

	call_who_answers(c, &text);
	name_status(status, &text);
	if (asked && (status == 429 || status == 503))
		buf_addf(&text, ", to be asked again after %.40s", asked);
	words_of_server(&c->error_text, &words);
	auth_strike_out(buf_text(&c->authorization), &words);
	if (words.len)
		buf_addf(&text, " (registry said: %s)", buf_text(&words));
	return err_set(e, kind, "%s", buf_text(&text));
}

static int follow(struct call *c, struct err *e)
{
	const char *location = http_header(c->transfer, "location", 0);
	cleanup_buf struct buf target = BUF_INIT;
	struct http_origin from, to;

	if (!location)
		return err_set(e, ERR_CONTENT, "a redirect to nowhere");
	if (++c->redirects > REGISTRY_REDIRECTS_MAX)
		return err_set(e, ERR_CONTENT, "more than %d redirects", REGISTRY_REDIRECTS_MAX);
	if (http_resolve(buf_text(&c->url), location, &target, e) == -1 ||
	    http_origin(buf_text(&c->url), &from, e) == -1 || http_origin(buf_text(&target), &to, e) == -1 ||
	    http_may_lead(&from, &to, c->r->policy->plain_http, e) == -1)
		return -1;
	buf_reset(&c->url);
	buf_adds(&c->url, buf_text(&target));
	return buf_check(&c->url, e) == -1 ? -1 : call_send(c, e);
}

/* Where the place at hand is named by neither the image nor the message, it is put before that. */
static void name_place(const struct call *c, struct err *why)
{
	cleanup_buf struct buf who = BUF_INIT;

	call_who_answers(c, &who);
	if (who.len && !strstr(why->text, call_host(c)))
		err_context(why, "%.*s", (int)who.len - 2, buf_text(&who));
}

static int try_on(struct call *c, struct err *why, enum http_fault fault, struct err *e)
{
	name_place(c, why);
	return call_try_on(c, why, fault, 0, e);
}

static void read_headers(const struct call *c)
{
	const char *type = http_header(c->transfer, "content-type", 0),
		   *digest = http_header(c->transfer, "docker-content-digest", 0);
	struct err ignored = ERR_INIT;

	buf_reset(&c->manifest->media_type);
	if (type)
		buf_add(&c->manifest->media_type, type, strcspn(type, "; \t"));
	c->manifest->has_hint =
		digest && digest_parse(&c->manifest->hint, digest, strlen(digest), &ignored) == 0;
}

/* The server cannot go on where we are, or did so wrongly: from the beginning. */
static int start_over(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;

	if (++c->restarts > RESTARTS_MAX) {
		err_set(&why, ERR_CONTENT, "begun anew %d times, and wrong again", RESTARTS_MAX);
		return c->sink->restart(c->sink, e) == -1 ? -1 : try_on(c, &why, HTTP_REFUSED, e);
	}
	return c->sink->restart(c->sink, e) == -1 ? -1 : call_send_first(c, e);
}

/* All bytes are there: are they the right ones? Those that came in parts may have come from two different blobs. */
static int finish(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;

	if (!c->sink->finish || c->sink->finish(c->sink, &why) == 0)
		return 1;
	if (why.kind == ERR_CONTENT)
		return c->resumed ? start_over(c, e) : try_on(c, &why, HTTP_REFUSED, e);
	*e = why;
	return -1;
}

/*
 * A HEAD that does not say what was asked. Where it says how long to wait, it is asked again then; otherwise another
 * place may know, and at last registry_manifest will find out why.
 */
static int give_up_head(struct call *c, long status, struct err *e)
{
	struct err why = ERR_INIT;

	err_set(&why, ERR_IO, "%s: HEAD is not answered", call_host(c));
	if (call_try_on(c, &why, HTTP_REFUSED, call_asked_to_wait(c) > 0 ? status : 0, e) == 0)
		return 0;
	*e = (struct err)ERR_INIT;
	return 1;
}

/* A 200, or a 206 that was asked for. */
static int take_success(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;
	int64_t have;

	if (c->manifest)
		read_headers(c);
	if (c->kind == CALL_HEAD)
		return c->manifest->has_hint ? 1 : give_up_head(c, 0, e);
	have = c->sink->offset(c->sink);
	if (c->size == -1 || have == c->size)
		return finish(c, e);
	err_set(&why, ERR_CONTENT, "%lld of %lld bytes came", (long long)have, (long long)c->size);
	return try_on(c, &why, HTTP_CUT_OFF, e);
}

/* nginx and Go's server answer plain http on a TLS port with a 400 that says so; others with an alert. */
static bool wants_tls(const struct call *c, enum http_fault fault, long status)
{
	const struct place *p = c->endpoints[c->endpoint].place;

	return p->may_want_tls &&
	       ((fault == HTTP_NO_HTTP && !p->answered) || (status == 400 && strstr(buf_text(&c->error_text), "HTTPS")));
}

/* No answer, or half of one. */
static int take_failure(struct call *c, enum http_fault fault, struct err *why, struct err *e)
{
	int64_t have = c->sink->offset(c->sink);

	if (c->sink_failed)
		return *e = *why, -1;
	if (wants_tls(c, fault, 0))
		return call_change_to_tls(c, why, e);
	if (fault == HTTP_CUT_OFF && c->guess.kind != ERR_NONE && !c->endpoints[c->endpoint].place->answered)
		*why = c->guess; /* it speaks no TLS either: what it did speak is the trouble */
	if (c->kind == CALL_HEAD && (fault == HTTP_CUT_OFF || fault == HTTP_NO_HTTP))
		return give_up_head(c, 0, e);
	if (c->started && c->kind == CALL_BLOB && have == c->size && !c->overflow)
		return finish(c, e); /* what broke came after the last byte */
	if (c->resumed && have > 0 && why->kind == ERR_CONTENT && !c->overflow)
		return start_over(c, e);
	if (c->overflow && c->sink->restart(c->sink, e) == -1) /* the beginning of what is wrong is worth nothing */
		return -1;
	return try_on(c, why, fault, e);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int fail(struct call *c, long status, struct err *e)
{
	struct err why = ERR_INIT;

	if (c->kind == CALL_HEAD)
		return give_up_head(c, status, e);
	status_error(c, status, &why);
	return call_try_on(c, &why, HTTP_NO_FAULT, status, e);
}

/* A 401, or what GET /v2/ answered after one. */
static int take_challenge(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;
	struct token_fault fault;

	switch (call_authorize(c, &fault, &why)) {
	case 1: return call_send_first(c, e);
	case 0: return fail(c, 401, e);
	}
	if (fault.retry_after >= 0)
		c->asked = (fault.retry_after > REGISTRY_WAIT_MAX ? REGISTRY_WAIT_MAX + 1 : fault.retry_after) * 1000;
	return try_on(c, &why, fault.passing ? HTTP_CUT_OFF : HTTP_REFUSED, e);
}

/* A 416: nothing comes after what is there. Where nobody knows the size, that may be all of it. */
static int take_beyond(struct call *c, struct err *e)
{
	if (c->size != -1)
		return start_over(c, e);
	c->resumed = true;
	return finish(c, e);
}

int call_proceed(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;
	enum http_fault fault;
	long status = 0;

	if (http_result(c->transfer, &status, &fault, &why) == -1 && !c->error_cut)
		return take_failure(c, fault, &why, e);
	why = (struct err)ERR_INIT;
	if (status == 401 || c->probing)
		return take_challenge(c, e);
	if (status == 200 || (status == 206 && c->started)) {
		call_granted(c);
		return take_success(c, e);
	}
	if (is_redirect(status))
		return follow(c, &why) == 0 ? 0 : try_on(c, &why, HTTP_REFUSED, e);
	if (status == 416 && c->sink->offset(c->sink) > 0)
		return take_beyond(c, e);
	if (wants_tls(c, HTTP_NO_FAULT, status))
		return call_change_to_tls(c, NULL, e);
	return fail(c, status, e);
}
