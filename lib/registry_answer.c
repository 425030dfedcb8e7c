#include "registry_call.h"

#include "auth.h"
#include "challenge.h"
#include "io.h"

#include <string.h>
#include <time.h>

#define CREDENTIAL_TRIES 2 /* with a cached token, and with a fresh one */

/* Where the answer comes from: the endpoint's host, and the one it redirected to. */
static void who_answers(const struct call *c, struct buf *out)
{
	struct http_origin o;
	struct err ignored = ERR_INIT;

	buf_adds(out, call_host(c));
	if (!call_asks_origin(c) && http_origin(buf_text(&c->url), &o, &ignored) == 0)
		buf_addf(out, ", redirected to %s:%s", o.host, o.port);
}

static int status_error(const struct call *c, long status, struct err *e)
{
	cleanup_buf struct buf who = BUF_INIT, words = BUF_INIT;
	enum err_kind kind = status == 404 ? ERR_NOT_FOUND : status == 401 || status == 403 ? ERR_DENIED : ERR_IO;
	const char *what = status == 401 ? "not authorised" : status == 403 ? "forbidden" : status == 404 ? "not found" :
			   status == 429 ? "too many requests" : NULL;

	who_answers(c, &who);
	registry_words(&c->error_text, buf_text(&c->authorization), &words);
	if (what)
		return err_set(e, kind, "%s: %s%s", buf_text(&who), what, buf_text(&words));
	return err_set(e, kind, "%s: status %ld%s", buf_text(&who), status, buf_text(&words));
}

/* The Authorization for the endpoint's challenge. 1 when there is a new one to try, 0 when not, -1. */
static int answer_challenge(struct call *c, struct err *e)
{
	cleanup_credentials struct credentials who = CREDENTIALS_INIT;
	struct challenge challenge = { CHALLENGE_NONE, "", "", "" };
	struct http_origin origin;
	const char *header;
	int found;

	if (++c->credentials > CREDENTIAL_TRIES || !call_asks_origin(c))
		return 0;
	for (size_t i = 0; (header = http_header(c->transfer, "www-authenticate", i)); i++) {
		struct challenge one;
		if (challenge_parse(&one, header, e) == -1)
			return err_context(e, "%s", call_host(c));
		if (one.scheme > challenge.scheme)
			challenge = one;
	}
	if (challenge.scheme == CHALLENGE_NONE)
		return 0;
	found = auth_find(c->r->policy->auth_files, c->endpoints[c->endpoint].mirror ? call_host(c) : c->registry,
			  c->repository, &who, e); /* a mirror has an account of its own, or none */
	if (found == -1 || http_origin(c->endpoints[c->endpoint].base, &origin, e) == -1)
		return -1;
	buf_reset(&c->authorization);
	if (challenge.scheme == CHALLENGE_BASIC) {
		if (!found || !who.user || c->credentials > 1)
			return 0;
		auth_basic(&who, &c->authorization);
		return buf_check(&c->authorization, e) == -1 ? -1 : 1;
	}
	return token_get(&c->r->tokens, c->r->http, &origin, &challenge, found ? &who : NULL, c->credentials > 1,
			 &c->authorization, e) == -1 ?
		       -1 :
		       1;
}

static int follow(struct call *c, struct err *e)
{
	const char *location = http_header(c->transfer, "location", 0);
	cleanup_buf struct buf target = BUF_INIT;
	struct http_origin from, to;

	if (!location)
		return err_set(e, ERR_CONTENT, "%s: a redirect to nowhere", call_host(c));
	if (++c->redirects > REGISTRY_REDIRECTS_MAX)
		return err_set(e, ERR_CONTENT, "%s: more than %d redirects", call_host(c), REGISTRY_REDIRECTS_MAX);
	if (http_resolve(buf_text(&c->url), location, &target, e) == -1 ||
	    http_origin(buf_text(&c->url), &from, e) == -1 || http_origin(buf_text(&target), &to, e) == -1)
		return err_context(e, "%s", call_host(c));
	if (http_may_lead(&from, &to, c->r->policy->plain_http, e) == -1)
		return -1;
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	buf_reset(&c->url);
	buf_adds(&c->url, buf_text(&target));
	return buf_check(&c->url, e) == -1 ? -1 : call_send(c, e);
}

/* Seconds that the answer asks us to wait; -1 where it does not. */
static long asked_to_wait(const struct call *c)
{
	const char *asked = c->transfer ? http_header(c->transfer, "retry-after", 0) : NULL;
	struct tm tm = { 0 };
	long seconds;
	char *end;

	if (!asked)
		return -1;
	seconds = strtol(asked, &end, 10);
	if (*end && strptime(asked, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		seconds = (long)(timegm(&tm) - time(NULL));
	return seconds < 0 ? 0 : seconds;
}

/* Seconds before the next try: 0 to 1, 1 to 2, …, so that many do not come at once. */
static time_t pause_before(const struct call *c, long asked)
{
	return asked >= 0 ? (time_t)asked : (1 << (c->tries - 1)) / 2 + (time_t)(getpid() + c->tries) % 2;
}

/* A connection that breaks may hold the next time; one that cannot be had, or stalls, only if much came since it last did. */
static bool may_pass(struct call *c, enum http_fault fault, long status)
{
	int64_t have = c->sink->offset(c->sink);
	bool progress = have - c->progress >= REGISTRY_PROGRESS;

	c->progress = have;
	if (progress)
		c->tries = 0;
	return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504) ||
	       fault == HTTP_CUT_OFF || (fault == HTTP_OUT_OF_REACH && progress);
}

/* The endpoint at hand has failed: once more, or the next one. -1 when there is no other way. */
static int try_on(struct call *c, const struct err *why, enum http_fault fault, long status, struct err *e)
{
	long asked = asked_to_wait(c);

	if (may_pass(c, fault, status) && asked <= REGISTRY_WAIT_MAX && ++c->tries < REGISTRY_TRIES_MAX) {
		c->not_before = registry_now() + pause_before(c, asked);
		c->waiting = true;
	}
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	if (c->waiting)
		return 0;
	if (c->endpoint + 1 == c->endpoint_count) {
		*e = *why;
		return -1;
	}
	c->endpoint++;
	c->tries = c->credentials = 0;
	buf_reset(&c->authorization);
	return call_send_first(c, e);
}

/* nginx and Go's server answer plain http on a TLS port with a 400 that says so; others with an alert. */
static bool wants_tls(const struct call *c, enum http_fault fault, long status)
{
	return c->endpoints[c->endpoint].may_want_tls &&
	       (fault == HTTP_NO_HTTP || (status == 400 && strstr(buf_text(&c->error_text), "HTTPS")));
}

static int change_to_tls(struct call *c, struct err *e)
{
	struct endpoint *p = &c->endpoints[c->endpoint];
	struct buf base = BUF_INIT;

	registry_remember_tls(c->r, call_host(c));
	buf_addf(&base, "https:%s", p->base + strlen("http:"));
	free(p->base);
	p->may_want_tls = false;
	p->base = buf_steal(&base);
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	return p->base ? call_send_first(c, e) : err_nomem(e);
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

/* All bytes of a blob are there, or of a manifest as many as came. */
static int check_whole(const struct call *c, struct err *e)
{
	int64_t have = c->sink->offset(c->sink);

	if (c->size == -1 || have == c->size)
		return 0;
	return err_set(e, ERR_CONTENT, "%s: %lld of %lld bytes came", call_host(c), (long long)have, (long long)c->size);
}

/* A 200, or a 206 that was asked for. */
static int take_success(struct call *c, long status, struct err *e)
{
	struct err why = ERR_INIT;

	if (!c->started && call_begin_body(c, status, &why) == -1) /* an empty body */
		return try_on(c, &why, HTTP_NO_FAULT, 0, e);
	if (c->manifest)
		read_headers(c);
	return check_whole(c, &why) == 0 ? 1 : try_on(c, &why, HTTP_CUT_OFF, 0, e);
}

/* The server cannot go on where we are: from the beginning. */
static int start_over(struct call *c, struct err *e)
{
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	return c->sink->restart(c->sink, e) == -1 ? -1 : call_send_first(c, e);
}

static int take_failure(struct call *c, enum http_fault fault, const struct err *why, struct err *e)
{
	struct err named = *why;
	cleanup_buf struct buf who = BUF_INIT;

	if (c->sink_failed)
		return *e = *why, -1;
	if (wants_tls(c, fault, 0))
		return change_to_tls(c, e);
	who_answers(c, &who);
	if (!strstr(named.text, call_host(c)))
		err_context(&named, "%s", buf_text(&who));
	return try_on(c, &named, fault, 0, e);
}

int call_proceed(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;
	enum http_fault fault;
	long status = 0;
	int got;

	if (http_result(c->transfer, &status, &fault, &why) == -1 && !c->error_cut)
		return take_failure(c, fault, &why, e);
	why = (struct err)ERR_INIT;
	if (status == 200 || (status == 206 && c->started))
		return take_success(c, status, e);
	if (status == 401 && (got = answer_challenge(c, &why)) != 0) {
		if (got == -1)
			return try_on(c, &why, HTTP_NO_FAULT, 0, e);
		http_transfer_free(c->transfer);
		c->transfer = NULL;
		return call_send_first(c, e);
	}
	if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
		return follow(c, &why) == 0 ? 0 : try_on(c, &why, HTTP_NO_FAULT, 0, e);
	if (status == 416 && c->sink->offset(c->sink) > 0)
		return start_over(c, e);
	if (wants_tls(c, HTTP_NO_FAULT, status))
		return change_to_tls(c, e);
	status_error(c, status, &why);
	return try_on(c, &why, HTTP_NO_FAULT, status, e);
}
