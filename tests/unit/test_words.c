/* words: what is shown of a server's own words, and what is not. */
#include "test.h"

#include "words.h"

static void check(const char *body, const char *want)
{
	cleanup_buf struct buf text = BUF_INIT, out = BUF_INIT;

	buf_adds(&text, body);
	words_of_server(&text, &out);
	CHECK_STR(buf_text(&out), want);
}

static void test_errors(void)
{
	check("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"go away\"}]}", "go away");
	check("{\"errors\":[{\"code\":\"DENIED\"}]}", "DENIED");
	check("{\"errors\":[{\"message\":\"a\"},{\"message\":\"b\"},{\"message\":\"c\"},{\"message\":\"d\"}]}", "a; b; c");
	check("{\"message\":\"only this\"}", "only this");
	check("{\"details\":\"incorrect username or password\"}", "incorrect username or password");
	check("{\"error\":\"invalid_grant\",\"error_description\":\"too old\"}", "too old");
}

static void test_other_bodies(void)
{
	check("", "");
	check("  plain text \r\n", "plain text");
	check("<html>nothing for a terminal</html>", "");
	check("{\"errors\":[]}", "");
	check("{\"errors\":[{\"message\":1}]}", "");
	check("{not json", "");
}

static void test_length(void)
{
	cleanup_buf struct buf text = BUF_INIT, out = BUF_INIT;

	for (int i = 0; i < 400; i++)
		buf_adds(&text, "\xc3\xa4"); /* two bytes a character: none is cut through */
	words_of_server(&text, &out);
	CHECK_INT(out.len, 300 + 3);
	CHECK(strcmp(buf_text(&out) + 300, "...") == 0);
}

int main(void)
{
	RUN(test_errors);
	RUN(test_other_bodies);
	RUN(test_length);
	return test_end();
}
