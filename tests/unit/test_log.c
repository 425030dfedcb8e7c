/* log: what comes out of it is what went in, line by line and stream by stream. */
#include "test.h"

#include "io.h"
#include "log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char directory[] = "/tmp/test-log-XXXXXX";
static int dir = -1;

/* What a stream is, put together from the records that are left. */
struct streams {
	struct buf text[3];
	long records;
};

static void streams_clear(struct streams *s)
{
	buf_clear(&s->text[1]);
	buf_clear(&s->text[2]);
}

/* Reads on to the end; the last status. */
static int read_streams(struct log_reader *r, struct streams *s, struct err *e)
{
	struct log_record record;
	int status;

	while ((status = log_read(r, &record, e)) == 1) {
		buf_add(&s->text[record.fd], record.text, record.size);
		if (!record.partial)
			buf_addc(&s->text[record.fd], '\n');
		s->records++;
	}
	return status;
}

static void put_text(const char *name, const char *text, size_t size)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(io_write_full(fd, text, size), 0);
}

static void test_streams_come_back(void)
{
	__attribute__((cleanup(streams_clear))) struct streams s = { .records = 0 };
	struct log_reader r;
	struct err e = ERR_INIT;
	struct log l;

	CHECK_INT(log_open(&l, dir, "streams", &e), 0);
	log_write(&l, 1, "one\ntwo\npar", 11);
	log_write(&l, 2, "err", 3);
	log_write(&l, 1, "tial\n\n", 6);
	log_write(&l, 2, "or\0\r\n", 5);
	log_write(&l, 1, "", 0);
	log_close(&l);
	CHECK_INT(log_reader_open(&r, dir, "streams", &e), 0);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_STR(buf_text(&s.text[1]), "one\ntwo\npartial\n\n");
	CHECK_INT(s.text[2].len, 8);
	CHECK(s.text[2].data && memcmp(s.text[2].data, "error\0\r\n", 8) == 0);
	CHECK_INT(s.records, 7);
	log_reader_close(&r);
}

/* A second writer goes on behind the first. */
static void test_appends(void)
{
	__attribute__((cleanup(streams_clear))) struct streams s = { .records = 0 };
	struct log_reader r;
	struct err e = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		struct log l;

		CHECK_INT(log_open(&l, dir, "appends", &e), 0);
		log_write(&l, 1, i ? "b\n" : "a\n", 2);
		log_close(&l);
	}
	CHECK_INT(log_reader_open(&r, dir, "appends", &e), 0);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_STR(buf_text(&s.text[1]), "a\nb\n");
	log_reader_close(&r);
}

static void test_much_at_once(void)
{
	__attribute__((cleanup(streams_clear))) struct streams s = { .records = 0 };
	cleanup_free char *data = malloc(1 << 20);
	struct log_reader r;
	struct err e = ERR_INIT;
	struct log l;

	for (size_t i = 0; i < 1 << 20; i++)
		data[i] = i % 7 ? 'x' : '\n';
	CHECK_INT(log_open(&l, dir, "much", &e), 0);
	log_write(&l, 1, data, 1 << 20);
	CHECK(l.text.cap < 1 << 20); /* what is gathered for one write has a limit */
	log_close(&l);
	CHECK_INT(log_reader_open(&r, dir, "much", &e), 0);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_INT(s.text[1].len, 1 << 20);
	CHECK(s.text[1].data && memcmp(s.text[1].data, data, 1 << 20) == 0);
	log_reader_close(&r);
}

/* A limit of the file's size stands for a full disk. */
static void test_what_is_lost_is_said(void)
{
	__attribute__((cleanup(streams_clear))) struct streams s = { .records = 0 };
	struct rlimit before, small;
	struct log_reader r;
	struct err e = ERR_INIT;
	struct log l;

	CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 150;
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(log_open(&l, dir, "lost", &e), 0);
	log_write(&l, 1, "first\n", 6);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	log_write(&l, 1, "this does not fit any more, as it is too long for what is left of it, and more of it, and then some\n", 101);
	log_write(&l, 2, "nor does this, which is long as well, and longer than what is left of it, and more of it, and then\n", 100);
	CHECK_INT(l.lost, 201);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_write(&l, 1, "last\n", 5);
	CHECK_INT(l.lost, 0);
	log_close(&l);
	CHECK_INT(log_reader_open(&r, dir, "lost", &e), 0);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_STR(buf_text(&s.text[1]), "first\nlast\n");
	CHECK_STR(buf_text(&s.text[2]), "[log: 201 bytes of output are lost here: File too large]\n");
	log_reader_close(&r);
}

/* The beginning of a record is none yet, and may be taken back. */
static void test_reading_what_grows(void)
{
	static const char whole[] = "2026-01-02T03:04:05Z stdout F whole\n";
	__attribute__((cleanup(streams_clear))) struct streams s = { .records = 0 };
	struct log_reader r;
	struct err e = ERR_INIT;

	put_text("grows", whole, 25);
	CHECK_INT(log_reader_open(&r, dir, "grows", &e), 0);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_INT(s.records, 0);
	put_text("grows", "2026-01-02T03:04:06Z stderr F other\n", 36);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_STR(buf_text(&s.text[2]), "other\n");
	CHECK_STR(buf_text(&s.text[1]), "");
	log_reader_close(&r);
}

static void check_tail(long lines, const char *out, const char *err)
{
	__attribute__((cleanup(streams_clear))) struct streams s = { .records = 0 };
	struct log_reader r;
	struct err e = ERR_INIT;

	CHECK_INT(log_reader_open(&r, dir, "tail", &e), 0);
	CHECK_INT(log_reader_tail(&r, lines, &e), 0);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_STR(buf_text(&s.text[1]), out);
	CHECK_STR(buf_text(&s.text[2]), err);
	log_reader_close(&r);
}

static void test_tail_counts_lines(void)
{
	struct err e = ERR_INIT;
	struct log l;

	CHECK_INT(log_open(&l, dir, "tail", &e), 0);
	log_write(&l, 1, "one\ntwo\n", 8);
	log_write(&l, 2, "err\n", 4);
	log_write(&l, 1, "th", 2);
	log_write(&l, 1, "re", 2);
	log_write(&l, 1, "e\nend", 5);
	log_close(&l);
	check_tail(0, "", "");
	check_tail(1, "end", "");
	check_tail(2, "three\nend", "");
	check_tail(3, "three\nend", "err\n");
	check_tail(5, "one\ntwo\nthree\nend", "err\n");
	check_tail(1000, "one\ntwo\nthree\nend", "err\n");
}

static void test_what_is_no_record(void)
{
	static const char *const wrong[] = { "\n", "nonsense\n", "2026 stdout X text\n", "2026 stdin F text\n", "2026 stdout Ftext\n",
					     "2026 stdout F\n", "2026 stdoutF text\n" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct log_record record;
		struct log_reader r;
		struct err e = ERR_INIT;

		put_text("wrong", wrong[i], strlen(wrong[i]));
		CHECK_INT(log_reader_open(&r, dir, "wrong", &e), 0);
		CHECK_INT(log_read(&r, &record, &e), -1);
		CHECK_INT(e.kind, ERR_CONTENT);
		log_reader_close(&r);
	}
}

static void test_no_log(void)
{
	struct log_reader r;
	struct err e = ERR_INIT;

	CHECK_INT(log_reader_open(&r, dir, "missing", &e), -1);
	CHECK_INT(e.kind, ERR_NOT_FOUND);
}

static void test_half_a_record_is_no_beginning(void)
{
	static const char half[] = "2026-01-02T03:04:05.000000006Z stdout F whole\n2026-01-02T03:04:05.000000007Z stdout F ha";
	__attribute__((cleanup(streams_clear))) struct streams s = { .records = 0 };
	struct log_reader r;
	struct err e = ERR_INIT;
	struct log l;

	put_text("half", half, sizeof half - 1);
	CHECK_INT(log_open(&l, dir, "half", &e), 0);
	log_write(&l, 1, "next\n", 5);
	log_close(&l);
	CHECK_INT(log_reader_open(&r, dir, "half", &e), 0);
	CHECK_INT(read_streams(&r, &s, &e), 0);
	CHECK_INT(s.records, 2);
	CHECK_STR(buf_text(&s.text[1]), "whole\nnext\n");
	log_reader_close(&r);
	/* And where no record is whole. */
	put_text("half", half + 60, 10);
	CHECK_INT(log_open(&l, dir, "half", &e), 0);
	CHECK_INT(l.end, 0);
	log_close(&l);
}

int main(void)
{
	if (!mkdtemp(directory) || (dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return 1;
	RUN(test_streams_come_back);
	RUN(test_appends);
	RUN(test_much_at_once);
	RUN(test_what_is_lost_is_said);
	RUN(test_reading_what_grows);
	RUN(test_tail_counts_lines);
	RUN(test_what_is_no_record);
	RUN(test_no_log);
	RUN(test_half_a_record_is_no_beginning);
	for (size_t i = 0; i < 7; i++)
		unlinkat(dir, (const char *const[]){ "streams", "appends", "much", "lost", "grows", "tail", "wrong" }[i], 0);
	rmdir(directory);
	return test_end();
}
