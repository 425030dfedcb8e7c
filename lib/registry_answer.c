#include "registry_call.h"

#include "auth.h"
#include "challenge.h"
#include "io.h"
#include "json.h"

#include <string.h>
#include <time.h>

#define ERROR_SHOWN 300	   /* of a registry's message that are shown */
#define CREDENTIAL_TRIES 2 /* with a cached token, and with a fresh one */

/* What the registry says of its own accord, for the end of a message: " (registry said: …)". */
static void said(const struct call *c, char *out, size_t room)
{
	struct err ignored = ERR_INIT;
	cleanup_json struct json *doc = json_parse(buf_text(&c->error_text), c->error_text.len, &ignored);
	cleanup_free char *text = NULL;
	struct json_value first;

	*out = '\0';
	if (!doc)
		return;
	first = json_first(json_member(json_root(doc), "errors"));
	if (!json_exists(first))
		first = json_root(doc);
	text = json_string(json_member(first, "message"), &ignored);
	if (!text || !*text) {
		free(text);
		text = json_string(json_member(first, "code"), &ignored);
	}
	if (text && *text)
		snprintf(out, room, " (registry said: %.*s)", ERROR_SHOWN, text);
}

static int status_error(const struct call *c, long status, struct err *e)
{
	char text[ERROR_SHOWN + 32];

	said(c, text, sizeof text);
	switch (status) {
	case 401:
	case 403:
		return err_set(e, ERR_DENIED, "%s: %s%s", call_host(c), status == 401 ? "not authorised" : "forbidden", text);
	case 404: return err_set(e, ERR_NOT_FOUND, "%s: not found%s", call_host(c), text);
	case 429: return err_set(e, ERR_IO, "%s: too many requests%s", call_host(c), text);
	default: return err_set(e, ERR_IO, "%s: status %ld%s", call_host(c), status, text);
	}
}

/* The Authorization for the endpoint's challenge. 1 when there is a new one to try, 0 when not, -1. */
static int answer_challenge(struct call *c, struct err *e)
{
	cleanup_credentials struct credentials who = CREDENTIALS_INIT;
	struct challenge challenge = { CHALLENGE_NONE, "", "", "" };
	struct http_origin origin;
	const char *header;
	int found = 0;

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
	if (!c->endpoints[c->endpoint].mirror)
		found = auth_find(c->r->policy->auth_files, c->registry, c->repository, &who, e);
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
	if (strcmp(from.scheme, "https") == 0 && strcmp(to.scheme, "http") == 0)
		return err_set(e, ERR_CONTENT, "%s: a redirect from https to http (%s)", call_host(c), to.host);
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	buf_reset(&c->url);
	buf_adds(&c->url, buf_text(&target));
	return buf_check(&c->url, e) == -1 ? -1 : call_send(c, e);
}

/* Seconds to wait before the next try. */
static time_t delay(const struct call *c)
{
	const char *asked = c->transfer ? http_header(c->transfer, "retry-after", 0) : NULL;
	struct tm tm = { 0 };
	long seconds;
	char *end;

	if (asked) {
		seconds = strtol(asked, &end, 10);
		if (*end && strptime(asked, "%a, %d %b %Y %H:%M:%S GMT", &tm))
			seconds = (long)(timegm(&tm) - time(NULL));
		if (seconds < 0)
			seconds = 0;
		return seconds > REGISTRY_WAIT_MAX ? REGISTRY_WAIT_MAX : (time_t)seconds;
	}
	return (1 << (c->tries - 1)) / 2 + (time_t)(getpid() + c->tries) % 2; /* 0 to 1, 1 to 2, …: not all at once */
}

static bool may_pass(const struct err *why, long status)
{
	return status == 429 || status >= 500 || (status < 400 && why->kind == ERR_IO);
}

/* The endpoint at hand has failed: once more, or the next one. -1 when there is no other way. */
static int try_on(struct call *c, const struct err *why, long status, struct err *e)
{
	if (may_pass(why, status) && ++c->tries < REGISTRY_TRIES_MAX) {
		c->not_before = registry_now() + delay(c);
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

static int fall_back(struct call *c, struct err *e)
{
	struct endpoint *p = &c->endpoints[c->endpoint];

	p->may_fall_back = false;
	registry_remember_plain(c->r, call_host(c));
	memmove(p->base + 4, p->base + 5, strlen(p->base + 5) + 1); /* https: → http: */
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	return call_send_first(c, e);
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
	return err_set(e, ERR_IO, "%s: %lld of %lld bytes came", call_host(c), (long long)have, (long long)c->size);
}

int call_proceed(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;
	bool tls_refused;
	long status = 0;
	int got;

	if (http_result(c->transfer, &status, &tls_refused, &why) == -1) {
		if (c->sink_failed)
			return *e = why, -1;
		if (tls_refused && c->endpoints[c->endpoint].may_fall_back)
			return fall_back(c, e);
		return try_on(c, &why, status >= 400 ? status : 0, e);
	}
	if (status == 200 || (status == 206 && c->started)) {
		if (!c->started && call_begin_body(c, status, &why) == -1) /* an empty body */
			return try_on(c, &why, 0, e);
		if (c->manifest)
			read_headers(c);
		return check_whole(c, &why) == 0 ? 1 : try_on(c, &why, 0, e);
	}
	if (status == 401 && (got = answer_challenge(c, &why)) != 0) {
		if (got == -1)
			return try_on(c, &why, 0, e);
		http_transfer_free(c->transfer);
		c->transfer = NULL;
		return call_send_first(c, e);
	}
	if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
		return follow(c, &why) == 0 ? 0 : try_on(c, &why, 0, e);
	if (status == 416 && c->sink->offset(c->sink) > 0) {
		if (c->sink->restart(c->sink, e) == -1)
			return -1;
		c->waiting = ++c->tries < REGISTRY_TRIES_MAX;
		if (c->waiting) {
			http_transfer_free(c->transfer);
			c->transfer = NULL;
			return 0;
		}
	}
	status_error(c, status, &why);
	return try_on(c, &why, status, e);
}
