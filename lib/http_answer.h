/*
 * http_answer - the headers of an answer, as they come line by line, and what they say. Private to http*.c.
 */
#ifndef CR_HTTP_ANSWER_H
#define CR_HTTP_ANSWER_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

struct http_answer {
	struct buf lines; /* of the last answer, a NUL behind each */
	size_t count;	  /* of lines, of all answers, interim ones too */
	size_t bytes;	  /* of them */
	bool complete;	  /* all of the last answer's headers have come */
};

/* Takes a line of n bytes, with its line break or without. ERR_CONTENT for too many, or one that holds a NUL. */
int http_answer_add(struct http_answer *a, const char *line, size_t n, struct err *e);

/* As http_header, http_length. */
const char *http_answer_header(const struct http_answer *a, const char *name, size_t i);
int http_answer_length(const struct http_answer *a, int64_t *length, struct err *e);

#endif
