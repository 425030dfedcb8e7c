/* buf: growable bytes that remember when memory ran out. */
#include "test.h"

#include "buf.h"

#include <stdint.h>
#include <stdlib.h>

static void test_empty(void)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	CHECK_STR(buf_text(&b), "");
	CHECK_INT(buf_check(&b, &e), 0);
	buf_clear(&b);
	buf_clear(&b);
	buf_reset(&b);
	buf_add(&b, NULL, 0);
	CHECK_STR(buf_text(&b), "");
	CHECK_INT(b.len, 0);
	buf_clear(&b);
}

static void test_additions(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	buf_adds(&b, "ab");
	buf_addc(&b, 'c');
	buf_add(&b, "defg", 2);
	buf_addf(&b, "-%d-%s", 42, "x");
	buf_adds(&b, "");
	CHECK_STR(buf_text(&b), "abcde-42-x");
	CHECK_INT(b.len, 10);
}

static void test_bytes_may_be_nul(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	buf_add(&b, "a\0b", 3);
	buf_addc(&b, '\0');
	CHECK_INT(b.len, 4);
	CHECK(memcmp(b.data, "a\0b\0", 5) == 0);
}

/* The terminator has its room at every length; the sanitizer sees it if not. */
static void test_growth(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	for (size_t n = 1; n <= 5000; n++) {
		buf_addc(&b, (char)('a' + n % 26));
		CHECK(b.len == n && b.data[n] == '\0' && b.cap > n);
	}
	for (size_t n = 1; n <= 5000; n++)
		CHECK(b.data[n - 1] == (char)('a' + n % 26));
}

static void test_long_format(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	buf_adds(&b, "x");
	buf_addf(&b, "%5000d", 1);
	CHECK_INT(b.len, 5001);
	CHECK(b.data[0] == 'x' && b.data[1] == ' ' && b.data[5000] == '1' && b.data[5001] == '\0');
}

static void test_reset_keeps_memory(void)
{
	cleanup_buf struct buf b = BUF_INIT;
	char *data;

	buf_adds(&b, "abc");
	data = b.data;
	buf_reset(&b);
	CHECK_STR(buf_text(&b), "");
	CHECK_INT(b.len, 0);
	buf_adds(&b, "d");
	CHECK_STR(buf_text(&b), "d");
	CHECK(b.data == data);
}

static void test_steal(void)
{
	struct buf b = BUF_INIT;
	char *text;

	buf_adds(&b, "abc");
	text = buf_steal(&b);
	CHECK_STR(text, "abc");
	free(text);
	CHECK(b.data == NULL && b.len == 0);
	text = buf_steal(&b);
	CHECK_STR(text, "");
	free(text);
}

/* One failure is enough: what follows is ignored, and everyone who asks hears of it. */
static void test_failure_is_remembered(void)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	buf_adds(&b, "abc");
	buf_add(&b, "x", SIZE_MAX - 8);
	CHECK_INT(buf_check(&b, &e), -1);
	CHECK_INT(e.kind, ERR_IO);
	buf_adds(&b, "d");
	CHECK_INT(buf_check(&b, &e), -1);
	CHECK_STR(buf_text(&b), "abc");
	CHECK(buf_steal(&b) == NULL);
	CHECK(b.data == NULL && !b.failed);

	buf_add(&b, "x", SIZE_MAX);
	CHECK_INT(buf_check(&b, &e), -1);
	buf_reset(&b);
	CHECK_INT(buf_check(&b, &e), 0);
	buf_clear(&b);
}

int main(void)
{
	RUN(test_empty);
	RUN(test_additions);
	RUN(test_bytes_may_be_nul);
	RUN(test_growth);
	RUN(test_long_format);
	RUN(test_reset_keeps_memory);
	RUN(test_steal);
	RUN(test_failure_is_remembered);
	return test_end();
}
