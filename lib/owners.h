/*
 * owners - what becomes of the owners that could not be set when a layer was unpacked with a single id, by somebody
 * who can set them (userns_can_chown). Its notes have them (notes.h): "single" that all is to be root's but what
 * "owner" names.
 *
 * In the store such a layer is unpacked once more, and takes the place of the first (layers.h). Its files are not
 * given away where they lie: who made them may hold them open or have other names for them, and would get a setuid
 * program of root's; and what the layer has taken over from those below (directories that it implies) is then right
 * as well.
 *
 * A plain copy is made right layer by layer:
 *
 *	cleanup_owners struct owners *o = owners_begin(layer, root, e);
 *	rootfs_copy(&layer, 1, root, e);
 *	owners_set(o, e);
 */
#ifndef CR_OWNERS_H
#define CR_OWNERS_H

#include "digest.h"
#include "err.h"
#include "store.h"
#include "userns.h"

#include <stdbool.h>

/* Whether the layer, which is unpacked, should be so anew by one who plans to be `ns`. False on any error. */
bool owners_wanted(const struct store *s, const struct digest *chain_id, const struct userns *ns);

/* Puts tmp/<dir> in the place of the layer, at once where the filesystem can; the old one then lies in tmp/<dir>. */
int owners_replace(const struct store *s, const char *dir, const struct digest *chain_id, struct err *e);

struct owners;

/*
 * Before a layer (the descriptor of its tree, its notes beside it) is copied onto root. Both are borrowed until
 * owners_free. NULL with the error set.
 */
struct owners *owners_begin(int layer, int root, struct err *e);
void owners_free(struct owners *o); /* NULL is allowed */
void owners_cleanup(struct owners **o);
#define cleanup_owners __attribute__((cleanup(owners_cleanup)))

/*
 * Gives what the layer has brought the owners it should have; modes and file capabilities stay. An owner that does
 * not exist in the caller's namespace is passed over.
 */
int owners_set(struct owners *o, struct err *e);

#endif
