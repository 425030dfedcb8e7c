/*
 * tar_input - a source read in blocks, with room for little reads. Private to tar*.c.
 */
#ifndef CR_TAR_INPUT_H
#define CR_TAR_INPUT_H

#include "io.h"

#define TAR_BLOCK_SIZE 512
#define TAR_INPUT_BUFFER (64u << 10) /* bytes; reads as large as that go past the buffer */

struct tar_input {
	struct source *in;
	size_t at, len; /* of what the buffer holds */
	char buffer[TAR_INPUT_BUFFER];
};

/* At most n bytes, as source's read. */
ssize_t tar_input_read(struct tar_input *t, void *data, size_t n, struct err *e);

/* Exactly n bytes; the end of the source before is ERR_CONTENT. 0 or -1. */
int tar_input_exactly(struct tar_input *t, void *data, size_t n, struct err *e);

/* Passes over n bytes, as above. */
int tar_input_skip(struct tar_input *t, int64_t n, struct err *e);

/* A whole block. 1, 0 at the end of the source, -1; a part of a block is ERR_CONTENT. */
int tar_input_block(struct tar_input *t, char block[TAR_BLOCK_SIZE], struct err *e);

/* Bytes that fill the last block of n bytes. */
static inline size_t tar_padding(int64_t n)
{
	return (size_t)(-(uint64_t)n % TAR_BLOCK_SIZE);
}

#endif
