/*
 * notes - what an unpacked layer's tree cannot say by itself, as lines of text beside it:
 *
 *	kind TAB path TAB argument NEWLINE
 *
 * kind is implied, whiteout, hardlink (argument: the target), device ("c 1:3 20666 0:0 1600000000.000000000": type,
 * numbers, mode, owner, time), owner ("uid:gid"), xattr (the attribute), trailing, total ("ENTRIES BYTES"), or
 * single: the first line of a layer that was unpacked with a single id, whose entries belong to root but for what
 * "owner" says. A TAB, newline or backslash in a path is written as \t, \n, \\.
 */
#ifndef CR_NOTES_H
#define CR_NOTES_H

#include "err.h"
#include "layer.h"

#include <stdio.h>

/* Opens a layer's notes, which lie at `path` as seen from the directory `dir`. The caller closes it; NULL with ERR_IO. */
FILE *notes_open(int dir, const char *path, struct err *e);

/* Writes one note. 0, or -1 with the error set. */
int notes_write(FILE *out, enum layer_note kind, const char *path, const char *link, const struct tar_entry *entry,
		struct err *e);

/* Calls `each` for every line, until it returns non-zero, which is returned; 0 at the end, -1 with the error set. */
int notes_read(FILE *in, int (*each)(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e),
	       void *ctx, struct err *e);

#endif
