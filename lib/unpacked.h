/*
 * unpacked - the unpacked layers of the store, as they lie there: layers/sha256/<chain-id>/ with
 *
 *	fs/	the tree, whiteouts as overlayfs has them
 *	notes	what the tree alone cannot say (notes.h)
 *
 * layers.h makes them.
 */
#ifndef CR_UNPACKED_H
#define CR_UNPACKED_H

#include "buf.h"
#include "digest.h"
#include "err.h"
#include "store.h"

#include <stdbool.h>

/* Whether the layer of that chain id is there. */
bool unpacked_have(const struct store *s, const struct digest *chain_id);

/* Appends the absolute path of its tree. */
void unpacked_path(const struct store *s, const struct digest *chain_id, struct buf *out);

/* Opens its tree. A descriptor, the caller's; -1 with ERR_NOT_FOUND when it is not there. */
int unpacked_open(const struct store *s, const struct digest *chain_id, struct err *e);

/*
 * Opens the trees of `count` layers, all or none. Returns their descriptors, to be released by unpacked_close_all; NULL with the
 * error set.
 */
int *unpacked_open_all(const struct store *s, const struct digest *chain_ids, size_t count, struct err *e);
void unpacked_close_all(int *fds, size_t count); /* NULL is allowed */

#endif
