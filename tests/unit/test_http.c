/* http: origins, relative locations, who may lead where, and who is of whose site. */
#include "test.h"

#include "http.h"

static struct http_origin origin(const char *url)
{
	struct http_origin o = { "", "", "" };
	struct err e = ERR_INIT;

	CHECK_INT(http_origin(url, &o, &e), 0);
	return o;
}

static void test_origin(void)
{
	static const char *const refused[] = { "", "x", "/x", "ftp://a/", "file:///etc/passwd", "gopher://a/", "unix:/x",
					       "http://", "https://u:p@a/", "https://u@a/", "http://a:99999/", "http://a b/",
					       "http://a\r\nb/" };
	struct http_origin o = origin("HTTPS://Example.ORG/x?y");

	CHECK_STR(o.scheme, "https");
	CHECK_STR(o.host, "example.org");
	CHECK_STR(o.port, "443");
	o = origin("http://[::1]:5000");
	CHECK_STR(o.host, "[::1]");
	CHECK_STR(o.port, "5000");
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct err e = ERR_INIT;
		CHECK_INT(http_origin(refused[i], &o, &e), -1);
		CHECK_INT(e.kind, ERR_CONTENT);
	}
}

static void test_same_origin(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{ "https://a/", "https://A:443/x", true },   { "https://a/", "http://a/", false },
		{ "https://a/", "https://a:444/", false },   { "https://a/", "https://b/", false },
		{ "https://a/", "https://a.b/", false },     { "http://a:443/", "https://a/", false },
		{ "http://127.0.0.1:1/", "http://localhost:1/", false },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct http_origin a = origin(pairs[i].a), b = origin(pairs[i].b);
		CHECK_INT(http_same_origin(&a, &b), pairs[i].same);
	}
}

static void test_resolve(void)
{
	static const struct {
		const char *location, *url; /* url NULL: refused */
	} cases[] = {
		{ "/x", "https://a.org/x" },	      { "x", "https://a.org/v2/x" },
		{ "//b.org/x", "https://b.org/x" },   { "?q", "https://a.org/v2/y?q" },
		{ "http://b.org/", "http://b.org/" }, { "https://b.org/x#frag", "https://b.org/x" },
		{ "../../../x", "https://a.org/x" },  { "", NULL },
		{ "ftp://a/", NULL },		      { "file:///etc/passwd", NULL },
		{ "https://u:p@a.org/", NULL },	      { "//u@b.org/", NULL },
		{ "http://[::1", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_buf struct buf out = BUF_INIT;
		struct err e = ERR_INIT;
		int status = http_resolve("https://a.org/v2/y", cases[i].location, &out, &e);

		CHECK_INT(status, cases[i].url ? 0 : -1);
		if (cases[i].url)
			CHECK_STR(buf_text(&out), cases[i].url);
	}
}

static void test_loopback(void)
{
	static const char *const yes[] = { "localhost", "LOCALHOST:1", "127.0.0.1", "127.255.255.255:5000", "[::1]", "[::1]:5000",
					   "[0:0:0:0:0:0:0:1]" };
	static const char *const no[] = { "localhost.org", "xlocalhost", "128.0.0.1", "127.0.0.1.nip.io", "127.0.0", "127.0.0.256",
					  "127.0.0.1x", "[::2]", "[::ffff:127.0.0.1]", "0.0.0.0", "", "[" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		CHECK(http_is_loopback(yes[i]));
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		CHECK(!http_is_loopback(no[i]));
}

static void test_may_lead(void)
{
	static const struct {
		const char *from, *to;
		bool plain_http, may;
	} cases[] = {
		{ "https://a.org/", "https://b.org/", false, true },
		{ "https://a.org/", "https://10.0.0.1/", false, true }, /* a private registry with its storage */
		{ "https://a.org/", "http://a.org/", true, false },
		{ "https://127.0.0.1/", "http://127.0.0.1/", false, false },
		{ "http://127.0.0.1:1/", "http://127.0.0.1:2/", false, true },
		{ "http://127.0.0.1:1/", "https://b.org/", false, true },
		{ "http://127.0.0.1:1/", "http://b.org/", false, false },
		{ "http://127.0.0.1:1/", "http://b.org/", true, true },
		{ "http://a.org/", "http://b.org/", true, true },
		{ "http://a.org/", "http://b.org/", false, false },
		/* this machine, from another */
		{ "https://a.org/", "https://127.0.0.1/", false, false },
		{ "https://a.org/", "https://localhost/", false, false },
		{ "https://a.org/", "https://x.localhost/", false, false },
		{ "https://a.org/", "https://[::1]/", false, false },
		{ "https://a.org/", "https://[::ffff:127.0.0.1]/", false, false },
		{ "https://a.org/", "https://[::]/", false, false },
		{ "https://a.org/", "https://0.0.0.0/", false, false },
		{ "https://a.org/", "https://0x7f.1/", false, false },
		{ "https://a.org/", "https://2130706433/", false, false },
		{ "http://a.org/", "http://127.0.0.1/", true, false },
		/* link-local */
		{ "https://a.org/", "https://169.254.1.1/", false, false },
		{ "http://127.0.0.1/", "http://169.254.1.1/", true, false },
		{ "https://a.org/", "https://[fe80::1]/", false, false },
		{ "https://a.org/", "https://[::ffff:169.254.1.1]/", false, false },
		{ "https://169.254.1.1/", "https://169.254.1.1:444/", false, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_origin from = origin(cases[i].from), to = origin(cases[i].to);
		struct err e = ERR_INIT;
		int status = http_may_lead(&from, &to, cases[i].plain_http, &e);

		if ((status == 0) != cases[i].may)
			fprintf(stderr, "%s to %s:\n", cases[i].from, cases[i].to);
		CHECK_INT(status, cases[i].may ? 0 : -1);
		CHECK(cases[i].may || e.kind == ERR_CONTENT);
	}
}

static void test_same_site(void)
{
	static const struct {
		const char *registry, *realm;
		bool same;
	} cases[] = {
		{ "https://registry-1.docker.io/", "https://auth.docker.io/token", true },
		{ "https://registry.gitlab.com/", "https://gitlab.com/jwt/auth", true },
		{ "https://quay.io/", "https://quay.io/v2/auth", true },
		{ "https://quay.io/", "https://auth.quay.io/", true },
		{ "https://quay.io/", "https://evilquay.io/", false },
		{ "https://quay.io/", "https://io/", false },
		{ "https://quay.io/", "https://quay.io.evil.org/", false },
		{ "https://registry.gitlab.com/", "https://evil.com/", false },
		{ "https://registry-1.docker.io/", "http://auth.docker.io/", false },
		{ "http://a.example.org/", "http://b.example.org/", false },
		{ "http://127.0.0.1:1/", "http://127.0.0.1:1/token", true },
		{ "http://127.0.0.1:1/", "http://127.0.0.1:2/token", false },
		{ "https://10.0.0.1/", "https://9.0.0.1/", false },
		{ "https://registry/", "https://registry:444/", false },
		{ "https://registry/", "https://auth.registry/", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_origin registry = origin(cases[i].registry), realm = origin(cases[i].realm);

		if (http_same_site(&registry, &realm) != cases[i].same)
			fprintf(stderr, "%s and %s:\n", cases[i].registry, cases[i].realm);
		CHECK_INT(http_same_site(&registry, &realm), cases[i].same);
	}
}

static void test_escape(void)
{
	cleanup_buf struct buf out = BUF_INIT;

	http_escape("aZ0-._~ /:,%\xff", &out);
	CHECK_STR(buf_text(&out), "aZ0-._~%20%2F%3A%2C%25%FF");
}

int main(void)
{
	RUN(test_origin);
	RUN(test_same_origin);
	RUN(test_resolve);
	RUN(test_loopback);
	RUN(test_may_lead);
	RUN(test_same_site);
	RUN(test_escape);
	return test_end();
}
