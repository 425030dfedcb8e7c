#include "record.h"

#include "test.h"

#include <string.h>
#include <unistd.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GOOD "sha256:" HEX "\t12\t" OCI_MANIFEST "\tdocker.io/library/busybox"

static int parse(const char *line, struct record *r)
{
	struct err e = ERR_INIT;
	int status = record_parse(r, line, strlen(line), &e);

	if (status == -1)
		CHECK_INT(e.kind, ERR_CONTENT);
	return status;
}

static void test_good_line(void)
{
	struct record r;

	CHECK_INT(parse(GOOD, &r), 0);
	CHECK_STR(digest_str(&r.digest).text, "sha256:" HEX);
	CHECK_INT(r.size, 12);
	CHECK_STR(r.media_type, OCI_MANIFEST);
	CHECK_STR(r.source, "docker.io/library/busybox");
	CHECK_INT(record_kind(&r), OCI_KIND_MANIFEST);
}

static void test_bad_lines(void)
{
	static const char *const lines[] = {
		"",
		"\t\t\t",
		"sha256:" HEX,
		"sha256:" HEX "\t1\ttype",
		GOOD "\textra",
		"sha256:0123\t1\ttype\t-",
		"SHA256:" HEX "\t1\ttype\t-",
		"sha512:" HEX "\t1\ttype\t-",
		"sha256:" HEX "\t-1\ttype\t-",
		"sha256:" HEX "\t+1\ttype\t-",
		"sha256:" HEX "\t\ttype\t-",
		"sha256:" HEX "\t1.5\ttype\t-",
		"sha256:" HEX "\t1e3\ttype\t-",
		"sha256:" HEX "\t9999999999999999999\ttype\t-",
		"sha256:" HEX "\t1\t\t-",
		"sha256:" HEX "\t1\ttype\t",
		"sha256:" HEX "\t1\ta type\t-",
		"sha256:" HEX "\t1\ttype\tan\x1b[2Jescape",
	};
	struct record r;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		CHECK_INT(parse(lines[i], &r), -1);
}

static int stream(const char *text, size_t len)
{
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	CHECK_INT(write(ends[1], text, len), (long long)len);
	close(ends[1]);
	return ends[0];
}

static void test_stream(void)
{
	static const char text[] = GOOD "\n" GOOD "\n";
	struct record_reader in;
	struct err e = ERR_INIT;
	struct record r;
	int fd = stream(text, sizeof text - 1);

	record_reader_init(&in, fd);
	CHECK(!record_ready(&in));
	CHECK_INT(record_next(&in, &r, &e), 1);
	CHECK(record_ready(&in));
	CHECK_INT(record_next(&in, &r, &e), 1);
	CHECK_INT(record_next(&in, &r, &e), 0);
	CHECK_INT(e.kind, ERR_NONE);
	close(fd);
}

static void test_bad_line_does_not_end_the_stream(void)
{
	static const char text[] = "nonsense\n" GOOD "\n";
	struct record_reader in;
	struct err e = ERR_INIT;
	struct record r;
	int fd = stream(text, sizeof text - 1);

	record_reader_init(&in, fd);
	CHECK_INT(record_next(&in, &r, &e), -1);
	CHECK(strstr(e.text, "line 1") != NULL);
	CHECK_INT(record_next(&in, &r, &e), 1);
	close(fd);
}

static void test_cut_and_long_lines(void)
{
	char text[RECORD_LINE_MAX + 10];
	struct record_reader in;
	struct err e = ERR_INIT;
	struct record r;
	int fd = stream(GOOD, sizeof GOOD - 1);

	record_reader_init(&in, fd);
	CHECK_INT(record_next(&in, &r, &e), -1); /* no newline: the writer died in the middle */
	CHECK_INT(e.kind, ERR_CONTENT);
	close(fd);

	memset(text, 'x', sizeof text);
	fd = stream(text, sizeof text);
	record_reader_init(&in, fd);
	CHECK_INT(record_next(&in, &r, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	close(fd);
}

int main(void)
{
	RUN(test_good_line);
	RUN(test_bad_lines);
	RUN(test_stream);
	RUN(test_bad_line_does_not_end_the_stream);
	RUN(test_cut_and_long_lines);
	return test_end();
}
