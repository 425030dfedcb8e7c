#include "token.h"

#include "io.h"
#include "json.h"

#include <string.h>
#include <strings.h>
#include <time.h>

struct token {
	struct token *next;
	char *realm, *service, *scope; /* what it was asked for with */
	char *text;
	time_t until; /* CLOCK_MONOTONIC seconds */
};

static void token_free(struct token *t)
{
	if (t->text)
		explicit_bzero(t->text, strlen(t->text));
	free(t->text);
	free(t->realm);
	free(t->service);
	free(t->scope);
	free(t);
}

void token_free_all(struct token *t)
{
	while (t) {
		struct token *next = t->next;
		token_free(t);
		t = next;
	}
}

static time_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool serves(const struct token *t, const struct challenge *c)
{
	return strcmp(t->realm, c->realm) == 0 && strcmp(t->service, c->service) == 0 && strcmp(t->scope, c->scope) == 0;
}

/* The cached token; what is expired or to be renewed is dropped. */
static const struct token *cached(struct token **cache, const struct challenge *c, bool fresh)
{
	while (*cache) {
		struct token *t = *cache;

		if (serves(t, c) && !fresh && t->until > monotonic())
			return t;
		if (serves(t, c)) {
			*cache = t->next;
			token_free(t);
			continue;
		}
		cache = &t->next;
	}
	return NULL;
}

/* --- who may be asked, and told --- */

/* A registry that is asked by plain http and is not on loopback is so because the user wants it: then its realm may be, too. */
static int check_realm(const char *realm, const struct http_origin *origin, struct http_origin *out, struct err *e)
{
	if (http_origin(realm, out, e) == -1 || http_may_lead(origin, out, !http_is_loopback(origin->host), e) == -1)
		return err_context(e, "%s: the realm of its challenge", origin->host);
	return 0;
}

/* --- asking --- */

static int take_answer(void *ctx, long status, const void *data, size_t n, struct err *e)
{
	struct buf *body = ctx;

	(void)status;
	if (body->len + n > TOKEN_ANSWER_MAX)
		return err_set(e, ERR_CONTENT, "the token server's answer is longer than %u bytes", TOKEN_ANSWER_MAX);
	buf_add(body, data, n);
	return buf_check(body, e);
}

static void add_parameter(struct buf *out, char before, const char *name, const char *value)
{
	if (!*value)
		return;
	buf_addf(out, "%c%s=", before, name);
	http_escape(value, out);
}

static void get_url(const struct challenge *c, struct buf *url)
{
	buf_adds(url, c->realm);
	add_parameter(url, strchr(c->realm, '?') ? '&' : '?', "service", c->service);
	add_parameter(url, strchr(buf_text(url), '?') ? '&' : '?', "scope", c->scope);
}

static void post_form(const struct challenge *c, const char *identity_token, struct buf *form)
{
	buf_adds(form, "grant_type=refresh_token&client_id=container");
	add_parameter(form, '&', "service", c->service);
	add_parameter(form, '&', "scope", c->scope);
	add_parameter(form, '&', "refresh_token", identity_token);
}

/* One request to the token server; the answer's body into `body`, its status returned, -1 with the error set. */
static long ask(struct http *h, const char *url, const char *authorization, const char *form, struct buf *body,
		struct err *e)
{
	const char *headers[] = { authorization, NULL };
	struct http_request q = { .method = form ? "POST" : "GET", .url = url, .headers = authorization ? headers : NULL,
				  .body = form, .data = take_answer, .ctx = body };
	struct http_transfer *t = http_perform(h, &q, e);
	enum http_fault fault;
	long status = -1;

	if (!t)
		return -1;
	if (http_result(t, &status, &fault, e) == -1)
		status = -1;
	http_transfer_free(t);
	return status;
}

static long ask_by_get(struct http *h, const struct challenge *c, const struct credentials *who, struct buf *body,
		       struct err *e)
{
	cleanup_buf struct buf url = BUF_INIT, header = BUF_INIT;

	get_url(c, &url);
	if (who && who->user) {
		buf_adds(&header, "Authorization: ");
		auth_basic(who, &header);
	}
	if (buf_check(&url, e) == -1 || buf_check(&header, e) == -1)
		return -1;
	return ask(h, buf_text(&url), header.len ? buf_text(&header) : NULL, NULL, body, e);
}

static long ask_server(struct http *h, const struct challenge *c, const struct credentials *who, struct buf *body,
		       struct err *e)
{
	cleanup_buf struct buf form = BUF_INIT;
	long status;

	if (!who || !who->identity_token)
		return ask_by_get(h, c, who, body, e);
	post_form(c, who->identity_token, &form);
	if (buf_check(&form, e) == -1)
		return -1;
	status = ask(h, c->realm, NULL, buf_text(&form), body, e);
	if (status != 404)
		return status;
	buf_reset(body); /* a server that knows only the older way */
	return ask_by_get(h, c, NULL, body, e);
}

/* --- the answer --- */

static bool is_header_text(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

static int read_answer(const struct buf *body, struct token *t, struct err *e)
{
	cleanup_json struct json *doc = json_parse(buf_text(body), body->len, e);
	struct json_value root, text;
	int64_t seconds = TOKEN_SECONDS;
	struct err ignored = ERR_INIT;

	if (!doc)
		return -1;
	root = json_root(doc);
	text = json_member(root, "token");
	if (json_type(text) != JSON_STRING || json_equals(text, ""))
		text = json_member(root, "access_token");
	if (!(t->text = json_string(text, e)))
		return -1;
	if (!*t->text || !is_header_text(t->text))
		return err_set(e, ERR_CONTENT, "the token server's token is not one");
	if (json_int64(json_member(root, "expires_in"), &seconds, &ignored) == -1 || seconds < TOKEN_SECONDS)
		seconds = TOKEN_SECONDS; /* the specification's minimum, for the sake of old clients */
	t->until = monotonic() + (time_t)(seconds > 86400 ? 86400 : seconds);
	return 0;
}

static int remember(struct token **cache, const struct challenge *c, const struct buf *body, struct err *e)
{
	struct token *t = calloc(1, sizeof *t);

	if (!t)
		return err_nomem(e);
	t->realm = strdup(c->realm);
	t->service = strdup(c->service);
	t->scope = strdup(c->scope);
	if (!t->realm || !t->service || !t->scope)
		err_nomem(e);
	else if (read_answer(body, t, e) == 0) {
		t->next = *cache;
		*cache = t;
		return 0;
	}
	token_free(t);
	return -1;
}

int token_get(struct token **cache, struct http *h, const struct http_origin *origin, const struct challenge *c,
	      const struct credentials *credentials, bool fresh, struct buf *out, struct err *e)
{
	const struct token *t = cached(cache, c, fresh);
	cleanup_buf struct buf body = BUF_INIT;
	struct http_origin realm;
	long status;

	if (!t) {
		if (check_realm(c->realm, origin, &realm, e) == -1)
			return -1;
		if (credentials && !http_same_site(origin, &realm))
			credentials = NULL;
		status = ask_server(h, c, credentials, &body, e);
		if (status == -1)
			return err_context(e, "token server %s", realm.host);
		if (status == 401 || status == 403)
			return err_set(e, ERR_DENIED, "token server %s: %s", realm.host,
				       credentials ? "the credentials are not accepted" : "credentials are needed");
		if (status != 200)
			return err_set(e, ERR_IO, "token server %s: status %ld", realm.host, status);
		if (remember(cache, c, &body, e) == -1)
			return err_context(e, "token server %s", realm.host);
		if (body.data)
			explicit_bzero(body.data, body.len);
		t = *cache;
	}
	buf_addf(out, "Bearer %s", t->text);
	return buf_check(out, e);
}
