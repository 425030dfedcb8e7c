/* http: origins, relative locations, who may lead where, and who is of whose site. */
#include "test.h"

#include "http.h"
#include "http_certs.h"
#include "io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

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
					       "http://", "https://u:p@a/", "https://u@a/", "http://a:99999/", "http://a b/", "http://../", "http://./x",
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
		{ "https://a.org/", "https://localhost./", false, false },
		{ "https://a.org/", "https://x.localhost./", false, false },
		{ "https://a.org/", "https://127.0.0.1./", false, false },
		{ "https://a.org/", "https://169.254.1.1./", false, false },
		{ "https://a.org/", "https://b.org./", false, true },
		{ "https://a.org/", "https://\xef\xbc\x91\x32\x37.0.0.1/", false, false },
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
		{ "https://example.co.uk/", "https://evil.co.uk/", false },
		{ "https://registry.example.co.uk/", "https://auth.example.co.uk/", true },
		{ "https://mine.azurecr.io/", "https://yours.azurecr.io/", false },
		{ "https://mine.azurecr.io/", "https://mine.azurecr.io/oauth2", true },
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

static void test_retry_after(void)
{
	char later[64];
	time_t then = time(NULL) + 100;
	struct tm tm;

	CHECK_INT(http_retry_after("0"), 0);
	CHECK_INT(http_retry_after("7"), 7);
	CHECK_INT(http_retry_after("-7"), 0);
	CHECK(http_retry_after("99999999999999999999") > 1000000000);
	CHECK_INT(http_retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), 0); /* the examples of RFC 9110, 5.6.7 */
	CHECK_INT(http_retry_after("Sunday, 06-Nov-94 08:49:37 GMT"), 0);
	CHECK_INT(http_retry_after("Sun Nov  6 08:49:37 1994"), 0);
	CHECK_INT(http_retry_after("soon"), -1);
	CHECK_INT(http_retry_after(""), -1);
	CHECK_INT(http_retry_after("7 seconds"), -1);
	gmtime_r(&then, &tm);
	strftime(later, sizeof later, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	CHECK(http_retry_after(later) >= 98 && http_retry_after(later) <= 100);
}

/* --- certificates --- */

static char certs[] = "/tmp/test_http.XXXXXX";

static void put(const char *name, const char *text)
{
	cleanup_buf struct buf path = BUF_INIT;
	cleanup_fd int fd = -1;

	buf_addf(&path, "%s/%s", certs, name);
	if (!text) {
		CHECK_INT(mkdir(buf_text(&path), 0700), 0);
		return;
	}
	fd = open(buf_text(&path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd != -1 && io_write_full(fd, text, strlen(text)) == 0);
}

static int find(const char *url, struct http_certs *c, const char *cacert)
{
	cleanup_buf struct buf second = BUF_INIT;
	const char *dirs[] = { "/nonexistent/certs.d", certs, NULL, NULL };
	struct http_origin o = origin(url);
	struct err e = ERR_INIT;

	buf_addf(&second, "%s/second", certs);
	dirs[2] = buf_text(&second);
	return http_certs_find(c, dirs, &o, cacert, &e);
}

static void test_certs(void)
{
	cleanup_http_certs struct http_certs none = HTTP_CERTS_INIT, both = HTTP_CERTS_INIT, port = HTTP_CERTS_INIT,
					     lone = HTTP_CERTS_INIT, second = HTTP_CERTS_INIT;
	cleanup_buf struct buf extra = BUF_INIT;

	CHECK(mkdtemp(certs) != NULL);
	put("a.org", NULL);
	put("a.org/1.crt", "one");
	put("a.org/2.crt", "two");
	put("a.org/readme", "no certificate");
	put("a.org/client.cert", "c");
	put("a.org/client.key", "k");
	put("a.org:5000", NULL);
	put("a.org:5000/ca.crt", "five");
	put("keyless", NULL);
	put("keyless/client.cert", "c");
	put("second", NULL);
	put("second/a.org", NULL);
	put("second/a.org/ca.crt", "never");
	put("second/b.org", NULL);
	put("second/b.org/ca.crt", "b");
	put("extra", "more");
	buf_addf(&extra, "%s/extra", certs);

	CHECK_INT(find("https://other.org/", &none, buf_text(&extra)), 0);
	CHECK_INT(none.authorities.len, 0);
	CHECK(!none.cert);
	CHECK_INT(find("https://a.org/x", &both, buf_text(&extra)), 1);
	CHECK_STR(buf_text(&both.authorities), "one\ntwo\nmore\n");
	CHECK(both.cert && strstr(both.cert, "/a.org/client.cert") && both.key && strstr(both.key, "/a.org/client.key"));
	CHECK_INT(find("https://a.org:5000/", &port, NULL), 1);
	CHECK_STR(buf_text(&port.authorities), "five\n");
	CHECK(!port.cert);
	CHECK_INT(find("https://keyless/", &lone, NULL), -1);
	CHECK_INT(find("https://b.org/", &second, NULL), 1);
	CHECK_STR(buf_text(&second.authorities), "b\n");
}

static void remove_certs(void)
{
	cleanup_buf struct buf command = BUF_INIT;

	buf_addf(&command, "rm -rf %s", certs);
	CHECK_INT(system(buf_text(&command)), 0);
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
	RUN(test_retry_after);
	RUN(test_certs);
	remove_certs();
	return test_end();
}
