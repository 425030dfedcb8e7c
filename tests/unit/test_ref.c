/* ref: the reference grammar (distribution/reference; distribution-spec, Pulling manifests). */
#include "test.h"

#include "ref.h"

#include <stdint.h>

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define SHA "sha256:" HEX64

static const struct {
	const char *text, *full, *familiar;
} accepted[] = {
	/* what is left out is filled in */
	{ "busybox", "docker.io/library/busybox:latest", "busybox:latest" },
	{ "busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36" },
	{ "library/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
	{ "docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
	{ "docker.io/library/busybox:x", "docker.io/library/busybox:x", "busybox:x" },
	{ "index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
	{ "index.docker.io/me/app", "docker.io/me/app:latest", "me/app:latest" },
	{ "me/app", "docker.io/me/app:latest", "me/app:latest" },
	{ "library/me/app", "docker.io/library/me/app:latest", "library/me/app:latest" },
	/* what stands before the first slash is a host, or is not */
	{ "localhost/a", "localhost/a:latest", "localhost/a:latest" },
	{ "localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest" },
	{ "localhost", "docker.io/library/localhost:latest", "localhost:latest" },
	{ "localhost:5000", "docker.io/library/localhost:5000", "localhost:5000" },
	{ "localhosts/a", "docker.io/localhosts/a:latest", "localhosts/a:latest" },
	{ "foo:5000", "docker.io/library/foo:5000", "foo:5000" },
	{ "foo:5000/a", "foo:5000/a:latest", "foo:5000/a:latest" },
	{ "foo:5000/a:5000", "foo:5000/a:5000", "foo:5000/a:5000" },
	{ "quay.io/a/b/c/d", "quay.io/a/b/c/d:latest", "quay.io/a/b/c/d:latest" },
	{ "127.0.0.1:80/a", "127.0.0.1:80/a:latest", "127.0.0.1:80/a:latest" },
	{ "a.b/c", "a.b/c:latest", "a.b/c:latest" },
	{ "Foo/bar", "Foo/bar:latest", "Foo/bar:latest" },
	{ "fooBar:65535/x", "fooBar:65535/x:latest", "fooBar:65535/x:latest" },
	{ "xn--n3h.com/a", "xn--n3h.com/a:latest", "xn--n3h.com/a:latest" },
	{ "[::1]/a", "[::1]/a:latest", "[::1]/a:latest" },
	{ "[2001:DB8::1]:5000/a:b", "[2001:DB8::1]:5000/a:b", "[2001:DB8::1]:5000/a:b" },
	/* a name on the hub whose first component would pass for a host keeps the host */
	{ "docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest" },
	{ "docker.io/localhost/c", "docker.io/localhost/c:latest", "docker.io/localhost/c:latest" },
	{ "docker.io/library/a.b", "docker.io/library/a.b:latest", "a.b:latest" },
	/* separators inside components */
	{ "a.b", "docker.io/library/a.b:latest", "a.b:latest" },
	{ "a_b", "docker.io/library/a_b:latest", "a_b:latest" },
	{ "a__b", "docker.io/library/a__b:latest", "a__b:latest" },
	{ "a-b", "docker.io/library/a-b:latest", "a-b:latest" },
	{ "a----b", "docker.io/library/a----b:latest", "a----b:latest" },
	{ "1/2", "docker.io/1/2:latest", "1/2:latest" },
	/* tags */
	{ "a:_", "docker.io/library/a:_", "a:_" },
	{ "a:A.b-c_d", "docker.io/library/a:A.b-c_d", "a:A.b-c_d" },
	{ "a:1", "docker.io/library/a:1", "a:1" },
	{ "a:_.-", "docker.io/library/a:_.-", "a:_.-" },
	/* digests: alone there is no tag, together the tag is kept */
	{ "a@" SHA, "docker.io/library/a@" SHA, "a@" SHA },
	{ "a:t@" SHA, "docker.io/library/a:t@" SHA, "a:t@" SHA },
	{ "h:1/a@" SHA, "h:1/a@" SHA, "h:1/a@" SHA },
	{ "[::1]:1/a:t@" SHA, "[::1]:1/a:t@" SHA, "[::1]:1/a:t@" SHA },
	/* 64 hex digits are a name as soon as they are not alone */
	{ HEX64 ":t", "docker.io/library/" HEX64 ":t", HEX64 ":t" },
	{ "me/" HEX64, "docker.io/me/" HEX64 ":latest", "me/" HEX64 ":latest" },
	{ HEX64 "0", "docker.io/library/" HEX64 "0:latest", HEX64 "0:latest" },
};

static const struct {
	const char *text, *why; /* a part of the message */
} refused[] = {
	{ "", "is empty" },
	/* names */
	{ "Busybox", "'Busybox' must be lower case" },
	{ "me/Busybox", "part 'Busybox' must be lower case" },
	{ "localhost/Foo:x", "'Foo' must be lower case" },
	{ "/", "is empty" },
	{ "/a", "is empty" },
	{ "a/", "is empty" },
	{ "a//b", "is empty" },
	{ "quay.io/", "is empty" },
	{ ":tag", "is empty" },
	{ "@" SHA, "is empty" },
	{ "-x", "must begin and end" },
	{ "--help", "must begin and end" },
	{ "a-", "must begin and end" },
	{ "_a", "must begin and end" },
	{ "a_", "must begin and end" },
	{ ".a", "must begin and end" },
	{ ".", "must begin and end" },
	{ "..", "must begin and end" },
	{ "a/../b", "'..' must begin and end" },
	{ "a/./b", "'.' must begin and end" },
	{ "a/..", "'..' must begin and end" },
	{ "me/a..b", "'a..b' may hold only" },
	{ "a___b", "may hold only" },
	{ "a._b", "may hold only" },
	{ "a_-b", "may hold only" },
	{ "a-.b", "may hold only" },
	{ "a-_b", "may hold only" },
	{ "a b", "may hold only" },
	{ " a", "may hold only" },
	{ "a ", "may hold only" },
	{ "a\n", "may hold only" },
	{ "a\nb", "may hold only" },
	{ "a\tb", "may hold only" },
	{ "a\x01", "may hold only" },
	{ "a\x7f", "may hold only" },
	{ "\xc3\xa9", "may hold only" },
	{ "a;b", "may hold only" },
	{ "$(id)", "may hold only" },
	{ "a%2fb", "may hold only" },
	{ "a\\b", "may hold only" },
	{ "a?b", "may hold only" },
	{ "a#b", "may hold only" },
	{ "a*", "may hold only" },
	{ "a+b", "may hold only" },
	{ "a:b:c", "'a:b' may hold only" },
	{ "https://quay.io/a", "leave out" },
	{ "docker://a", "leave out" },
	{ HEX64, "64 hex digits" },
	/* hosts */
	{ "h:/a", "empty port" },
	{ "h:0/a", "port 0" },
	{ "h:65536/a", "too large" },
	{ "h:99999999999999999999999/a", "too large" },
	{ "h:8x/a", "no number" },
	{ "h:-1/a", "no number" },
	{ "h:1:2/a", "no number" },
	{ ":5000/a", "no host name" },
	{ ".com/a", "no host name" },
	{ "a..b/c", "no host name" },
	{ "a./b", "no host name" },
	{ "-a.com/b", "no host name" },
	{ "a-.com/b", "no host name" },
	{ "a.-b/c", "no host name" },
	{ "../a", "no host name" },
	{ "./a", "no host name" },
	{ "a_b.com/c", "no host name" },
	{ "a.b_c__d-e--f/g", "no host name" },
	{ "user:pw@h.com/a", "sha256" },
	{ "h .com/a", "no host name" },
	{ "h\r\n.com/a", "no host name" },
	{ "[::1/a", "no ']'" },
	{ "[]/a", "no IPv6" },
	{ "[1]/a", "no IPv6" },
	{ "[::g]/a", "no IPv6" },
	{ "[::1%25lo]/a", "no IPv6" },
	{ "[::1]x/a", "more than a port" },
	{ "[::1]:/a", "empty port" },
	{ "[::1]", "may hold only" },
	/* tags */
	{ "a:", "tag '' is empty" },
	{ "a:@" SHA, "tag '' is empty" },
	{ "a:-b", "tag '-b'" },
	{ "a:.b", "tag '.b'" },
	{ "a:b c", "tag 'b c'" },
	{ "a:b\n", "tag 'b\n'" },
	{ "a:\xc3\xa9", "tag" },
	{ "a:b+c", "tag" },
	/* digests */
	{ "a@", "not a sha256 digest" },
	{ "a@sha256:", "not a sha256 digest" },
	{ "a@sha256:0123", "not a sha256 digest" },
	{ "a@" HEX64, "not a sha256 digest" },
	{ "a@" SHA "0", "not a sha256 digest" },
	{ "a@" SHA "\n", "not a sha256 digest" },
	{ "a@sha512:" HEX64 HEX64, "not a sha256 digest" },
	{ "a@SHA256:" HEX64, "not a sha256 digest" },
	{ "a@sha256:" HEX16 HEX16 HEX16 "0123456789ABCDEF", "not a sha256 digest" },
	{ "a@sha256:../../../../etc/passwd", "not a sha256 digest" },
	{ "a@" SHA "@" SHA, "not a sha256 digest" },
	{ "a@" SHA ":tag", "not a sha256 digest" },
};

static void check_accepted(const char *text, const char *full, const char *familiar)
{
	cleanup_buf struct buf a = BUF_INIT, b = BUF_INIT, again = BUF_INIT;
	cleanup_ref struct ref r = REF_INIT, back = REF_INIT;
	struct err e = ERR_INIT;

	if (ref_parse(&r, text, &e) == -1) {
		CHECK_STR(e.text, full);
		return;
	}
	ref_full(&r, &a);
	ref_familiar(&r, &b);
	CHECK_STR(buf_text(&a), full);
	CHECK_STR(buf_text(&b), familiar);
	/* what is shown to people reads back as the same */
	CHECK_INT(ref_parse(&back, buf_text(&b), &e), 0);
	ref_full(&back, &again);
	CHECK_STR(buf_text(&again), full);
	CHECK_INT(e.kind, ERR_NONE);
}

static void test_accepted(void)
{
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
		check_accepted(accepted[i].text, accepted[i].full, accepted[i].familiar);
}

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		cleanup_ref struct ref r = REF_INIT;
		struct err e = ERR_INIT;
		char got[2 * ERR_TEXT_MAX], want[2 * ERR_TEXT_MAX];
		int status = ref_parse(&r, refused[i].text, &e);

		snprintf(got, sizeof got, "%s: %d: %s", refused[i].text, status, e.text);
		snprintf(want, sizeof want, "%s: -1: %s", refused[i].text,
			 strstr(e.text, refused[i].why) ? e.text : refused[i].why);
		CHECK_STR(got, want);
		CHECK_INT(e.kind, ERR_USAGE);
		CHECK(r.registry == NULL && r.repository == NULL && r.tag == NULL);
	}
}

static void test_parts(void)
{
	cleanup_ref struct ref r = REF_INIT;
	cleanup_buf struct buf source = BUF_INIT;
	struct err e = ERR_INIT;

	CHECK_INT(ref_parse(&r, "localhost:5000/me/app:1@" SHA, &e), 0);
	CHECK_STR(r.registry, "localhost:5000");
	CHECK_STR(r.repository, "me/app");
	CHECK_STR(r.tag, "1");
	CHECK(r.has_digest);
	CHECK_STR(digest_str(&r.digest).text, SHA);
	ref_source(&r, &source);
	CHECK_STR(buf_text(&source), "localhost:5000/me/app");
	ref_clear(&r);
	CHECK(r.registry == NULL && !r.has_digest);

	CHECK_INT(ref_parse(&r, "app@" SHA, &e), 0);
	CHECK(r.tag == NULL);
	ref_clear(&r);
	CHECK_INT(ref_parse(&r, "app", &e), 0);
	CHECK_STR(r.tag, "latest");
	CHECK(!r.has_digest);
}

/* "h.io/aaa…:ttt…", lengths of name and tag as given. */
static int parse_long(size_t name, size_t tag)
{
	cleanup_ref struct ref r = REF_INIT;
	cleanup_buf struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	int status;

	buf_adds(&text, "h.io/");
	for (size_t i = 0; i < name; i++)
		buf_addc(&text, 'a');
	buf_addc(&text, ':');
	for (size_t i = 0; i < tag; i++)
		buf_addc(&text, 't');
	status = ref_parse(&r, buf_text(&text), &e);
	CHECK_INT(e.kind, status ? ERR_USAGE : ERR_NONE);
	return status;
}

static void test_lengths(void)
{
	size_t host = strlen("h.io/");

	CHECK_INT(parse_long(REF_REPOSITORY_MAX - host, 1), 0);
	CHECK_INT(parse_long(REF_REPOSITORY_MAX - host + 1, 1), -1);
	CHECK_INT(parse_long(1, REF_TAG_MAX), 0);
	CHECK_INT(parse_long(1, REF_TAG_MAX + 1), -1);
	CHECK_INT(parse_long(4096, 1), -1);
	CHECK_INT(parse_long(1 << 20, 1), -1);
	CHECK_INT(parse_long(1, 1 << 20), -1);
}

/* Any text: no crash, and what is accepted spells itself in characters that fit URLs, paths and records. */
static void test_random_texts(void)
{
	static const char bytes[] = "aab0Z.:/@_-[] \n\xc3" "sha256:localhost";
	uint32_t random = 1;
	int taken = 0;

	for (int round = 0; round < 20000; round++) {
		cleanup_ref struct ref r = REF_INIT;
		cleanup_buf struct buf full = BUF_INIT, familiar = BUF_INIT;
		struct err e = ERR_INIT;
		char text[16];
		size_t n = (size_t)(round % 12);

		for (size_t i = 0; i < n; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = bytes[(random >> 16) % (round & 1 ? 12 : sizeof bytes - 1)];
		}
		text[n] = '\0';
		if (ref_parse(&r, text, &e) == -1)
			continue;
		taken++;
		ref_full(&r, &full);
		ref_familiar(&r, &familiar);
		check_accepted(text, buf_text(&full), buf_text(&familiar));
		CHECK_INT(strspn(buf_text(&full), "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.:/@_-[]"),
			  full.len);
		CHECK(!strstr(buf_text(&full), "..") || strchr(r.tag, '.'));
	}
	CHECK(taken > 500 && taken < 19500);
}

int main(void)
{
	RUN(test_accepted);
	RUN(test_refused);
	RUN(test_parts);
	RUN(test_lengths);
	RUN(test_random_texts);
	return test_end();
}
