#include "registry_call.h"

#include "auth.h"
#include "challenge.h"
#include "io.h"

#include <string.h>

#define LOGIN_TEXT_MAX 16384 /* bytes of an error's body that are kept */

/* An answer of /v2/. */
struct answer {
	struct http_transfer *transfer;
	struct buf body;
	enum http_fault fault;
	long status;
};

static int take_body(void *ctx, long status, const void *data, size_t n, struct err *e)
{
	struct buf *body = ctx;
	size_t room = LOGIN_TEXT_MAX - body->len;

	(void)status;
	buf_add(body, data, n < room ? n : room);
	return buf_check(body, e);
}

static void answer_clear(struct answer *a)
{
	http_transfer_free(a->transfer);
	buf_clear(&a->body);
	*a = (struct answer){ 0 };
}

static int ask(struct registry *r, const char *base, const char *authorization, struct answer *a, struct err *e)
{
	cleanup_buf struct buf url = BUF_INIT, header = BUF_INIT;
	const char *headers[] = { NULL, NULL };
	struct http_request q = { .method = "GET", .headers = headers, .data = take_body, .ctx = &a->body };

	answer_clear(a);
	buf_addf(&url, "%s/v2/", base);
	if (*authorization) {
		buf_addf(&header, "Authorization: %s", authorization);
		headers[0] = buf_text(&header);
	}
	q.url = buf_text(&url);
	if (buf_check(&url, e) == 0 && buf_check(&header, e) == 0)
		a->transfer = http_perform(r->http, &q, e);
	if (header.data)
		explicit_bzero(header.data, header.len);
	return a->transfer ? http_result(a->transfer, &a->status, &a->fault, e) : -1;
}

/* By plain http where that is wanted, or first tried, as it is on loopback (registry_endpoint.c). */
static int ask_first(struct registry *r, const char *host, struct buf *base, struct answer *a, struct err *e)
{
	const struct registry_policy *p = r->policy;
	bool local = http_is_loopback(host) && !p->http.cacert && !p->plain_http;
	struct err why = ERR_INIT;
	int status;

	buf_addf(base, "%s%s", p->plain_http || local ? "http://" : "https://", host);
	status = buf_check(base, e) == -1 ? -1 : ask(r, buf_text(base), "", a, &why);
	if (local && (status == -1 ? a->fault == HTTP_NO_HTTP : a->status == 400 && strstr(buf_text(&a->body), "HTTPS"))) {
		buf_reset(base);
		buf_addf(base, "https://%s", host);
		return buf_check(base, e) == -1 ? -1 : ask(r, buf_text(base), "", a, e);
	}
	if (status == -1 && why.kind != ERR_NONE)
		*e = why;
	return status;
}

/* The Authorization that the challenge asks for. ERR_DENIED where there is none that we know. */
static int authorise(struct registry *r, const char *base, const struct answer *a, const struct credentials *who,
		     struct buf *out, struct err *e)
{
	struct challenge challenge = { CHALLENGE_NONE, "", "", "" }, one;
	struct http_origin origin, realm;
	const char *header;

	for (size_t i = 0; (header = http_header(a->transfer, "www-authenticate", i)); i++) {
		if (challenge_parse(&one, header, e) == -1)
			return -1;
		if (one.scheme > challenge.scheme)
			challenge = one;
	}
	if (challenge.scheme == CHALLENGE_NONE)
		return err_set(e, ERR_DENIED, "it asks for no password that could be given");
	if (challenge.scheme == CHALLENGE_BASIC) {
		auth_basic(who, out);
		return buf_check(out, e);
	}
	if (http_origin(base, &origin, e) == -1 || http_origin(challenge.realm, &realm, e) == -1)
		return -1;
	if (!http_same_site(&origin, &realm))
		return err_set(e, ERR_DENIED, "its token server %s is of another site, where no password goes", realm.host);
	return token_get(&r->tokens, r->http, &origin, &challenge, who, true, out, e);
}

static int judge(const struct answer *a, const char *authorization, struct err *e)
{
	cleanup_buf struct buf words = BUF_INIT;

	if (a->status == 200)
		return 0;
	registry_words(&a->body, authorization, &words);
	if (a->status == 401 || a->status == 403)
		return err_set(e, ERR_DENIED, "user and password are not accepted%s", buf_text(&words));
	return err_set(e, ERR_IO, "status %ld%s", a->status, buf_text(&words));
}

int registry_login(struct registry *r, const char *registry, const struct credentials *who, struct err *e)
{
	const char *host = strcmp(registry, "docker.io") == 0 ? "registry-1.docker.io" : registry;
	cleanup_buf struct buf base = BUF_INIT, authorization = BUF_INIT;
	struct answer a = { 0 };
	int status = ask_first(r, host, &base, &a, e);

	if (status == 0 && a.status == 401) {
		status = authorise(r, buf_text(&base), &a, who, &authorization, e);
		if (status == 0)
			status = ask(r, buf_text(&base), buf_text(&authorization), &a, e);
	}
	if (status == 0)
		status = judge(&a, buf_text(&authorization), e);
	answer_clear(&a);
	if (authorization.data)
		explicit_bzero(authorization.data, authorization.len);
	return status == -1 && !strstr(e->text, host) ? err_context(e, "%s", host) : status;
}
