/* auth: credentials out of auth.json and docker's config.json (containers-auth.json(5)). */
#include "test.h"

#include "auth.h"
#include "buf.h"

#include <stdlib.h>
#include <unistd.h>

#define UP "dXNlcjpwYXNz" /* user:pass */

static char path[] = "/tmp/test_auth.XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f != NULL);
	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

/* "user:password", "token:…" or "" for none; "?" for an error. */
static const char *find(const char *text, const char *registry, const char *repository)
{
	static char found[256];
	const char *files[] = { "/nonexistent/auth.json", path, NULL };
	cleanup_credentials struct credentials c = CREDENTIALS_INIT;
	struct err e = ERR_INIT;
	int status;

	write_file(text);
	status = auth_find(files, registry, repository, &c, &e);
	CHECK((status == -1) == (e.kind != ERR_NONE));
	CHECK(status != -1 || strstr(e.text, path));
	*found = '\0';
	if (status == -1)
		return "?";
	if (status == 1 && c.identity_token)
		snprintf(found, sizeof found, "token:%s", c.identity_token);
	else if (status == 1)
		snprintf(found, sizeof found, "%s:%s", c.user, c.password);
	return found;
}

static void test_keys(void)
{
	static const char *const hub[] = { "https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io",
					   "https://docker.io" };

	for (size_t i = 0; i < sizeof hub / sizeof *hub; i++) {
		char text[256];
		snprintf(text, sizeof text, "{\"auths\":{\"%s\":{\"auth\":\"" UP "\"}}}", hub[i]);
		CHECK_STR(find(text, "docker.io", "library/x"), "user:pass");
		CHECK_STR(find(text, "quay.io", "library/x"), "");
	}
	CHECK_STR(find("{\"auths\":{\"a.org:5000\":{\"auth\":\"" UP "\"}}}", "a.org:5000", "x"), "user:pass");
	CHECK_STR(find("{\"auths\":{\"a.org:5000\":{\"auth\":\"" UP "\"}}}", "a.org", "x"), "");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"" UP "\"}}}", "a.org:5000", "x"), "");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"" UP "\"}}}", "a.org.evil", "x"), "");
}

static void test_longest_prefix(void)
{
	static const char text[] = "{\"auths\":{\"q.io/a/b\":{\"auth\":\"Yjpi\"},\"q.io\":{\"auth\":\"cTpx\"},"
				   "\"q.io/a\":{\"auth\":\"YTph\"}}}";

	CHECK_STR(find(text, "q.io", "a/b"), "b:b");
	CHECK_STR(find(text, "q.io", "a/b/c"), "b:b");
	CHECK_STR(find(text, "q.io", "a/bc"), "a:a");
	CHECK_STR(find(text, "q.io", "c"), "q:q");
}

static void test_entries(void)
{
	CHECK_STR(find("", "a.org", "x"), "");
	CHECK_STR(find("{}", "a.org", "x"), "");
	CHECK_STR(find("{\"auths\":{\"a.org\":{}}}", "a.org", "x"), "");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"\"}}}", "a.org", "x"), "");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"identitytoken\":\"t\"}}}", "a.org", "x"), "token:t");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"" UP "\",\"identitytoken\":\"\"}}}", "a.org", "x"), "user:pass");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"dTpwOnc6\"}}}", "a.org", "x"), "u:p:w:"); /* colons in the password */
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"dTpw\\u0041\"}}}", "a.org", "x"), "?");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"dXNlcg==\"}}}", "a.org", "x"), "?"); /* no colon */
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"not base64!\"}}}", "a.org", "x"), "?");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":7}}}", "a.org", "x"), "?");
	CHECK_STR(find("nonsense", "a.org", "x"), "?");
}

/* What docker logs in with: user "<token>" in auth; and NULs behind a password. */
static void test_docker(void)
{
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"PHRva2VuPjp0b2s=\"}}}", "a.org", "x"), "token:tok");
	CHECK_STR(find("{\"auths\":{\"a.org\":{\"auth\":\"dTpwAAA=\"}}}", "a.org", "x"), "u:p");
}

static void test_basic(void)
{
	static const char *const pairs[][3] = {
		{ "user", "pass", "Basic dXNlcjpwYXNz" }, { "u", "p", "Basic dTpw" },	{ "u", "pa", "Basic dTpwYQ==" },
		{ "u", "pas", "Basic dTpwYXM=" },	   { "", "", "Basic Og==" }, { "\xff", "\xfe", "Basic /zr+" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct credentials c = { (char *)pairs[i][0], (char *)pairs[i][1], NULL };
		cleanup_buf struct buf out = BUF_INIT;

		auth_basic(&c, &out);
		CHECK_STR(buf_text(&out), pairs[i][2]);
	}
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	RUN(test_keys);
	RUN(test_longest_prefix);
	RUN(test_entries);
	RUN(test_docker);
	RUN(test_basic);
	unlink(path);
	return test_end();
}
