/*
 * layers - unpacks the layers of an image into the store (unpacked.h says what lies there).
 *
 * The layers are unpacked in parallel, a worker process each, which sees nothing but its tree. What needs the layers
 * below is settled in order, when a layer is published: directories that the tar only implies take over the metadata
 * of the directory below; where a tree made alone cannot be right (a hard link to a lower layer, a path through a
 * lower layer's symlink), the layer is unpacked once more, on an overlay of the layers below (or, where there are no
 * overlays, on a copy of them, and is then complete by itself: its root is opaque).
 *
 *	struct layers *l = layers_begin(store, image, &options, e);
 *	layers_add(l, 0, e); layers_add(l, 1, e); …	their blobs are in the store
 *	layers_wait(l, fd, e);				runs workers until fd can be read
 *	layers_finish(l, 0, e); layers_finish(l, 1, e); … in order
 *	layers_end(l);
 *
 * Processes that unpack one layer at the same time do it once: each waits for the lock of a layer that another has
 * begun. They cannot wait for one another in a circle: only layers_finish waits for a lock, base first, so that
 * whoever holds the lock of a layer can only be waiting for a lower one; and a handle is ended before the next image
 * is begun.
 */
#ifndef CR_LAYERS_H
#define CR_LAYERS_H

#include "err.h"
#include "image.h"
#include "layer.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

struct layers_options {
	bool devices;			/* make device nodes (root only) */
	int64_t entries_max, bytes_max; /* of an image; 0: the defaults of layer.h */
	int free_min;			/* percent of the filesystem that stays free */
	int64_t window_max;		/* bytes, of zstd; 0: inflate.h's */
	int jobs;			/* workers at once; 0: one a processor */

	/* One line for the user; detail: only for those who asked for more. May be NULL. */
	void (*say)(void *ctx, bool detail, const char *text);
	void *ctx;
};

struct layers;

/* All pointers are borrowed until layers_end. NULL on failure. */
struct layers *layers_begin(const struct store *s, const struct image *im, const struct layers_options *o,
			    struct err *e);

/*
 * Layer i of the image may be unpacked. Returns at once; a layer that is there already costs nothing. In any order.
 */
int layers_add(struct layers *l, size_t i, struct err *e);

/* Lets workers run, and starts queued ones, until fd can be read (or has ended). */
int layers_wait(struct layers *l, int fd, struct err *e);

/*
 * Waits until layer i is published. To be called for 0, 1, 2, … ; after a failure no later layer can be. ERR_CONTENT when
 * the blob or its diff_id is not what it should be.
 */
int layers_finish(struct layers *l, size_t i, struct err *e);

/* Ends workers that still run, removes what is not published, frees. NULL is allowed. */
void layers_end(struct layers *l);

#endif
