#include "token.h"

#include "io.h"
#include "json.h"
#include "words.h"

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

static bool is_refused(const struct token *t, const char *refused)
{
	return strncmp(refused, "Bearer ", 7) == 0 && strcmp(refused + 7, t->text) == 0;
}

/* The cached token; what is expired or refused is dropped. */
static const struct token *cached(struct token **cache, const struct token_request *q)
{
	while (*cache) {
		struct token *t = *cache;

		if (!serves(t, q->challenge)) {
			cache = &t->next;
			continue;
		}
		if (t->until > monotonic() && !is_refused(t, q->refused))
			return t;
		*cache = t->next;
		token_free(t);
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

/* By GET each scope is a parameter; a form has them in one. */
static void get_url(const struct challenge *c, struct buf *url)
{
	cleanup_free char *scopes = strdup(c->scope);
	char *rest, *scope;

	buf_adds(url, c->realm);
	add_parameter(url, strchr(c->realm, '?') ? '&' : '?', "service", c->service);
	for (scope = strtok_r(scopes, " ", &rest); scope; scope = strtok_r(NULL, " ", &rest))
		add_parameter(url, strchr(buf_text(url), '?') ? '&' : '?', "scope", scope);
}

static void post_form(const struct challenge *c, const char *identity_token, struct buf *form)
{
	buf_adds(form, "grant_type=refresh_token&client_id=container");
	add_parameter(form, '&', "service", c->service);
	add_parameter(form, '&', "scope", c->scope);
	add_parameter(form, '&', "refresh_token", identity_token);
}

/* A request to the token server on its way, and what came of it. */
struct asking {
	struct http *http;
	const struct challenge *challenge;
	struct buf body;
	bool passing;
};

/* One request; its status, or -1 with the error set. */
static long ask(struct asking *a, const char *url, const char *authorization, const char *form, struct err *e)
{
	const char *headers[] = { authorization, NULL };
	struct http_request q = { .method = form ? "POST" : "GET", .url = url, .headers = authorization ? headers : NULL,
				  .body = form, .data = take_answer, .ctx = &a->body };
	struct http_transfer *t;
	enum http_fault fault;
	long status = -1;

	buf_reset(&a->body);
	t = http_perform(a->http, &q, e);
	if (!t)
		return -1;
	if (http_result(t, &status, &fault, e) == -1)
		status = -1;
	a->passing = fault == HTTP_CUT_OFF || status == 429 || status == 500 || (status >= 502 && status <= 504);
	http_transfer_free(t);
	return status;
}

static long ask_by_get(struct asking *a, const struct credentials *who, struct err *e)
{
	cleanup_buf struct buf url = BUF_INIT, header = BUF_INIT;
	long status = -1;

	get_url(a->challenge, &url);
	if (who && who->user) {
		buf_adds(&header, "Authorization: ");
		auth_basic(who, &header);
	}
	if (buf_check(&url, e) == 0 && buf_check(&header, e) == 0)
		status = ask(a, buf_text(&url), header.len ? buf_text(&header) : NULL, NULL, e);
	if (header.data)
		explicit_bzero(header.data, header.len);
	return status;
}

static long ask_server(struct asking *a, const struct credentials *who, struct err *e)
{
	cleanup_buf struct buf form = BUF_INIT;
	long status = -1;

	if (!who || !who->identity_token)
		return ask_by_get(a, who, e);
	post_form(a->challenge, who->identity_token, &form);
	if (buf_check(&form, e) == 0)
		status = ask(a, a->challenge->realm, NULL, buf_text(&form), e);
	if (form.data)
		explicit_bzero(form.data, form.len);
	return status == 404 || status == 405 ? ask_by_get(a, NULL, e) : status; /* it knows only the older way */
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

static int refuse(const struct asking *a, long status, const struct credentials *who, struct err *e)
{
	cleanup_buf struct buf words = BUF_INIT, said = BUF_INIT;
	const char *secret = who ? who->identity_token ? who->identity_token : who->password : NULL;

	words_of_server(&a->body, secret ? secret : "", &words);
	if (words.len)
		buf_addf(&said, " (it said: %s)", buf_text(&words));
	if (status == 401 || status == 403)
		return err_set(e, ERR_DENIED, "%s%s",
			       who ? "the credentials are not accepted" : "credentials are needed", buf_text(&said));
	return err_set(e, ERR_IO, "status %ld%s", status, buf_text(&said));
}

/* Asks for a new one, which is the first of *cache then. */
static int get_new(struct token **cache, struct asking *a, const struct credentials *who, struct err *e)
{
	long status = ask_server(a, who, e);

	if (status == -1)
		return -1;
	return status == 200 ? remember(cache, a->challenge, &a->body, e) : refuse(a, status, who, e);
}

int token_get(struct token **cache, struct http *h, const struct token_request *q, struct buf *out, bool *passing,
	      struct err *e)
{
	const struct token *t = cached(cache, q);
	struct asking a = { h, q->challenge, BUF_INIT, false };
	struct http_origin realm;
	int status;

	if (!t) {
		if (check_realm(q->challenge->realm, &q->registry, &realm, e) == -1)
			return -1;
		status = get_new(cache, &a, http_same_site(&q->registry, &realm) ? q->credentials : NULL, e);
		if (a.body.data)
			explicit_bzero(a.body.data, a.body.len);
		buf_clear(&a.body);
		*passing = a.passing;
		if (status == -1)
			return err_context(e, "token server %s", realm.host);
		t = *cache;
	}
	buf_addf(out, "Bearer %s", t->text);
	return buf_check(out, e);
}
