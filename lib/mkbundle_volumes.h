/*
 * mkbundle_volumes - the directories that an image's config names and its layers may not have: they become plain ones
 * of the bundle. What is there stays as it is.
 */
#ifndef CR_MKBUNDLE_VOLUMES_H
#define CR_MKBUNDLE_VOLUMES_H

#include "err.h"
#include "stack.h"

/* Whether the layers lack the directory `path`: 1 where they do, 0 where they have it; -1, ERR_CONTENT as below. */
int mkbundle_volume_missing(const struct stack *s, const char *path, struct err *e);

/*
 * Makes `path`, with its parents (0755, root's), in the tree of the descriptor `root`; symlinks are followed inside of it.
 * ERR_CONTENT where something that is no directory is in the way.
 */
int mkbundle_volume_in_tree(int root, const char *path, struct err *e);

/*
 * The same for an overlay of the stack's layers: in its upper directory, and only if the layers do not have the path.
 * Parents that they have are made there as the layers have them. The upper directory holds nothing but what these calls made.
 */
int mkbundle_volume_in_upper(const struct stack *s, int upper, const char *path, struct err *e);

#endif
