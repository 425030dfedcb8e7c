/*
 * Z6: what is read of words, ours and others': references, digests, media types, platforms, challenges, times to
 * wait, URLs, the headers of an answer, records, and what servers say. Content-Range is read where its answer is, and
 * has no function.
 */
#include "fuzz.h"

#include "challenge.h"
#include "http.h"
#include "http_answer.h"
#include "oci.h"
#include "record.h"
#include "ref.h"
#include "words.h"

#include <ctype.h>

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* --- references --- */

static void check_same_ref(const struct ref *r, const char *text)
{
	cleanup_ref struct ref again = REF_INIT;
	struct err e = ERR_INIT;

	MUST(ref_parse(&again, text, &e) == 0);
	MUST(strcmp(r->registry, again.registry) == 0 && strcmp(r->repository, again.repository) == 0);
	MUST(!r->tag == !again.tag && (!r->tag || strcmp(r->tag, again.tag) == 0));
	MUST(r->has_digest == again.has_digest && (!r->has_digest || digest_equal(&r->digest, &again.digest)));
}

static void check_ref(const char *text)
{
	cleanup_ref struct ref r = REF_INIT;
	cleanup_buf struct buf full = BUF_INIT, familiar = BUF_INIT, source = BUF_INIT;
	struct err e = ERR_INIT;

	if (ref_parse(&r, text, &e) == -1) {
		MUST(e.kind == ERR_USAGE);
		return;
	}
	MUST(e.kind == ERR_NONE && r.registry && r.repository && (r.tag || r.has_digest));
	MUST(strlen(r.registry) + strlen(r.repository) <= REF_REPOSITORY_MAX + sizeof "docker.io/library/");
	MUST(!r.tag || (strlen(r.tag) <= REF_TAG_MAX && !strchr(r.tag, '/')));
	MUST(strspn(r.repository, "abcdefghijklmnopqrstuvwxyz0123456789._-/") == strlen(r.repository));
	MUST(!strstr(r.repository, "..") && !strstr(r.repository, "//") && *r.repository != '/');
	MUST(!strpbrk(r.registry, "/@?#% \\"));
	ref_full(&r, &full);
	ref_familiar(&r, &familiar);
	ref_source(&r, &source);
	check_same_ref(&r, buf_text(&full));
	check_same_ref(&r, buf_text(&familiar));
	MUST(familiar.len <= full.len && source.len < full.len);
}

/* --- digests, media types, platforms, records --- */

static void check_digest(const char *text, size_t len)
{
	struct digest d;
	struct err e = ERR_INIT;
	char spelt[DIGEST_TEXT];
	bool good = len == DIGEST_TEXT - 1 && memcmp(text, "sha256:", 7) == 0 && strspn(text + 7, "0123456789abcdef") == 64;
	int r = digest_parse(&d, text, len, &e);

	MUST(fuzz_result(r, &e, ERR_CONTENT) && (r == 0) == good);
	if (r == -1)
		return;
	digest_format(&d, spelt);
	MUST(strcmp(spelt, text) == 0);
}

static void check_media_type(const char *text)
{
	cleanup_buf struct buf b = BUF_INIT;
	enum oci_kind kind = oci_kind(text);

	buf_addf(&b, "%s;charset=utf-8", text);
	MUST(oci_kind(buf_text(&b)) == kind);
}

static bool same_platform(const struct platform *a, const struct platform *b)
{
	return strcmp(a->os, b->os) == 0 && strcmp(a->arch, b->arch) == 0 && strcmp(a->variant, b->variant) == 0;
}

static void check_platform(const char *text)
{
	struct platform p, again;
	struct err e = ERR_INIT;
	char spelt[PLATFORM_TEXT];
	int r = platform_parse(&p, text, &e);

	MUST(fuzz_result(r, &e, ERR_USAGE));
	if (r == -1)
		return;
	platform_format(&p, spelt);
	MUST(platform_parse(&again, spelt, &e) == 0 && same_platform(&p, &again));
	MUST(platform_match(&p, &p) > 0);
}

static void check_record(const char *line, size_t len)
{
	struct record r, again;
	struct err e = ERR_INIT;
	char text[RECORD_LINE_MAX];
	int got = record_parse(&r, line, len, &e), n;

	MUST(fuzz_result(got, &e, ERR_CONTENT));
	if (got == -1)
		return;
	n = snprintf(text, sizeof text, "%s\t%lld\t%s\t%s", digest_str(&r.digest).text, (long long)r.size, r.media_type, r.source);
	MUST(record_parse(&again, text, (size_t)n, &e) == 0);
	MUST(again.size == r.size && strcmp(again.media_type, r.media_type) == 0 && strcmp(again.source, r.source) == 0);
}

/* --- answers --- */

static void check_challenge(const char *text)
{
	struct challenge c, none = { 0 };
	struct err e = ERR_INIT;
	int r = challenge_parse(&c, text, &e);

	MUST(fuzz_result(r, &e, ERR_CONTENT));
	if (r == -1)
		return;
	MUST(memchr(c.realm, '\0', sizeof c.realm) && memchr(c.service, '\0', sizeof c.service) &&
	     memchr(c.scope, '\0', sizeof c.scope));
	MUST(strlen(c.realm) + strlen(c.service) + strlen(c.scope) <= strlen(text));
	MUST(challenge_is_better(&c, &none) == (c.scheme != CHALLENGE_NONE) && !challenge_is_better(&c, &c));
}

static void check_retry_after(const char *text)
{
	int64_t seconds = http_retry_after(text);

	MUST(seconds >= -1);
	if (*text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19)
		MUST(seconds == strtoll(text, NULL, 10));
}

static void check_answer(struct input *in)
{
	struct http_answer a = { 0 };
	struct err e = ERR_INIT;
	const char *value;
	int64_t length;

	while (in->left) {
		size_t n;
		char *line = input_until(in, '\n', &n);
		int r = http_answer_add(&a, line, n, &e);

		free(line);
		MUST(fuzz_result(r, &e, ERR_CONTENT));
		if (r == -1)
			break;
	}
	MUST(a.bytes <= HTTP_HEADERS_MAX + in->left + 65536);
	for (size_t i = 0; (value = http_answer_header(&a, "location", i)); i++)
		MUST(i < 1000 && strlen(value) < a.lines.len);
	e = (struct err)ERR_INIT;
	if (http_answer_length(&a, &length, &e) == 0)
		MUST(length >= -1 && e.kind == ERR_NONE);
	else
		MUST(e.kind == ERR_CONTENT);
	buf_clear(&a.lines);
}

/* --- URLs --- */

static void check_origin(const struct http_origin *o)
{
	MUST(strcmp(o->scheme, "http") == 0 || strcmp(o->scheme, "https") == 0);
	MUST(*o->host && *o->port && strspn(o->port, "0123456789") == strlen(o->port));
	MUST(printable(o->host) && !strpbrk(o->host, "/?#@ \\"));
	for (const char *p = o->host; *p; p++)
		MUST(!isupper((unsigned char)*p));
}

/* A name that is not this machine's, and no address. */
static bool is_elsewhere(const char *host)
{
	size_t n = strlen(host);

	return *host != '[' && strpbrk(host, "ghijklmnopqrstuvwyz") && (n < 9 || strcmp(host + n - 9, "localhost") != 0);
}

/* Where one may lead, and whose secrets go where, never reaches further than it must. */
static void check_pair(const struct http_origin *a, const struct http_origin *b)
{
	struct err e = ERR_INIT;
	bool led = http_may_lead(a, b, false, &e) == 0;

	MUST(led == (e.kind == ERR_NONE));
	MUST(!led || strcmp(a->scheme, "https") != 0 || strcmp(b->scheme, "https") == 0);
	MUST(!led || strcmp(b->scheme, "https") == 0 || http_is_loopback(b->host));
	MUST(!led || !is_elsewhere(a->host) || !http_is_loopback(b->host));
	MUST(http_same_origin(a, b) == http_same_origin(b, a) && http_same_origin(a, a));
	MUST(!http_same_origin(a, b) || http_same_site(a, b));
	MUST(http_same_origin(a, b) || !http_same_site(a, b) ||
	     (strcmp(a->scheme, "https") == 0 && strcmp(b->scheme, "https") == 0));
}

static void check_urls(struct input *in)
{
	char *base = input_until(in, '\n', NULL), *location = input_until(in, '\n', NULL);
	struct http_origin from, to;
	cleanup_buf struct buf url = BUF_INIT;
	struct err e = ERR_INIT;

	if (http_origin(base, &from, &e) == 0) {
		check_origin(&from);
		if (http_resolve(base, location, &url, &e) == 0) {
			MUST(printable(buf_text(&url)) && !strchr(buf_text(&url), '#') && !strchr(buf_text(&url), ' '));
			MUST(http_origin(buf_text(&url), &to, &e) == 0);
			check_origin(&to);
			check_pair(&from, &to);
		} else {
			MUST(e.kind == ERR_CONTENT && url.len == 0);
		}
	} else {
		MUST(e.kind == ERR_CONTENT);
	}
	free(base);
	free(location);
}

static void check_escape(const char *text)
{
	cleanup_buf struct buf b = BUF_INIT;
	const char *p;

	http_escape(text, &b);
	for (p = buf_text(&b); *p; text++) {
		char hex[3] = "";

		if (*p != '%') {
			MUST(*p == *text && (isalnum((unsigned char)*p) || strchr("-._~", *p)));
			p++;
			continue;
		}
		MUST(isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]));
		memcpy(hex, p + 1, 2);
		MUST((unsigned char)*text == strtoul(hex, NULL, 16));
		p += 3;
	}
	MUST(*text == '\0');
}

/* A server's words are shown to people, who have seen enough after some; cli shows no control character as it is. */
static void check_words(const struct input *in)
{
	cleanup_buf struct buf body = BUF_INIT, out = BUF_INIT;

	buf_add(&body, in->p, in->left);
	words_of_server(&body, &out);
	MUST(strlen(buf_text(&out)) == out.len && out.len < 400);
}

static void check_texts(int what, const char *text, size_t len)
{
	switch (what) {
	case 'r': check_ref(text); break;
	case 'd': check_digest(text, len); break;
	case 'm': check_media_type(text); break;
	case 'p': check_platform(text); break;
	case 'l': check_record(text, len); break;
	case 'c': check_challenge(text); break;
	case 't': check_retry_after(text); break;
	case 'e': check_escape(text); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int what = (int)input_byte(&in);
	char *text;
	size_t len;

	switch (what) {
	case 'a': check_answer(&in); break;
	case 'u': check_urls(&in); break;
	case 'w': check_words(&in); break;
	default:
		text = input_until(&in, '\0', &len);
		check_texts(what, text, len);
		free(text);
	}
	return 0;
}
