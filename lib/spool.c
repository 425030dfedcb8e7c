#include "spool.h"

#include "io.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void spool_init(struct spool *s, int file)
{
	*s = (struct spool){ .file = file, .tail = BUF_INIT };
}

void spool_clear(struct spool *s)
{
	buf_clear(&s->tail);
	free(s->chunk);
	s->chunk = NULL;
}

int spool_put(struct spool *s, const void *data, size_t n, struct err *e)
{
	buf_add(&s->tail, data, n);
	if (buf_check(&s->tail, e) == -1)
		return -1;
	if (s->file == -1 || s->tail.len < SPOOL_MEMORY)
		return 0;
	if (io_write_full(s->file, s->tail.data, s->tail.len) == -1)
		return err_errno(e, errno, "write to a scratch file");
	s->in_file += (int64_t)s->tail.len;
	buf_reset(&s->tail);
	return 0;
}

void spool_rewind(struct spool *s)
{
	s->read = 0;
	s->in_tail = false;
	s->left = 0;
}

/* Reads the next piece of the file. */
static int fill(struct spool *s, struct err *e)
{
	int64_t left = s->in_file - s->read;
	ssize_t got;

	if (!s->chunk && !(s->chunk = malloc(SPOOL_MEMORY)))
		return err_nomem(e);
	got = pread(s->file, s->chunk, left < (int64_t)SPOOL_MEMORY ? (size_t)left : SPOOL_MEMORY, s->read);
	if (got <= 0)
		return err_errno(e, got == 0 ? EIO : errno, "read a scratch file");
	s->read += got;
	s->next = s->chunk;
	s->left = (size_t)got;
	return 0;
}

/* At most n bytes of what comes next; 0 at the end. */
static ssize_t take(struct spool *s, char *data, size_t n, struct err *e)
{
	if (s->left == 0 && s->read < s->in_file && fill(s, e) == -1)
		return -1;
	if (s->left == 0 && !s->in_tail) {
		s->in_tail = true;
		s->next = buf_text(&s->tail);
		s->left = s->tail.len;
	}
	if (n > s->left)
		n = s->left;
	if (n)
		memcpy(data, s->next, n);
	s->next += n;
	s->left -= n;
	return (ssize_t)n;
}

int spool_get(struct spool *s, void *data, size_t n, struct err *e)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = take(s, (char *)data + have, n - have, e);
		if (got == -1)
			return -1;
		if (got == 0 && have == 0)
			return 0;
		if (got == 0)
			return err_set(e, ERR_IO, "a scratch file is cut off");
		have += (size_t)got;
	}
	return 1;
}
