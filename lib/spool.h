/*
 * spool - bytes put away, and read back once in their order: the last of them in memory, the others in a file.
 *
 *	struct spool s;
 *	spool_init(&s, scratch);
 *	spool_put(&s, data, n, e) …
 *	spool_rewind(&s);
 *	while (spool_get(&s, data, n, e) == 1) …
 *	spool_clear(&s);
 */
#ifndef CR_SPOOL_H
#define CR_SPOOL_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

#define SPOOL_MEMORY (64u << 10) /* bytes */

struct spool {
	int file;	  /* borrowed; -1: all stays in memory */
	int64_t in_file;  /* bytes */
	struct buf tail;  /* those that are not in the file */
	int64_t read;	  /* bytes of the file that were read */
	bool in_tail;	  /* reading has come that far */
	char *chunk;	  /* a piece of the file; owned, NULL before it is needed */
	const char *next; /* in the chunk or in the tail */
	size_t left;
};

/* file: an empty file, open for reading and writing, or -1. */
void spool_init(struct spool *s, int file);
void spool_clear(struct spool *s);

/* 0; ERR_IO. Not after spool_rewind. */
int spool_put(struct spool *s, const void *data, size_t n, struct err *e);

/* Back to the first byte. */
void spool_rewind(struct spool *s);

/* Exactly n bytes. 1, 0 at the end, -1 (ERR_IO; also where n bytes are no longer there). */
int spool_get(struct spool *s, void *data, size_t n, struct err *e);

#endif
