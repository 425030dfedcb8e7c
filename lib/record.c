#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Takes the field up to the next TAB (or the end of the line) off the front of *line. */
static bool next_field(const char **line, size_t *len, const char **field, size_t *field_len)
{
	const char *tab;

	if (!*line)
		return false;
	tab = memchr(*line, '\t', *len);
	*field = *line;
	*field_len = tab ? (size_t)(tab - *line) : *len;
	*len = tab ? *len - *field_len - 1 : 0;
	*line = tab ? tab + 1 : NULL;
	return true;
}

static int parse_size(const char *text, size_t n, int64_t *size)
{
	int64_t value = 0;

	if (n == 0 || n > 18) /* 10^18 bytes: no overflow below that */
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	*size = value;
	return 0;
}

static int copy_text(char *to, size_t room, const char *text, size_t n, const char *what, struct err *e)
{
	if (n == 0 || n >= room)
		return err_set(e, ERR_CONTENT, "%s is %s", what, n ? "too long" : "empty");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return err_set(e, ERR_CONTENT, "%s holds a blank or a control character", what);
	memcpy(to, text, n);
	to[n] = '\0';
	return 0;
}

int record_parse(struct record *r, const char *line, size_t len, struct err *e)
{
	const char *field[4];
	size_t n[4];

	for (size_t i = 0; i < 4; i++)
		if (!next_field(&line, &len, &field[i], &n[i]))
			return err_set(e, ERR_CONTENT, "not a record: %zu of 4 fields", i);
	if (line)
		return err_set(e, ERR_CONTENT, "not a record: more than 4 fields");
	if (digest_parse(&r->digest, field[0], n[0], e) == -1)
		return -1;
	if (parse_size(field[1], n[1], &r->size) == -1)
		return err_set(e, ERR_CONTENT, "not a record: bad size");
	if (copy_text(r->media_type, sizeof r->media_type, field[2], n[2], "media type", e) == -1)
		return -1;
	return copy_text(r->source, sizeof r->source, field[3], n[3], "source", e);
}

int record_print(FILE *out, const struct record *r, struct err *e)
{
	if (fprintf(out, "%s\t%lld\t%s\t%s\n", digest_str(&r->digest).text, (long long)r->size, r->media_type,
		    r->source) < 0 ||
	    fflush(out) == EOF)
		return err_errno(e, errno, "standard output");
	return 0;
}

int record_set(struct record *r, const struct descriptor *d, const char *source, struct err *e)
{
	r->digest = d->digest;
	r->size = d->size;
	if (copy_text(r->media_type, sizeof r->media_type, d->media_type, strlen(d->media_type), "media type", e) == -1)
		return -1;
	return copy_text(r->source, sizeof r->source, source, strlen(source), "source", e);
}

enum oci_kind record_kind(const struct record *r)
{
	return oci_kind(r->media_type);
}

void record_reader_init(struct record_reader *r, int fd)
{
	r->fd = fd;
	r->len = r->used = 0;
	r->eof = r->skipping = false;
	r->line = 0;
}

static char *buffered_newline(const struct record_reader *r)
{
	return memchr(r->data + r->used, '\n', r->len - r->used);
}

bool record_ready(const struct record_reader *r)
{
	return r->eof || (buffered_newline(r) && !r->skipping);
}

static int fill(struct record_reader *r, struct err *e)
{
	ssize_t got;

	memmove(r->data, r->data + r->used, r->len - r->used);
	r->len -= r->used;
	r->used = 0;
	if (r->len == sizeof r->data) {
		r->used = r->len; /* the next call goes on behind it */
		r->skipping = true;
		return err_set(e, ERR_CONTENT, "line %lu: longer than %zu bytes", ++r->line, sizeof r->data);
	}
	do
		got = read(r->fd, r->data + r->len, sizeof r->data - r->len);
	while (got == -1 && errno == EINTR);
	if (got <= 0)
		r->eof = true;
	if (got == -1)
		return err_errno(e, errno, "standard input");
	r->len += (size_t)got;
	return 0;
}

/* Drops the rest of a line that was too long. */
static int skip_rest(struct record_reader *r, struct err *e)
{
	char *newline = NULL;

	while (r->skipping && !r->eof && !(newline = buffered_newline(r))) {
		r->used = r->len;
		if (fill(r, e) == -1)
			return -1;
	}
	if (r->skipping)
		r->used = newline ? (size_t)(newline - r->data) + 1 : r->len;
	r->skipping = false;
	return 0;
}

int record_next(struct record_reader *r, struct record *out, struct err *e)
{
	const char *line;
	char *newline;
	size_t n;

	if (skip_rest(r, e) == -1)
		return -1;
	while (!(newline = buffered_newline(r)) && !r->eof)
		if (fill(r, e) == -1)
			return -1;
	if (!newline && r->len == r->used)
		return 0;
	r->line++;
	if (!newline)
		return err_set(e, ERR_CONTENT, "line %lu: cut off", r->line);
	line = r->data + r->used;
	n = (size_t)(newline - line);
	r->used += n + 1;
	if (record_parse(out, line, n, e) == -1)
		return err_context(e, "line %lu", r->line);
	return 1;
}
