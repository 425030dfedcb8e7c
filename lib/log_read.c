#include "log.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define CHUNK (64u << 10)
#define RECORD_MAX (1u << 20) /* bytes: the writer's are shorter */

int log_reader_open(struct log_reader *r, int dir, const char *name, struct err *e)
{
	*r = (struct log_reader)LOG_READER_INIT;
	r->fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (r->fd != -1)
		return 0;
	return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "it has no %s", name) : err_errno(e, errno, "%s", name);
}

void log_reader_close(struct log_reader *r)
{
	io_cleanup_fd(&r->fd);
	buf_clear(&r->text);
}

/* Forgets what has been handed out. */
static void drop_used(struct log_reader *r)
{
	if (r->from == 0)
		return;
	memmove(r->text.data, r->text.data + r->from, r->text.len - r->from);
	r->text.len -= r->from;
	r->at += (off_t)r->from;
	r->from = 0;
}

static int go_to(struct log_reader *r, off_t at, struct err *e)
{
	buf_reset(&r->text);
	r->from = 0;
	r->at = at;
	return lseek(r->fd, at, SEEK_SET) == -1 ? err_errno(e, errno, "log") : 0;
}

/* Reads on. 1; 0 at the end of what there is; -1 with the error set. */
static int fill(struct log_reader *r, struct err *e)
{
	char chunk[CHUNK];
	ssize_t n = read(r->fd, chunk, sizeof chunk);

	if (n == -1)
		return errno == EINTR ? 1 : err_errno(e, errno, "log");
	drop_used(r);
	/* The beginning of a record may be taken back, when the disk is full: it is read again. */
	if (n == 0)
		return go_to(r, r->at, e);
	if (r->text.len > RECORD_MAX)
		return err_set(e, ERR_CONTENT, "log: a record without an end");
	buf_add(&r->text, chunk, (size_t)n);
	return buf_check(&r->text, e) == -1 ? -1 : 1;
}

/* "TIME stdout|stderr F|P TEXT", terminated in place. */
static int parse(char *line, size_t size, struct log_record *record, struct err *e)
{
	static const char *const streams[] = { " stdout ", " stderr " };
	char *blank = memchr(line, ' ', size);

	for (int i = 0; blank && i < 2; i++) {
		size_t head = strlen(streams[i]), left = size - (size_t)(blank - line);

		if (left < head + 2 || memcmp(blank, streams[i], head) != 0 || blank[head + 1] != ' ' ||
		    (blank[head] != 'F' && blank[head] != 'P'))
			continue;
		*record = (struct log_record){ .time = line, .fd = i + 1, .partial = blank[head] == 'P',
					       .text = blank + head + 2, .size = left - head - 2 };
		*blank = '\0';
		return 1;
	}
	return err_set(e, ERR_CONTENT, "log: not a record");
}

int log_read(struct log_reader *r, struct log_record *record, struct err *e)
{
	for (;;) {
		char *start = r->text.data ? r->text.data + r->from : NULL;
		char *newline = start ? memchr(start, '\n', r->text.len - r->from) : NULL;
		int more;

		if (newline) {
			r->from += (size_t)(newline - start) + 1;
			return parse(start, (size_t)(newline - start), record, e);
		}
		more = fill(r, e);
		if (more != 1)
			return more;
	}
}

/*
 * Reads until more than `max` lines have begun, and then stands before that record; or at the end. Returns how many
 * have.
 */
static long skip_lines(struct log_reader *r, long max, struct err *e)
{
	bool within[3] = { false }; /* a line of that stream has begun, and not ended */
	struct log_record record;
	long lines = 0;
	int status;

	for (;;) {
		off_t at = r->at + (off_t)r->from;

		status = log_read(r, &record, e);
		if (status != 1)
			return status == -1 ? -1 : lines;
		lines += !within[record.fd];
		within[record.fd] = record.partial;
		if (lines > max)
			return go_to(r, at, e) == -1 ? -1 : lines;
	}
}

int log_reader_tail(struct log_reader *r, long lines, struct err *e)
{
	long all = skip_lines(r, LONG_MAX, e);

	if (all == -1)
		return -1;
	if (lines == 0)
		return 0;
	if (go_to(r, 0, e) == -1)
		return -1;
	return all > lines && skip_lines(r, all - lines, e) == -1 ? -1 : 0;
}
