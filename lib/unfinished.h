/*
 * unfinished - a directory that one process fills and then renames to its final name; and the removal of trees whose
 * files belong to ids that only a worker can act for.
 *
 * It lies in the store's tmp/ where that is on the filesystem of the final place, and is locked as long as its maker
 * lives: what a killed one has left is removed by the next (promise 6). Elsewhere it lies beside the final place.
 */
#ifndef CR_UNFINISHED_H
#define CR_UNFINISHED_H

#include "err.h"
#include "store.h"

/*
 * Makes one (0700) for a final place in the directory `parent`. Returns its descriptor, which holds the lock and is
 * the caller's; *path is its absolute path, owned by the caller. -1 with the error set.
 */
int unfinished_make(const struct store *s, const char *parent, char **path, struct err *e);

/* Removes a tree with all that is in it, whoever owns it; one that is not there is success. 0; -1 with the error set. */
int unfinished_remove(const char *path, struct err *e);

/*
 * The same, but takes the tree out of sight first, into `tmp`, a store's tmp/: what a killed one leaves of it is there for the
 * next to remove. Where it cannot be moved it is removed in its place.
 */
int unfinished_discard(const char *tmp, const char *path, struct err *e);

#endif
