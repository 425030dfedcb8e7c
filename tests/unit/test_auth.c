/* auth: credentials out of auth.json and docker's config.json (containers-auth.json(5)). */
#include "test.h"

#include "auth.h"
#include "buf.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define UP "dXNlcjpwYXNz" /* user:pass */

static char path[] = "/tmp/test_auth.XXXXXX", helpers[] = "/tmp/test_auth_helpers.XXXXXX";

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

/* Makes docker-credential-NAME in the directory that PATH begins with; its text is a shell's. */
static void make_helper(const char *name, const char *text)
{
	char program[256];
	FILE *f;

	snprintf(program, sizeof program, "%s/docker-credential-%s", helpers, name);
	f = fopen(program, "w");
	CHECK(f != NULL);
	if (!f)
		return;
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	chmod(program, 0755);
}

static void test_helpers(void)
{
	make_helper("echo", "printf '{\"Username\":\"%s\",\"Secret\":\"'$1'\"}' \"$(cat)\"");
	make_helper("token", "cat >/dev/null; echo '{\"Username\":\"<token>\",\"Secret\":\"tok\"}'");
	make_helper("none", "echo 'credentials not found in native keychain'; exit 1");
	make_helper("broken", "echo credentials not found in native keychain, or so; exit 1");
	CHECK_STR(find("{\"credsStore\":\"echo\"}", "a.org:5000", "x"), "a.org:5000:get");
	CHECK_STR(find("{\"credsStore\":\"echo\"}", "docker.io", "library/x"), "https://index.docker.io/v1/:get");
	CHECK_STR(find("{\"credsStore\":\"token\"}", "a.org", "x"), "token:tok");
	CHECK_STR(find("{\"credsStore\":\"none\"}", "a.org", "x"), "");
	CHECK_STR(find("{\"credsStore\":\"broken\"}", "a.org", "x"), "?");
	CHECK_STR(find("{\"credsStore\":\"not-there\"}", "a.org", "x"), "?");
	CHECK_STR(find("{\"credsStore\":\"\"}", "a.org", "x"), "");
	CHECK_STR(find("{\"credsStore\":null}", "a.org", "x"), "");
	CHECK_STR(find("{\"credsStore\":\"../x\"}", "a.org", "x"), "?");
}

/* The registry's own helper, then entries that hold a secret, then the helper of all. */
static void test_helper_order(void)
{
	make_helper("echo", "cat >/dev/null; echo '{\"Username\":\"h\",\"Secret\":\"h\"}'");
	make_helper("none", "echo 'credentials not found in native keychain'; exit 1");
#define ENTRY "\"auths\":{\"a.org\":{\"auth\":\"" UP "\"},\"a.org/x\":{}}"
	CHECK_STR(find("{" ENTRY ",\"credsStore\":\"echo\"}", "a.org", "x"), "user:pass");
	CHECK_STR(find("{" ENTRY ",\"credsStore\":\"echo\"}", "b.org", "x"), "h:h");
	CHECK_STR(find("{" ENTRY ",\"credHelpers\":{\"a.org\":\"echo\"}}", "a.org", "x"), "h:h");
	CHECK_STR(find("{" ENTRY ",\"credHelpers\":{\"b.org\":\"echo\"}}", "a.org", "x"), "user:pass");
	CHECK_STR(find("{" ENTRY ",\"credHelpers\":{\"a.org\":\"none\"},\"credsStore\":\"echo\"}", "a.org", "x"), "");
	CHECK_STR(find("{" ENTRY ",\"credHelpers\":{\"a.org\":\"\"},\"credsStore\":\"echo\"}", "a.org", "x"), "user:pass");
	CHECK_STR(find("{\"credHelpers\":{\"a.org\":\"\"},\"credsStore\":\"echo\"}", "a.org", "x"), "");
#undef ENTRY
}

static void test_normalise(void)
{
	static const char *const pairs[][2] = {
		{ "q.io", "q.io" }, { "https://q.io/v2/", "q.io" }, { "http://q.io:5000", "q.io:5000" }, { "q.io/a/", "q.io/a" },
		{ "https://index.docker.io/v1/", "docker.io" }, { "registry-1.docker.io", "docker.io" }, { "", "" }, { "/", "" },
		{ "index.docker.io/x", "index.docker.io/x" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char place[64];

		snprintf(place, sizeof place, "%s", pairs[i][0]);
		auth_normalise(place);
		CHECK_STR(place, pairs[i][1]);
	}
}

/* What is written is what is found. */
static void test_store(void)
{
	struct credentials who = { (char *)"u", (char *)"p:\xff\n", NULL };
	cleanup_credentials struct credentials found = CREDENTIALS_INIT;
	const char *files[] = { path, NULL };
	struct err e = ERR_INIT;

	write_file("{\"auths\":{\"a.org/x\":{}}}");
	CHECK_INT(auth_has(path, "a.org", &e), 0);
	CHECK_INT(auth_has(path, "a.org/x", &e), 1);
	CHECK_INT(auth_store(path, "a.org", &who, &e), 0);
	CHECK_INT(auth_find(files, "a.org", "x", &found, &e), 1);
	CHECK_STR(found.user, who.user);
	CHECK_STR(found.password, who.password);
	CHECK_INT(auth_erase(path, "a.org", &e), 1);
	CHECK_INT(auth_erase(path, "a.org", &e), 0);
	CHECK_INT(auth_has(path, "a.org/x", &e), 1);
	CHECK_INT(auth_has("/nonexistent/auth.json", "a.org", &e), 0);
	CHECK_INT(auth_erase("/nonexistent/auth.json", "a.org", &e), 0);
	CHECK_INT(e.kind, ERR_NONE);
	who.user = (char *)"u:v";
	CHECK_INT(auth_store(path, "a.org", &who, &e), -1);
	CHECK_INT(e.kind, ERR_USAGE);
}

/* The helpers are the only programs of their names: PATH has their directory before all. */
static bool make_helpers(void)
{
	char text[4096];
	const char *others = getenv("PATH");

	if (!mkdtemp(helpers))
		return false;
	snprintf(text, sizeof text, "%s:%s", helpers, others ? others : "/usr/bin:/bin");
	return setenv("PATH", text, 1) == 0;
}

static void remove_helpers(void)
{
	static const char *const names[] = { "echo", "token", "none", "broken" };
	char program[256];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(program, sizeof program, "%s/docker-credential-%s", helpers, names[i]);
		unlink(program);
	}
	rmdir(helpers);
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd == -1 || !make_helpers())
		return 1;
	close(fd);
	signal(SIGPIPE, SIG_IGN);
	RUN(test_keys);
	RUN(test_longest_prefix);
	RUN(test_entries);
	RUN(test_docker);
	RUN(test_basic);
	RUN(test_helpers);
	RUN(test_helper_order);
	RUN(test_normalise);
	RUN(test_store);
	remove_helpers();
	unlink(path);
	return test_end();
}
