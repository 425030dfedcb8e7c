/*
 * tar_sparse - maps of sparse files: where the bytes that an archive holds lie in the file. Private to tar*.c.
 */
#ifndef CR_TAR_SPARSE_H
#define CR_TAR_SPARSE_H

#include "tar_input.h"

struct tar_region {
	int64_t offset, length; /* bytes */
};

struct tar_map {
	struct tar_region *regions; /* owned */
	size_t count, room;
};

#define TAR_SPARSE_OLD_BASE 386 /* offset of the first regions in an old GNU header */
#define TAR_SPARSE_OLD_EXTENDED 482
#define TAR_SPARSE_OLD_SIZE 483

void tar_map_clear(struct tar_map *m); /* frees; empty again */
void tar_map_reset(struct tar_map *m); /* empty, memory kept */

/* Appends a region. -1 with ERR_CONTENT when it overlaps the last one, overflows, or is one too many. */
int tar_map_add(struct tar_map *m, int64_t offset, int64_t length, struct err *e);

/* The map as text, "offset,length,offset,length": pax form 0.1. */
int tar_map_parse(struct tar_map *m, const char *text, size_t n, struct err *e);

/* The map of an old GNU header, and of the blocks that follow it. */
int tar_map_read_old(struct tar_map *m, const char header[TAR_BLOCK_SIZE], struct tar_input *in, struct err *e);

/* The map before the content, lines of decimal numbers: pax form 1.0. What it takes is taken from *stored. */
int tar_map_read_lines(struct tar_map *m, struct tar_input *in, int64_t *stored, struct err *e);

/* ERR_CONTENT unless the regions hold `stored` bytes and end within `size`. */
int tar_map_check(const struct tar_map *m, int64_t stored, int64_t size, struct err *e);

#endif
