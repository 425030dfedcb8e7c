/*
 * layer_paths - what a layer has done to which path, in sixteen bytes a path. Private to layer*.c.
 *
 * Paths are those without symlinks that beneath gives. Only their hashes are kept, keyed with bytes that no layer can
 * know; that two of LAYER_ENTRIES_MAX paths share one is a matter of one in ten million.
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

struct path_slot {
	uint64_t key;	/* 0: free */
	uint32_t value; /* the caller's: the entry's number, or an index */
	uint32_t flags;
};

struct layer_paths {
	uint64_t secret[2];
	struct path_slot *slots; /* owned */
	size_t room, used;
};

void layer_paths_init(struct layer_paths *p);
void layer_paths_clear(struct layer_paths *p);

/* The slot of a path, or NULL. Valid until the next addition. */
struct path_slot *layer_paths_find(const struct layer_paths *p, const char *path);

/* The slot of a path, made where there is none. NULL when memory ran out. */
struct path_slot *layer_paths_add(struct layer_paths *p, const char *path, struct err *e);

/* The flags of a path; 0 for one that is not known. */
uint32_t layer_paths_flags(const struct layer_paths *p, const char *path);

#endif
