/*
 * buf - growable bytes.
 *
 * Adding never reports: when memory runs out the buffer remembers, ignores what follows, and buf_check
 * says so once, at the end. data is NUL-terminated whenever it is not NULL; len does not count the NUL.
 *
 *	cleanup_buf struct buf b = BUF_INIT;
 *	buf_addf(&b, "%s/%s", dir, name);
 *	if (buf_check(&b, e) == -1)
 *		return -1;
 */
#ifndef CR_BUF_H
#define CR_BUF_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;	/* owned; NULL while nothing was added */
	size_t len;	/* bytes */
	size_t cap;	/* bytes allocated */
	bool failed;	/* memory ran out */
};

#define BUF_INIT { NULL, 0, 0, false }

void buf_clear(struct buf *b); /* frees, and is empty again */
void buf_wipe(struct buf *b);  /* overwrites what is in it, a secret; the length stays */
void buf_reset(struct buf *b); /* empty, memory kept */
#define cleanup_buf __attribute__((cleanup(buf_clear)))

void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 0, or -1 with the error set when an addition failed. */
int buf_check(const struct buf *b, struct err *e);

/* The text so far; "" for an empty buffer. Valid until the next addition. */
const char *buf_text(const struct buf *b);

/* Hands the bytes over to the caller, who frees them; the buffer is empty again. NULL when an addition failed. */
char *buf_steal(struct buf *b);

#endif
