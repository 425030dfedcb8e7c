/*
 * beneath_pending - the names of directories whose turn comes when a tree is removed: not more than a number of them,
 * which are those that come first by name, so that a further scan of the directory can go on behind them. Private to
 * beneath*.c.
 */
#ifndef CR_BENEATH_PENDING_H
#define CR_BENEATH_PENDING_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

/* A heap, the last by name on top, once more were found than there is room for. */
struct pending {
	char **names; /* owned, each of them too */
	size_t count, room;
	bool more; /* there were others, which come after these by name */
};

/*
 * Takes a copy of the name in, or, where there is no room, keeps the first by name of it and those that are there.
 * *bytes: those of all names on the way down, which bound the room. 0; ERR_IO.
 */
int pending_add(struct pending *p, const char *name, size_t *bytes, struct err *e);

/* The last of them by name; there must be one. They are in another order afterwards. */
const char *pending_last(struct pending *p);

void pending_clear(struct pending *p, size_t *bytes);

#endif
