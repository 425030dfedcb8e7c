/*
 * layer_paths - what a layer has done to which path, in a few bytes a path. Private to layer*.c.
 *
 * Paths are those without symlinks that beneath gives. Only their hashes are kept, keyed with bytes that no layer can
 * know; that two of LAYER_ENTRIES_MAX paths share one is a matter of one in ten million. The first hundred thousand
 * paths are kept in memory, and all of them in a file when they are more.
 */
#ifndef CR_LAYER_PATHS_H
#define CR_LAYER_PATHS_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PATH_MADE = 1,	   /* an entry of this layer was put here */
	PATH_HIDES = 2,	   /* what the layers below have here was hidden by something that is no directory */
	PATH_WHITEOUT = 4, /* a whiteout was here, and no entry came after it (LAYER_ALONE) */
	PATH_OPAQUE = 8,   /* a directory that hides those below (LAYER_ALONE) */
};

struct path_facts {
	uint32_t flags;
	uint32_t made;	  /* the number of the last entry put here */
	uint32_t removed; /* of the entry that removed a directory here; 0: none */
};

struct layer_paths {
	uint64_t secret[2];
	struct path_slot *slots; /* owned; NULL when they are in the file, or there are none yet */
	size_t room, used;
	int file;		 /* borrowed; -1: there is none, and memory has to do */
	size_t file_room;	 /* slots of the file */
	int failed;		 /* errno of the first failure to read it */
};

/* file: empty, open for reading and writing, or -1. paths_max: how many are to be expected at most. */
void layer_paths_init(struct layer_paths *p, int file, int64_t paths_max);
void layer_paths_clear(struct layer_paths *p);

/* What is known of a path; all zeros for one that is not known, and after a failure, which layer_paths_put tells. */
struct path_facts layer_paths_get(struct layer_paths *p, const char *path);

/* Sets it. 0, or -1 with ERR_IO: memory or the file failed, now or when it was read. */
int layer_paths_put(struct layer_paths *p, const char *path, const struct path_facts *f, struct err *e);

#endif
