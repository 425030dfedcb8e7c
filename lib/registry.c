#include "registry.h"

#include "auth.h"
#include "challenge.h"
#include "io.h"
#include "json.h"
#include "token.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define ERROR_TEXT_MAX 16384 /* bytes of an error's body that are read */
#define ERROR_SHOWN 300	     /* of its message that are shown */
#define CREDENTIAL_TRIES 2   /* with a cached token, and with a fresh one */

#define ACCEPT_MANIFESTS                                                                           \
	"Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                              \
	"application/vnd.docker.distribution.manifest.v2+json"

/* A place to ask: the registry, or a mirror of it. */
struct endpoint {
	char *base; /* "https://registry-1.docker.io" */
	bool mirror;
	bool may_fall_back; /* loopback: plain http, if it does not speak TLS */
};

#define ENDPOINTS_MAX 16

/* One GET, through challenges, redirects, retries and endpoints. */
struct call {
	struct registry *r;
	struct call *next;
	char *registry, *repository, *path; /* path: "manifests/latest", "blobs/sha256:…" */
	struct registry_manifest *manifest; /* or NULL: a blob */
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t endpoint_count, endpoint;
	struct registry_sink *sink;
	int64_t size; /* of a blob; -1: not known */

	struct http_transfer *transfer;
	struct buf url;		  /* being asked */
	struct buf authorization; /* for the endpoint's origin, or empty */
	struct buf error_text;
	int tries, redirects, credentials;
	bool started;	   /* the sink has been told where the answer's bytes begin */
	time_t not_before; /* monotonic seconds: waits to be tried again */
	bool waiting;
	struct err err;
};

struct registry {
	const struct registry_policy *policy;
	struct http *http;
	struct token *tokens;
	struct call *calls, *done; /* lists */
	char *spoke_plainly[ENDPOINTS_MAX]; /* loopback hosts that were found not to speak TLS */
	size_t plain_count;
};

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
	for (size_t i = 0; i < r->plain_count; i++)
		free(r->spoke_plainly[i]);
	free(r);
}

void registry_manifest_clear(struct registry_manifest *m)
{
	buf_clear(&m->body);
	buf_clear(&m->media_type);
}

static time_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* --- endpoints --- */

static bool speaks_plainly(const struct registry *r, const char *host)
{
	for (size_t i = 0; i < r->plain_count; i++)
		if (strcmp(r->spoke_plainly[i], host) == 0)
			return true;
	return false;
}

static void remember_plain(struct registry *r, const char *host)
{
	char *copy = speaks_plainly(r, host) || r->plain_count == ENDPOINTS_MAX ? NULL : strdup(host);

	if (copy)
		r->spoke_plainly[r->plain_count++] = copy;
}

static int add_endpoint(struct call *c, const char *scheme, const char *host, bool mirror, struct err *e)
{
	struct endpoint *p = &c->endpoints[c->endpoint_count];
	cleanup_buf struct buf base = BUF_INIT;

	if (c->endpoint_count == ENDPOINTS_MAX)
		return err_set(e, ERR_USAGE, "%s: more than %d mirrors", c->registry, ENDPOINTS_MAX - 1);
	buf_addf(&base, "%s%s", scheme, host);
	while (base.len > 0 && base.data[base.len - 1] == '/')
		base.data[--base.len] = '\0';
	*p = (struct endpoint){ buf_steal(&base), mirror, false };
	if (!p->base)
		return err_nomem(e);
	c->endpoint_count++;
	return 0;
}

static int add_mirrors(struct call *c, struct err *e)
{
	const struct registry_policy *p = c->r->policy;

	for (size_t i = 0; i < p->mirror_count; i++) {
		struct http_origin o;

		if (strcmp(p->mirrors[i].registry, c->registry) != 0)
			continue;
		if (http_origin(p->mirrors[i].url, &o, e) == -1)
			return err_context(e, "mirror of %s", c->registry);
		if (strcmp(o.scheme, "http") == 0 && !p->plain_http && !http_is_loopback(o.host))
			return err_set(e, ERR_USAGE, "mirror %s: plain http needs --plain-http", p->mirrors[i].url);
		if (add_endpoint(c, "", p->mirrors[i].url, true, e) == -1)
			return -1;
	}
	return 0;
}

static int add_endpoints(struct call *c, struct err *e)
{
	const char *host = strcmp(c->registry, "docker.io") == 0 ? "registry-1.docker.io" : c->registry;
	bool loopback = http_is_loopback(host), plain = c->r->policy->plain_http;

	if (add_mirrors(c, e) == -1)
		return -1;
	plain = plain || (loopback && speaks_plainly(c->r, host));
	if (add_endpoint(c, plain ? "http://" : "https://", host, false, e) == -1)
		return -1;
	c->endpoints[c->endpoint_count - 1].may_fall_back = loopback && !plain;
	return 0;
}

/* --- sending --- */

static const char *host_of(const struct call *c)
{
	const char *slashes = strstr(c->endpoints[c->endpoint].base, "//");

	return slashes ? slashes + 2 : c->registry;
}

static int take_error(struct call *c, const void *data, size_t n, struct err *e)
{
	if (c->error_text.len + n <= ERROR_TEXT_MAX)
		buf_add(&c->error_text, data, n);
	return buf_check(&c->error_text, e);
}

/* Where the answer begins in the blob: compared once, when its first byte comes. */
static int begin_body(struct call *c, long status, struct err *e)
{
	int64_t offset = c->sink->offset(c->sink);
	const char *range = http_header(c->transfer, "content-range", 0);
	long long from;

	c->started = true;
	if (status == 200)
		return offset > 0 || c->manifest ? c->sink->restart(c->sink, e) : 0;
	if (offset == 0)
		return err_set(e, ERR_CONTENT, "%s: part of a blob, which was not asked for", host_of(c));
	if (!range || sscanf(range, "bytes %lld-", &from) != 1 || from != offset)
		return err_set(e, ERR_CONTENT, "%s: a part of the blob that was not asked for (%.60s)", host_of(c),
			       range ? range : "no Content-Range");
	return 0;
}

static int take_data(void *ctx, long status, const void *data, size_t n, struct err *e)
{
	struct call *c = ctx;

	if (status != 200 && status != 206)
		return take_error(c, data, n, e);
	if (!c->started && begin_body(c, status, e) == -1)
		return -1;
	return c->sink->data(c->sink, data, n, e);
}

static bool asks_origin(const struct call *c)
{
	struct http_origin asked, own;
	struct err ignored = ERR_INIT;

	return http_origin(buf_text(&c->url), &asked, &ignored) == 0 &&
	       http_origin(c->endpoints[c->endpoint].base, &own, &ignored) == 0 && http_same_origin(&asked, &own);
}

static int send(struct call *c, struct err *e)
{
	cleanup_buf struct buf authorization = BUF_INIT, range = BUF_INIT;
	const char *headers[4];
	struct http_request q = { .method = "GET", .url = buf_text(&c->url), .headers = headers, .data = take_data, .ctx = c };
	size_t n = 0;

	if (c->manifest)
		headers[n++] = ACCEPT_MANIFESTS;
	if (c->authorization.len && asks_origin(c)) {
		buf_addf(&authorization, "Authorization: %s", buf_text(&c->authorization));
		headers[n++] = buf_text(&authorization);
	}
	if (c->sink->offset(c->sink) > 0) {
		buf_addf(&range, "Range: bytes=%lld-", (long long)c->sink->offset(c->sink));
		headers[n++] = buf_text(&range);
	}
	headers[n] = NULL;
	buf_reset(&c->error_text);
	c->started = false;
	c->waiting = false;
	if (buf_check(&authorization, e) == -1 || buf_check(&range, e) == -1)
		return -1;
	c->transfer = http_start(c->r->http, &q, e);
	return c->transfer ? 0 : -1;
}

/* Asks the endpoint at hand from the beginning. */
static int send_first(struct call *c, struct err *e)
{
	const struct endpoint *p = &c->endpoints[c->endpoint];

	buf_reset(&c->url);
	buf_addf(&c->url, "%s/v2/%s/%s%s%s", p->base, c->repository, c->path, p->mirror ? "?ns=" : "",
		 p->mirror ? c->registry : "");
	c->redirects = 0;
	return buf_check(&c->url, e) == -1 ? -1 : send(c, e);
}

/* --- answers --- */

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
		return err_set(e, ERR_DENIED, "%s: %s%s", host_of(c), status == 401 ? "not authorised" : "forbidden", text);
	case 404: return err_set(e, ERR_NOT_FOUND, "%s: not found%s", host_of(c), text);
	case 429: return err_set(e, ERR_IO, "%s: too many requests%s", host_of(c), text);
	default: return err_set(e, ERR_IO, "%s: status %ld%s", host_of(c), status, text);
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

	if (++c->credentials > CREDENTIAL_TRIES || !asks_origin(c))
		return 0;
	for (size_t i = 0; (header = http_header(c->transfer, "www-authenticate", i)); i++) {
		struct challenge one;
		if (challenge_parse(&one, header, e) == -1)
			return err_context(e, "%s", host_of(c));
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
		return err_set(e, ERR_CONTENT, "%s: a redirect to nowhere", host_of(c));
	if (++c->redirects > REGISTRY_REDIRECTS_MAX)
		return err_set(e, ERR_CONTENT, "%s: more than %d redirects", host_of(c), REGISTRY_REDIRECTS_MAX);
	if (http_resolve(buf_text(&c->url), location, &target, e) == -1 ||
	    http_origin(buf_text(&c->url), &from, e) == -1 || http_origin(buf_text(&target), &to, e) == -1)
		return err_context(e, "%s", host_of(c));
	if (strcmp(from.scheme, "https") == 0 && strcmp(to.scheme, "http") == 0)
		return err_set(e, ERR_CONTENT, "%s: a redirect from https to http (%s)", host_of(c), to.host);
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	buf_reset(&c->url);
	buf_adds(&c->url, buf_text(&target));
	return buf_check(&c->url, e) == -1 ? -1 : send(c, e);
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
		c->not_before = monotonic() + delay(c);
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
	return send_first(c, e);
}

static int fall_back(struct call *c, struct err *e)
{
	struct endpoint *p = &c->endpoints[c->endpoint];

	p->may_fall_back = false;
	remember_plain(c->r, host_of(c));
	memmove(p->base + 4, p->base + 5, strlen(p->base + 5) + 1); /* https: → http: */
	http_transfer_free(c->transfer);
	c->transfer = NULL;
	return send_first(c, e);
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
	return err_set(e, ERR_IO, "%s: %lld of %lld bytes came", host_of(c), (long long)have, (long long)c->size);
}

/* An answer is there. 1 when the call is over, 0 when it goes on, -1 when it has failed. */
static int proceed(struct call *c, struct err *e)
{
	struct err why = ERR_INIT;
	bool tls_refused;
	long status = 0;
	int got;

	if (http_result(c->transfer, &status, &tls_refused, &why) == -1) {
		if (tls_refused && c->endpoints[c->endpoint].may_fall_back)
			return fall_back(c, e);
		return try_on(c, &why, status >= 400 ? status : 0, e);
	}
	if (status == 200 || (status == 206 && c->started)) {
		if (!c->started && begin_body(c, status, &why) == -1) /* an empty body */
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
		return send_first(c, e);
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
	else if (add_endpoints(c, e) == 0 && (size >= 0 && sink->offset(sink) == size ? 0 : send_first(c, e)) == 0) {
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
	int status = proceed(c, &c->err);

	if (status == -1 && c->err.kind == ERR_NONE)
		err_set(&c->err, ERR_IO, "%s: failed", host_of(c));
	if (status != 0)
		finish(r, c);
}

/* Starts the calls whose waiting is over. Returns milliseconds until the next one's. */
static int wake(struct registry *r)
{
	time_t now = monotonic(), first = now + 3600;
	struct call *next;

	for (struct call *c = r->calls; c; c = next) {
		next = c->next;
		if (!c->waiting)
			continue;
		if (c->not_before > now) {
			first = c->not_before < first ? c->not_before : first;
			continue;
		}
		if (send_first(c, &c->err) == -1)
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
