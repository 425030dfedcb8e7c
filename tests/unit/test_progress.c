#include "progress_state.h"

#include "json.h"

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- text --- */

static const char *size(int64_t bytes)
{
	static char text[TEXT_SIZE];

	text_size(text, bytes);
	return text;
}

static void test_size(void)
{
	CHECK_STR(size(-1), "");
	CHECK_STR(size(0), "0 B");
	CHECK_STR(size(999), "999 B");
	CHECK_STR(size(1000), "1.0 kB");
	CHECK_STR(size(999949), "999.9 kB");
	CHECK_STR(size(999950), "1.0 MB");
	CHECK_STR(size(999999), "1.0 MB");
	CHECK_STR(size(123456789), "123.5 MB");
	CHECK_STR(size(INT64_C(5) << 40), "5.5 TB");
	CHECK_STR(size(INT64_MAX), "9.2 EB");
	for (int64_t n = 1; n < INT64_MAX / 3; n = n * 3 - n / 7)
		CHECK(strlen(size(n)) <= 8);
}

static const char *duration(int64_t seconds)
{
	static char text[TEXT_DURATION];

	text_duration(text, seconds);
	return text;
}

static void test_duration(void)
{
	CHECK_STR(duration(-1), "");
	CHECK_STR(duration(0), "0s");
	CHECK_STR(duration(59), "59s");
	CHECK_STR(duration(60), "1m00s");
	CHECK_STR(duration(3599), "59m59s");
	CHECK_STR(duration(3600), "1h00m");
	CHECK_STR(duration(86399), "23h59m");
	CHECK_STR(duration(86400 + 2 * 3600), "1d02h");
	CHECK_STR(duration(100 * 86400 - 1), "99d23h");
	CHECK_STR(duration(100 * 86400), ">99d");
	CHECK_STR(duration(INT64_MAX), ">99d");
}

static void test_percent(void)
{
	static const struct {
		int64_t bytes, total;
		const char *want;
	} cases[] = { { 5, -1, "" }, { 0, 0, "100%" }, { 0, 7, "0%" }, { 1, 3, "33%" }, { 9999, 10000, "99%" },
		      { INT64_MAX - 1, INT64_MAX, "99%" }, { 7, 7, "100%" }, { 9, 7, "100%" } };
	char text[TEXT_PERCENT];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		text_percent(text, cases[i].bytes, cases[i].total);
		CHECK_STR(text, cases[i].want);
	}
}

static const char *line(size_t columns, const struct text_line *l)
{
	static char text[TEXT_LINE];

	size_t n = text_line(text, columns, l);

	CHECK_INT(n, strlen(text));
	return text;
}

static void test_line_narrows(void)
{
	struct text_line l = { .label = "0123456789ab", .bytes = 50000000, .total = 100000000, .rate = 10000000, .left = 5 };

	CHECK_STR(line(63, &l), "0123456789ab  [==>   ]   50.0 MB / 100.0 MB   10.0 MB/s      5s");
	CHECK_STR(line(62, &l), "0123456789ab  [=====>       ]   50.0 MB / 100.0 MB   10.0 MB/s");
	CHECK_STR(line(54, &l), "0123456789ab  [=======>         ]   50.0 MB / 100.0 MB");
	CHECK_STR(line(42, &l), "0123456789ab   50.0 MB / 100.0 MB");
	CHECK_STR(line(32, &l), "0123456789ab   50%");
	CHECK_STR(line(18, &l), "0123456789ab   50%");
	CHECK_STR(line(17, &l), "");
	l.sum = true;
	strcpy(l.label, "3/5 blobs");
	CHECK_STR(line(32, &l), "3/5 blobs      50%");
	CHECK_STR(line(17, &l), "3/5 blobs");
	CHECK_STR(line(8, &l), "50%");
	CHECK_STR(line(2, &l), "");
	CHECK_STR(line(0, &l), "");
}

static void test_line_of_unknown(void)
{
	struct text_line l = { .label = "0123456789ab", .bytes = 7, .total = -1, .rate = -1, .left = -1 };

	CHECK_STR(line(63, &l), "0123456789ab  [      ]                  7 B");
	CHECK_STR(line(20, &l), "0123456789ab");
}

/* Widths 0 to 200 with sizes, rates and labels of any length. */
static void test_line_never_longer(void)
{
	static const int64_t values[] = { -1, 0, 999949, 123456789, INT64_MAX };
	static const char *const labels[] = { "0/1 blob", "0123456789ab", "18446744073709551615/18446744073709551615, 18446744073709551615 failed" };
	enum { N = sizeof values / sizeof *values };
	struct text_line l = { .sum = false };

	for (int i = 0; i < N * N * N * 6; i++) {
		l.bytes = values[i % N] < 0 ? 0 : values[i % N];
		l.total = values[i / N % N];
		l.rate = l.left = values[i / N / N % N];
		l.sum = i / N / N / N % 2;
		strcpy(l.label, labels[i / N / N / N / 2]);
		for (size_t columns = 0; columns <= 200; columns++)
			CHECK(strlen(line(columns, &l)) <= columns);
	}
}

/* --- rates --- */

static void test_rate(void)
{
	struct meter m = { .count = 0 };
	int64_t now = 1000;

	CHECK_INT(meter_rate(&m, now, 0), -1);
	meter_start(&m, now, 5000000);
	CHECK_INT(meter_rate(&m, now, 5000000), -1);
	CHECK_INT(meter_rate(&m, now + METER_LEAST, 5000000 + 200), 1000);
	for (int64_t i = 0; i < 1000; i++, now += 10)
		meter_sample(&m, now, 5000000 + i * 20);
	CHECK_INT(meter_rate(&m, now, 5000000 + 20000), 2000);
	/* a second at ten times the rate is a fifth of the window */
	for (int64_t i = 0; i < 100; i++, now += 10)
		meter_sample(&m, now, 5020000 + i * 200);
	CHECK(meter_rate(&m, now, 5040000) > 4500 && meter_rate(&m, now, 5040000) < 6500);
	/* nothing comes any more */
	for (int i = 0; i < 60; i++, now += 100)
		meter_sample(&m, now, 5040000);
	CHECK_INT(meter_rate(&m, now, 5040000), 0);
}

static void test_rate_is_never_negative(void)
{
	struct meter m = { .count = 0 };

	meter_start(&m, 0, 1000);
	CHECK_INT(meter_rate(&m, 1000, 500), 0);
	CHECK_INT(meter_rate(&m, 0, 2000), -1);
	CHECK_INT(meter_rate(&m, -5, 2000), -1);
	CHECK_INT(meter_rate(&m, METER_LEAST, INT64_MAX), INT64_MAX);
}

static void test_left(void)
{
	CHECK_INT(meter_left(0, 100, 10), 10);
	CHECK_INT(meter_left(0, 101, 10), 11);
	CHECK_INT(meter_left(100, 100, 10), 0);
	CHECK_INT(meter_left(200, 100, 10), 0);
	CHECK_INT(meter_left(0, -1, 10), -1);
	CHECK_INT(meter_left(0, 100, 0), -1);
	CHECK_INT(meter_left(0, 100, -1), -1);
	CHECK_INT(meter_left(0, INT64_MAX, 1), INT64_MAX);
}

/* --- a progress whose clock we set, and whose writes can be told from one another --- */

static int64_t now;

static int64_t our_clock(void)
{
	return now;
}

static struct progress *make(int terminal, bool dumb, int json)
{
	struct progress_options o = { .terminal = terminal, .dumb = dumb, .json = json };
	struct err e = ERR_INIT;
	struct progress *p = progress_new(&o, &e);

	now = 5000;
	p->clock = our_clock;
	return p;
}

static struct progress_blob *add(struct progress *p, int n, int64_t total)
{
	struct digest d;
	struct err e = ERR_INIT;

	memset(d.bytes, n, sizeof d.bytes);
	return progress_add(p, &d, total, &e);
}

/* fds[0] reads what fds[1] writes, one write(2) a call of writes(). */
static void make_packets(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) == -1)
		abort();
}

/* How many writes there were; *text is the last. */
static int writes(int fd, char text[8192])
{
	int n = 0;
	ssize_t got;

	for (text[0] = '\0'; (got = read(fd, text, 8191)) > 0; n++)
		text[got] = '\0';
	return n;
}

static void test_nothing_asked_for(void)
{
	struct progress *p = make(-1, false, -1);
	struct progress_blob *b = add(p, 1, 100);

	progress_update(b, PROGRESS_RUNNING, 0);
	now += 1000;
	progress_update(b, PROGRESS_RUNNING, 50);
	CHECK_INT(progress_wait(p), -1);
	progress_draw(p);
	progress_clear(p);
	progress_update(b, PROGRESS_DONE, 100);
	CHECK_INT(progress_json_error(p), 0);
	progress_free(p);
	progress_free(NULL);
}

static void test_what_is_over_at_once_shows_nothing(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;

	make_packets(fds);
	p = make(fds[1], false, -1);
	CHECK_INT(progress_wait(p), -1);
	for (int i = 0; i < 20; i++) {
		struct progress_blob *b = add(p, i, 100);
		CHECK_INT(progress_wait(p), PROGRESS_DELAY);
		progress_update(b, PROGRESS_RUNNING, 0);
		now += PROGRESS_DELAY - 1;
		CHECK_INT(progress_wait(p), 1);
		progress_draw(p);
		progress_update(b, PROGRESS_DONE, 100);
	}
	CHECK_INT(progress_wait(p), -1);
	progress_free(p);
	CHECK_INT(writes(fds[0], text), 0);
	close(fds[0]);
	close(fds[1]);
}

static void test_draws_when_due(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;
	struct progress_blob *b;
	int drawn = 0;

	make_packets(fds);
	p = make(fds[1], false, -1);
	b = add(p, 1, 100000);
	progress_update(b, PROGRESS_RUNNING, 0);
	now += PROGRESS_DELAY;
	progress_update(b, PROGRESS_RUNNING, 1);
	CHECK_INT(writes(fds[0], text), 1);
	for (int i = 2; i < 10000; i++, now++) {
		progress_update(b, PROGRESS_RUNNING, i);
		drawn += writes(fds[0], text);
	}
	CHECK_INT(drawn, 99);
	CHECK(progress_wait(p) > 0 && progress_wait(p) <= PROGRESS_STEP);
	now += PROGRESS_STEP;
	CHECK_INT(progress_wait(p), 0);
	progress_draw(p);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK_INT(progress_wait(p), PROGRESS_TICK);
	/* nothing comes: the rate falls to nothing, and then there is nothing to draw */
	for (int i = 0; i < 600; i++, now += 100)
		progress_draw(p);
	CHECK(writes(fds[0], text) <= METER_WINDOW / 1000 + 2);
	CHECK(strstr(text, "  0 B/s") != NULL);
	progress_update(b, PROGRESS_DONE, 0);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK(strstr(text, "1/1 blob  ") != NULL);
	CHECK_INT(progress_wait(p), -1);
	progress_free(p);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK_STR(text, "\r\033[J");
	close(fds[0]);
	close(fds[1]);
}

static void test_clear(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;
	struct progress_blob *b;

	make_packets(fds);
	p = make(fds[1], false, -1);
	b = add(p, 1, 1000);
	progress_clear(p);
	CHECK_INT(writes(fds[0], text), 0);
	now += 5000;
	progress_update(b, PROGRESS_RUNNING, 0);
	writes(fds[0], text);
	progress_clear(p);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK_STR(text, "\r\033[J");
	progress_clear(p);
	CHECK_INT(writes(fds[0], text), 0);
	now += PROGRESS_STEP;
	CHECK_INT(progress_wait(p), 0);
	progress_draw(p);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK(strstr(text, "010101010101") != NULL);
	progress_free(p);
	close(fds[0]);
	close(fds[1]);
}

/* What was there before the transfer makes no rate, neither does what has to come again. */
static void test_resumed_bytes_make_no_rate(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;
	struct progress_blob *b;

	make_packets(fds);
	p = make(fds[1], false, -1);
	b = add(p, 1, 900000000);
	progress_update(b, PROGRESS_RUNNING, 800000000);
	now += 1000;
	progress_update(b, PROGRESS_RUNNING, 800005000);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK(strstr(text, "800.0 MB / 900.0 MB    5.0 kB/s") != NULL);
	now += 1000;
	progress_update(b, PROGRESS_RUNNING, 1000);
	CHECK_INT(p->moved, 5000);
	CHECK_INT(meter_rate(&b->meter, now, b->bytes), -1);
	now += 1000;
	progress_update(b, PROGRESS_RUNNING, 3000);
	CHECK_INT(p->moved, 7000);
	CHECK_INT(meter_rate(&b->meter, now, b->bytes), 2000);
	/* waiting in between, and on */
	progress_update(b, PROGRESS_WAITING, 3000);
	CHECK(p->first == NULL);
	now += 60000;
	progress_update(b, PROGRESS_RUNNING, 4000);
	CHECK_INT(p->moved, 7000);
	now += 1000;
	progress_update(b, PROGRESS_RUNNING, 5000);
	CHECK_INT(meter_rate(&b->meter, now, b->bytes), 1000);
	progress_free(p);
	close(fds[0]);
	close(fds[1]);
}

static void test_sum(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;
	struct progress_blob *b[5];

	make_packets(fds);
	p = make(fds[1], false, -1);
	for (int i = 0; i < 5; i++)
		b[i] = add(p, i, 1000000);
	progress_update(b[0], PROGRESS_THERE, 0);
	progress_update(b[1], PROGRESS_RUNNING, 0);
	progress_update(b[2], PROGRESS_RUNNING, 0);
	progress_update(b[2], PROGRESS_FAILED, 0);
	progress_update(b[3], PROGRESS_DONE, 1000000);
	now += 1000;
	progress_update(b[1], PROGRESS_RUNNING, 500000);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK(strstr(text, "\n2/5, 1 failed  [===") != NULL);
	CHECK(strstr(text, " 2.5 MB / 4.0 MB  500.0 kB/s      3s") != NULL);
	CHECK(strstr(text, "\n010101010101 ") != NULL);
	CHECK(strstr(text, "\n020202020202 ") == NULL);
	CHECK(strstr(text, "\n040404040404 ") == NULL);
	b[4]->total = -1;
	p->changed = true;
	now += 100;
	progress_draw(p);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK(strstr(text, " 2.5 MB  454.") != NULL);
	progress_free(p);
	close(fds[0]);
	close(fds[1]);
}

static void test_sums_do_not_overflow(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;
	struct progress_blob *b[4];

	make_packets(fds);
	p = make(fds[1], false, -1);
	for (int i = 0; i < 4; i++) {
		b[i] = add(p, i, INT64_MAX);
		progress_update(b[i], PROGRESS_RUNNING, 0);
	}
	progress_update(b[0], PROGRESS_DONE, 0);
	progress_update(b[1], PROGRESS_DONE, 0);
	now += 1000;
	progress_update(b[2], PROGRESS_RUNNING, INT64_MAX);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK(strstr(text, "9.2 EB / 9.2 EB") != NULL);
	progress_update(b[3], PROGRESS_RUNNING, -5);
	CHECK_INT(b[3]->bytes, 0);
	progress_free(p);
	close(fds[0]);
	close(fds[1]);
}

static void test_broken_terminal(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;
	struct progress_blob *b;

	make_packets(fds);
	p = make(fds[1], false, -1);
	b = add(p, 1, 1000);
	now += 1000;
	progress_update(b, PROGRESS_RUNNING, 0);
	CHECK_INT(writes(fds[0], text), 1);
	close(fds[0]);
	now += 1000;
	progress_update(b, PROGRESS_RUNNING, 100);
	CHECK_INT(progress_wait(p), -1);
	progress_update(b, PROGRESS_DONE, 1000);
	progress_free(p);
	close(fds[1]);
}

/* --- sizes of terminals --- */

/* A terminal that hands on what it is given; *screen reads it. */
static int make_terminal(int *screen)
{
	int fd;

	*screen = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (*screen == -1 || grantpt(*screen) == -1 || unlockpt(*screen) == -1)
		return -1;
	fd = open(ptsname(*screen), O_RDWR | O_NOCTTY);
	if (fd == -1)
		close(*screen);
	return fd;
}

static void resize(int fd, int columns, int rows)
{
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows };

	ioctl(fd, TIOCSWINSZ, &size);
}

/* Whether all lines of a frame are shorter than `columns`, there are fewer than `rows`, and the cursor goes back up. */
static bool frame_fits(const char *s, int columns, int rows)
{
	int column = 0, lines = 0, up = 0;

	for (; *s; s++) {
		if (*s == '\033') {
			int n;

			s += s[2] == '?' ? 3 : 2;
			n = (int)strtol(s, (char **)&s, 10);
			up += *s == 'A' ? n : 0;
		} else if (*s == '\r') {
			column = 0;
		} else if (*s == '\n') {
			lines++;
		} else if (++column >= columns) {
			return false;
		}
	}
	return up == lines && (lines == 0 || lines + 1 < rows);
}

static void test_any_size_of_terminal(void)
{
	char text[8192];
	int screen, fd = make_terminal(&screen);
	struct progress *p;

	if (fd == -1)
		SKIP("no pseudo-terminals");
	p = make(fd, false, -1);
	for (int i = 0; i < 30; i++)
		progress_update(add(p, i, 1000000 * i), PROGRESS_RUNNING, 1000 * i);
	for (int columns = 1; columns <= 200; columns++)
		for (int rows = 1; rows <= 40; rows += 1 + rows / 4) {
			resize(fd, columns, rows);
			now += PROGRESS_TICK;
			progress_draw(p);
			writes(screen, text);
			if (!frame_fits(buf_text(&p->drawn), columns, rows)) {
				fprintf(stderr, "%d by %d\n", columns, rows);
				CHECK_STR(buf_text(&p->drawn), "a frame that fits");
			}
		}
	resize(fd, 0, 0);
	now += PROGRESS_TICK;
	progress_update(p->first, PROGRESS_RUNNING, 900);
	CHECK(frame_fits(buf_text(&p->drawn), 80, 24));
	CHECK(!frame_fits(buf_text(&p->drawn), 75, 24));
	CHECK(!frame_fits(buf_text(&p->drawn), 80, 23));
	progress_free(p);
	close(fd);
	close(screen);
}

static void test_dumb_terminal(void)
{
	char text[8192];
	int screen, fd = make_terminal(&screen);
	struct progress *p;

	if (fd == -1)
		SKIP("no pseudo-terminals");
	p = make(fd, true, -1);
	progress_update(add(p, 1, 1000), PROGRESS_RUNNING, 500);
	for (int columns = 1; columns <= 300; columns++) {
		resize(fd, columns, 24);
		now += PROGRESS_TICK;
		progress_draw(p);
		writes(screen, text);
		CHECK(!strpbrk(buf_text(&p->drawn), "\033\n"));
		/* '\r', a line of all columns but one, '\r' */
		CHECK_INT(p->drawn.len, (columns <= TEXT_LINE - 1 ? columns : TEXT_LINE - 1) + 1);
	}
	progress_free(p);
	close(fd);
	close(screen);
}

static void test_dumb_terminal_is_cleared(void)
{
	char text[8192];
	int fds[2];
	struct progress *p;

	make_packets(fds);
	p = make(fds[1], true, -1);
	now += PROGRESS_DELAY;
	progress_update(add(p, 1, 1000), PROGRESS_RUNNING, 500);
	now += PROGRESS_DELAY;
	progress_draw(p);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK(strncmp(text, "\r0/1 blob ", 10) == 0);
	CHECK_INT(strlen(text), 1 + 79 + 1);
	progress_free(p);
	CHECK_INT(writes(fds[0], text), 1);
	CHECK_INT(strlen(text), 1 + 79 + 1);
	CHECK_INT(strspn(text + 1, " "), 79);
	CHECK_INT(text[80], '\r');
	close(fds[0]);
	close(fds[1]);
}

/* Whether within five seconds fd has, or has no more, what poll is asked for. */
static bool comes_to(int fd, short events, int wanted)
{
	struct pollfd it = { .fd = fd, .events = events };

	for (int i = 0; i < 500; i++, usleep(10000))
		if (poll(&it, 1, 0) == wanted)
			return true;
	return false;
}

/* Ctrl-S makes the terminal wait, and not the transfer. */
static void test_stopped_terminal(void)
{
	char text[8192];
	int screen, fd = make_terminal(&screen);
	struct progress *p;
	struct progress_blob *b;

	if (fd == -1)
		SKIP("no pseudo-terminals");
	p = make(fd, false, -1);
	b = add(p, 1, 1000);
	now += PROGRESS_DELAY;
	CHECK_INT(write(screen, "\023", 1), 1);
	CHECK(comes_to(fd, POLLOUT, 0));
	alarm(20);
	progress_update(b, PROGRESS_RUNNING, 500);
	CHECK_INT(writes(screen, text), 0);
	CHECK_INT(write(screen, "\021", 1), 1);
	CHECK(comes_to(fd, POLLOUT, 1));
	now += PROGRESS_TICK;
	progress_draw(p);
	CHECK(comes_to(screen, POLLIN, 1));
	alarm(0);
	progress_free(p);
	close(fd);
	close(screen);
}

/* --- JSON --- */

/* A line of JSON as "STATE BYTES TOTAL", and its first byte of digest before it. */
static void read_line(const char *text, char out[100])
{
	struct err e = ERR_INIT;
	cleanup_json struct json *doc = json_parse(text, strlen(text), &e);
	struct json_value root = json_root(doc);
	char *digest = json_string(json_member(root, "digest"), &e), *state = json_string(json_member(root, "state"), &e);
	int64_t bytes = -2, total = -1;

	json_int64(json_member(root, "bytes"), &bytes, &e);
	if (json_type(json_member(root, "total")) != JSON_NULL)
		json_int64(json_member(root, "total"), &total, &e);
	CHECK_STR(e.text, "");
	CHECK_INT(json_count(root), 4);
	CHECK_INT(strlen(digest ? digest : ""), 71);
	snprintf(out, 100, "%.2s %s %" PRId64 " %" PRId64, digest ? digest + 7 : "", state, bytes, total);
	free(digest);
	free(state);
}

static void check_next_line(int fd, const char *want)
{
	char text[8192], got[100] = "";
	ssize_t n = read(fd, text, sizeof text - 1);

	if (n > 0) {
		text[n] = '\0';
		CHECK(text[n - 1] == '\n' && strchr(text, '\n') == text + n - 1);
		read_line(text, got);
	}
	CHECK_STR(got, want);
}

static void test_json_lines(void)
{
	int fds[2];
	struct progress *p;
	struct progress_blob *a, *b;

	make_packets(fds);
	p = make(-1, false, fds[1]);
	a = add(p, 0xaa, 1000);
	check_next_line(fds[0], "aa waiting 0 1000");
	b = add(p, 0xbb, -1);
	check_next_line(fds[0], "bb waiting 0 -1");
	progress_update(b, PROGRESS_RUNNING, 7);
	check_next_line(fds[0], "bb running 7 -1");
	now += PROGRESS_STEP - 1;
	progress_update(b, PROGRESS_RUNNING, 8);
	check_next_line(fds[0], "");
	CHECK_INT(progress_wait(p), 1);
	now++;
	progress_draw(p);
	check_next_line(fds[0], "bb running 8 -1");
	CHECK_INT(progress_wait(p), -1);
	now += PROGRESS_STEP;
	progress_draw(p);
	progress_update(b, PROGRESS_RUNNING, 8);
	check_next_line(fds[0], "");
	b->total = 20;
	progress_update(b, PROGRESS_RUNNING, 9);
	check_next_line(fds[0], "bb running 9 20");
	progress_update(b, PROGRESS_RUNNING, 15);
	progress_update(b, PROGRESS_FAILED, 16);
	check_next_line(fds[0], "bb failed 16 20");
	progress_update(a, PROGRESS_THERE, 0);
	check_next_line(fds[0], "aa there 1000 1000");
	a = add(p, 0xcc, -1);
	check_next_line(fds[0], "cc waiting 0 -1");
	progress_update(a, PROGRESS_DONE, 12);
	check_next_line(fds[0], "cc done 12 -1");
	progress_free(p);
	check_next_line(fds[0], "");
	close(fds[0]);
	close(fds[1]);
}

static void test_json_at_most_ten_a_second(void)
{
	char text[8192], last[100];
	int fds[2], lines = 0;
	struct progress *p;
	struct progress_blob *b;
	const char *memory;

	make_packets(fds);
	p = make(-1, false, fds[1]);
	memory = p->line.data;
	b = add(p, 1, 5000);
	progress_update(b, PROGRESS_RUNNING, 0);
	CHECK_INT(writes(fds[0], text), 2);
	for (int i = 1; i <= 5000; i++, now++) {
		progress_update(b, PROGRESS_RUNNING, i);
		lines += writes(fds[0], text);
	}
	CHECK_INT(lines, 49);
	CHECK(p->line.data == memory);
	progress_update(b, PROGRESS_DONE, 5000);
	CHECK_INT(writes(fds[0], text), 1);
	read_line(text, last);
	CHECK_STR(last, "01 done 5000 5000");
	progress_free(p);
	close(fds[0]);
	close(fds[1]);
}

static void test_json_to_nobody(void)
{
	int fds[2];
	struct progress *p;
	struct progress_blob *b;

	if (pipe(fds) == -1)
		abort();
	p = make(-1, false, fds[1]);
	close(fds[0]);
	CHECK_INT(progress_json_error(p), 0);
	b = add(p, 1, 100);
	CHECK(b != NULL);
	CHECK_INT(progress_json_error(p), EPIPE);
	close(fds[1]);
	progress_update(b, PROGRESS_RUNNING, 10);
	progress_update(b, PROGRESS_DONE, 100);
	CHECK_INT(progress_wait(p), -1);
	CHECK_INT(progress_json_error(p), EPIPE);
	progress_free(p);
}

static void test_json_to_a_full_disk(void)
{
	int fd = open("/dev/full", O_WRONLY);
	struct progress *p;

	if (fd == -1)
		SKIP("no /dev/full");
	p = make(-1, false, fd);
	progress_update(add(p, 1, 100), PROGRESS_DONE, 100);
	CHECK_INT(progress_json_error(p), ENOSPC);
	progress_free(p);
	close(fd);
}

/* Reads lines slowly. Exits with 0 if there were as many as are wanted, each an object. */
static void read_slowly(int fd, int wanted)
{
	char text[512];
	FILE *f = fdopen(fd, "r");
	int n = 0;

	usleep(100000);
	for (; fgets(text, sizeof text, f); n++)
		if (text[0] != '{' || strcmp(text + strlen(text) - 2, "}\n") != 0)
			_exit(1);
	_exit(n == wanted ? 0 : 2);
}

/* Neither a slow reader nor a pipe that would not wait for it costs a line. */
static void test_json_to_a_slow_reader(void)
{
	int fds[2], status = -1;
	struct progress *p;
	pid_t pid;

	if (pipe2(fds, O_NONBLOCK) == -1)
		abort();
	fcntl(fds[0], F_SETFL, 0);
	fcntl(fds[1], F_SETPIPE_SZ, 4096);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		read_slowly(fds[0], 2000);
	}
	close(fds[0]);
	p = make(-1, false, fds[1]);
	for (int i = 0; i < 1000; i++)
		progress_update(add(p, i % 256, 100), PROGRESS_DONE, 100);
	CHECK_INT(progress_json_error(p), 0);
	progress_free(p);
	close(fds[1]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

/* --- memory --- */

static size_t blobs_held(const struct progress *p)
{
	size_t n = 0;

	for (const struct progress_blob *b = p->all; b; b = b->older)
		n++;
	return n;
}

/* A stream of a million blobs, eight at once, costs the memory of eight. */
static void test_memory_is_used_again(void)
{
	struct progress *p = make(-1, false, -1);
	struct progress_blob *b[8] = { NULL };

	for (int i = 0; i < 1000000; i++) {
		int n = i * 5 % 8;
		if (b[n])
			progress_update(b[n], (enum progress_state)(PROGRESS_THERE + i % 3), 10);
		b[n] = add(p, i % 256, 10);
		if (i % 3)
			progress_update(b[n], PROGRESS_RUNNING, 0);
	}
	CHECK_INT(blobs_held(p), 8);
	CHECK_INT(p->blobs, 1000000);
	CHECK_INT(p->live, 8);
	CHECK_INT(p->finished + p->failed, 1000000 - 8);
	progress_free(p);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	RUN(test_size);
	RUN(test_duration);
	RUN(test_percent);
	RUN(test_line_narrows);
	RUN(test_line_of_unknown);
	RUN(test_line_never_longer);
	RUN(test_rate);
	RUN(test_rate_is_never_negative);
	RUN(test_left);
	RUN(test_nothing_asked_for);
	RUN(test_what_is_over_at_once_shows_nothing);
	RUN(test_draws_when_due);
	RUN(test_clear);
	RUN(test_resumed_bytes_make_no_rate);
	RUN(test_sum);
	RUN(test_sums_do_not_overflow);
	RUN(test_broken_terminal);
	RUN(test_any_size_of_terminal);
	RUN(test_dumb_terminal);
	RUN(test_dumb_terminal_is_cleared);
	RUN(test_stopped_terminal);
	RUN(test_json_lines);
	RUN(test_json_at_most_ten_a_second);
	RUN(test_json_to_nobody);
	RUN(test_json_to_a_full_disk);
	RUN(test_json_to_a_slow_reader);
	RUN(test_memory_is_used_again);
	return test_end();
}
