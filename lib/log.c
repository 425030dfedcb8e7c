#include "log.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define RECORDS_MAX (64u << 10) /* bytes of records that are gathered for one write */
#define STAMP_MAX 48

static void stamp(char text[STAMP_MAX])
{
	struct timespec now;
	struct tm tm;
	size_t n = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm))
		n = strftime(text, STAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, STAMP_MAX - n, ".%09ldZ", (long)now.tv_nsec);
}

/* Where the last whole record ends: a writer that was killed may have left the beginning of one. -1 with errno. */
static off_t find_end(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char text[4096];

	while (end > 0) {
		size_t n = end < (off_t)sizeof text ? (size_t)end : sizeof text;

		if (pread(fd, text, n, end - (off_t)n) != (ssize_t)n)
			return -1;
		for (; n > 0; n--, end--)
			if (text[n - 1] == '\n')
				return end;
	}
	return end;
}

int log_open(struct log *l, int dir, const char *name, struct err *e)
{
	*l = (struct log)LOG_INIT;
	l->fd = openat(dir, name, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (l->fd == -1 || (l->end = find_end(l->fd)) == -1 || ftruncate(l->fd, l->end) == -1) {
		err_errno(e, errno, "%s", name);
		io_cleanup_fd(&l->fd);
		return -1;
	}
	return 0;
}

/*
 * All of it, or none: half a record would spoil the next one too. `bytes`: of the container's, for the count of the
 * lost.
 */
static void write_records(struct log *l, const struct buf *text, size_t bytes)
{
	if (!text->failed && io_write_full(l->fd, text->data, text->len) == 0) {
		l->end += (off_t)text->len;
		l->lost = 0;
		return;
	}
	l->why = text->failed ? ENOMEM : errno;
	l->lost += bytes;
	(void)!ftruncate(l->fd, l->end);
}

static void add_record(struct buf *out, const char *time, int fd, const char *data, size_t size, bool partial)
{
	buf_addf(out, "%s %s %c ", time, fd == 2 ? "stderr" : "stdout", partial ? 'P' : 'F');
	buf_add(out, data, size);
	buf_addc(out, '\n');
}

static void add_lost(const struct log *l, struct buf *out, const char *time)
{
	char text[160];
	int n;

	if (!l->lost)
		return;
	n = snprintf(text, sizeof text, "[log: %" PRIu64 " bytes of output are lost here: %s]", l->lost,
		     strerror(l->why));
	if (n > 0 && (size_t)n < sizeof text)
		add_record(out, time, 2, text, (size_t)n, false);
}

/*
 * Records of as many lines as go into one write, after the word of what is lost. Returns the bytes that they are of.
 */
static size_t add_lines(struct log *l, const char *time, int fd, const char *data, size_t size)
{
	size_t taken = 0;

	buf_reset(&l->text);
	add_lost(l, &l->text, time);
	while (taken < size && l->text.len < RECORDS_MAX) {
		const char *newline = memchr(data + taken, '\n', size - taken);
		size_t line = newline ? (size_t)(newline - data) - taken : size - taken;

		add_record(&l->text, time, fd, data + taken, line, !newline);
		taken += line + (newline ? 1 : 0);
	}
	return taken;
}

void log_write(struct log *l, int fd, const char *data, size_t size)
{
	char time[STAMP_MAX];

	stamp(time);
	while (size > 0) {
		size_t taken = add_lines(l, time, fd, data, size);

		write_records(l, &l->text, taken);
		if (l->text.failed)
			buf_clear(&l->text);
		data += taken;
		size -= taken;
	}
}

void log_close(struct log *l)
{
	char time[STAMP_MAX];

	if (l->fd != -1 && l->lost) {
		stamp(time);
		add_lines(l, time, STDOUT_FILENO, "", 0);
		write_records(l, &l->text, 0);
	}
	io_cleanup_fd(&l->fd);
	buf_clear(&l->text);
}
