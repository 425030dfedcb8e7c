#include "token.h"

#include "io.h"
#include "json.h"
#include "words.h"

#include <string.h>

/* --- who may be asked, and told --- */

/*
 * A registry that is asked by plain http and is not on loopback is so because the user wants it: then its realm may be,
 * too.
 */
static int check_realm(const char *realm, const struct http_origin *origin, struct http_origin *out, struct err *e)
{
	if (strchr(realm, '#'))
		return err_set(e, ERR_CONTENT, "%s: the realm of its challenge has a fragment", origin->host);
	if (http_origin(realm, out, e) == -1 || http_may_lead(origin, out, !http_is_loopback(origin->host), e) == -1)
		return err_context(e, "%s: the realm of its challenge", origin->host);
	return 0;
}

/* --- asking --- */

static int too_long(struct err *e)
{
	return err_set(e, ERR_CONTENT, "the answer is longer than %u bytes", TOKEN_ANSWER_MAX);
}

static int begin_answer(void *ctx, const struct http_transfer *t, long status, struct err *e)
{
	int64_t length;

	(void)ctx;
	(void)status;
	if (http_length(t, &length, e) == -1)
		return -1;
	return length > TOKEN_ANSWER_MAX ? too_long(e) : 0;
}

static int take_answer(void *ctx, long status, const void *data, size_t n, struct err *e)
{
	struct buf *body = ctx;

	(void)status;
	if (body->len + n > TOKEN_ANSWER_MAX)
		return too_long(e);
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
	char *rest = NULL, *scope;

	if (!scopes) {
		url->failed = true;
		return;
	}
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
	struct token_fault fault;
};

/* One request; its status, or -1 with the error set. */
static long ask(struct asking *a, const char *url, const char *authorization, const char *form, struct err *e)
{
	const char *headers[] = { authorization, NULL };
	struct http_request q = { .method = form ? "POST" : "GET", .url = url, .headers = authorization ? headers : NULL,
				  .body = form, .begin = begin_answer, .data = take_answer, .ctx = &a->body };
	struct http_transfer *t;
	enum http_fault fault;
	const char *asked;
	long status = -1;

	buf_reset(&a->body);
	t = http_perform(a->http, &q, e);
	if (!t)
		return -1;
	if (http_result(t, &status, &fault, e) == -1)
		status = -1;
	a->fault.passing = fault == HTTP_CUT_OFF || fault == HTTP_OUT_OF_REACH || status == 429 || status == 500 ||
			   (status >= 502 && status <= 504);
	if ((asked = http_header(t, "retry-after", 0)))
		a->fault.retry_after = http_retry_after(asked);
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
	buf_wipe(&header);
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
	buf_wipe(&form);
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

/* Appends "Bearer <token>". How long it serves does not matter: when it no longer does, the registry says so. */
static int read_answer(const struct buf *body, struct buf *out, struct err *e)
{
	cleanup_json struct json *doc = json_parse(buf_text(body), body->len, e);
	struct json_value text;
	char *token;

	if (!doc)
		return -1;
	text = json_member(json_root(doc), "token");
	if (json_type(text) != JSON_STRING || json_equals(text, ""))
		text = json_member(json_root(doc), "access_token");
	if (!(token = json_string(text, e)))
		return -1;
	if (*token && is_header_text(token))
		buf_addf(out, "Bearer %s", token);
	else
		err_set(e, ERR_CONTENT, "the token server's token is not one");
	explicit_bzero(token, strlen(token));
	free(token);
	return out->len ? buf_check(out, e) : -1;
}

/* Appends what the server says, without what it was sent. */
static void add_words(const struct asking *a, const struct credentials *who, struct buf *out)
{
	cleanup_buf struct buf words = BUF_INIT, sent = BUF_INIT;

	words_of_server(&a->body, &words);
	if (who && who->identity_token)
		buf_addf(&sent, "Bearer %s", who->identity_token);
	else if (who && who->user)
		auth_basic(who, &sent);
	auth_strike_out(buf_text(&sent), &words);
	if (words.len)
		buf_addf(out, " (it said: %s)", buf_text(&words));
	buf_wipe(&sent);
}

static int refuse(const struct asking *a, long status, const struct credentials *who, struct err *e)
{
	cleanup_buf struct buf said = BUF_INIT;

	add_words(a, who, &said);
	if (status == 401 || status == 403)
		return err_set(e, ERR_DENIED, "%s%s",
			       who ? "the credentials are not accepted" : "credentials are needed", buf_text(&said));
	return err_set(e, ERR_IO, "status %ld%s", status, buf_text(&said));
}

int token_get(struct http *h, const struct token_request *q, struct buf *out, struct token_fault *fault, struct err *e)
{
	struct asking a = { h, q->challenge, BUF_INIT, { false, -1, false } };
	const struct credentials *who = q->credentials;
	struct http_origin realm;
	long status;

	*fault = a.fault;
	if (check_realm(q->challenge->realm, &q->registry, &realm, e) == -1)
		return -1;
	if (!http_same_site(&q->registry, &realm)) {
		a.fault.withheld = who != NULL;
		who = NULL;
	}
	status = ask_server(&a, who, e);
	if (status != -1)
		status = status == 200 ? read_answer(&a.body, out, e) : refuse(&a, status, who, e);
	buf_wipe(&a.body);
	buf_clear(&a.body);
	*fault = a.fault;
	return status == -1 ? err_context(e, "token server %s", realm.host) : 0;
}
