#include "http_answer.h"

#include "http.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT_MAX 1000

int http_answer_add(struct http_answer *a, const char *line, size_t n, struct err *e)
{
	a->bytes += n;
	if (a->bytes > HTTP_HEADERS_MAX || ++a->count > COUNT_MAX)
		return err_set(e, ERR_CONTENT, "too many headers");
	if (n >= 5 && strncmp(line, "HTTP/", 5) == 0) { /* the headers that count follow the last of these */
		buf_reset(&a->lines);
		a->complete = false;
		return 0;
	}
	if (memchr(line, '\0', n))
		return err_set(e, ERR_CONTENT, "a NUL in a header");
	while (n > 0 && isspace((unsigned char)line[n - 1]))
		n--;
	if (n == 0) {
		a->complete = true;
		return 0;
	}
	buf_add(&a->lines, line, n);
	buf_add(&a->lines, "", 1);
	return buf_check(&a->lines, e);
}

const char *http_answer_header(const struct http_answer *a, const char *name, size_t i)
{
	size_t n = strlen(name);
	const char *line = buf_text(&a->lines), *end = line + a->lines.len;

	for (; line < end; line += strlen(line) + 1) {
		if (strncasecmp(line, name, n) != 0 || line[n] != ':' || i-- > 0)
			continue;
		return line + n + 1 + strspn(line + n + 1, " \t");
	}
	return NULL;
}

int http_answer_length(const struct http_answer *a, int64_t *length, struct err *e)
{
	const char *first = http_answer_header(a, "content-length", 0), *other;
	char *end;

	*length = -1;
	for (size_t i = 1; (other = http_answer_header(a, "content-length", i)); i++)
		if (strcmp(first, other) != 0)
			return err_set(e, ERR_CONTENT, "the answer has two lengths, %.20s and %.20s", first, other);
	if (first && http_answer_header(a, "transfer-encoding", 0))
		return err_set(e, ERR_CONTENT, "the answer has a length, and comes in chunks");
	if (!first)
		return 0;
	errno = 0;
	*length = strtoll(first, &end, 10);
	if (errno || *end || end == first || *length < 0)
		return err_set(e, ERR_CONTENT, "the answer's length is no number: %.20s", first);
	return 0;
}
