/*
 * layers - the unpacked layers of the store: layers/sha256/<chain-id>/ with
 *
 *	fs/	the tree, whiteouts as overlayfs has them
 *	notes	what the tree alone cannot say, a line each (see layers_notes)
 *
 * Layers are unpacked in parallel, a worker process each, which sees nothing but its tree. What needs the layers below is
 * settled in order when a layer is published: directories that the tar only implies take over the metadata of the
 * directory below; where the tree by itself cannot be right (a hard link to a lower layer, a path through a symlink of a lower
 * layer), the layer is unpacked once more, on an overlay of the layers below.
 *
 *	struct layers *l = layers_new(store, e);
 *	layers_add(l, &image, i, e) …		starts workers, as many as there are processors
 *	layers_finish(l, &image, i, e) …	waits for layer i, and publishes it
 *	layers_free(l);
 */
#ifndef CR_LAYERS_H
#define CR_LAYERS_H

#include "err.h"
#include "image.h"
#include "layer.h"
#include "store.h"

struct layers_options {
	bool devices;			/* make device nodes (root only) */
	int64_t entries_max, bytes_max; /* of an image; 0: the defaults of layer.h */
	int jobs;			/* workers at once; 0: one a processor */
	void (*say)(void *ctx, const char *text); /* one line for the user, e.g. of dropped xattrs; may be NULL */
	void *ctx;
};

/* The directory of a chain id, relative to the store's layers/. */
void layers_name(const struct digest *chain_id, char out[DIGEST_HEX]);

#endif
