/*
 * unpack - what the workers of layers.h do, each in a process of its own: one layer into a directory of tmp/, then
 * settled against the layers below. Functions for worker_start; ctx is a struct unpack.
 */
#ifndef CR_UNPACK_H
#define CR_UNPACK_H

#include "err.h"
#include "layer.h"
#include "store.h"

struct unpack {
	const struct store *store;
	const char *dir;	      /* name below tmp/, with fs/ and notes */
	const struct descriptor *blob;
	const struct digest *diff_id;
	const struct digest *chain_ids; /* of the layers below, base first */
	size_t below;			/* how many */
	struct layer_options options;	/* note, ctx and scratch are set here */
	int64_t window_max;		/* as inflate_new has it */
};

/* Checks the blob's digest, then unpacks it alone into <dir>/fs, and checks its diff_id. */
int unpack_alone(void *ctx, struct err *e);

#define UNPACK_SETTLED 0
#define UNPACK_AGAIN 1 /* the tree by itself is not right: unpack_onto has to do it */

/* Settles <dir>/fs against the layers below, by its notes. */
int unpack_settle(void *ctx, struct err *e);

/*
 * Unpacks the blob once more, on an overlay of the layers below, whose upper directory becomes <dir>/fs; where there
 * are no overlays, on a copy of them, and <dir>/fs becomes opaque. To be started with overlay_namespaces.
 */
int unpack_onto(void *ctx, struct err *e);

/* Removes <dir> with all that is in it. */
int unpack_remove(void *ctx, struct err *e);

/* A layer as it comes from a descriptor. */
struct unpack_input {
	int fd;
	const char *what;	       /* names it in messages */
	int64_t window_max;	       /* as inflate_new has it */
	const struct digest *diff_id; /* NULL: not checked */
};

/*
 * Reads a whole layer and applies it beneath root. For workers, and for `cr-unpack -C`: before the first byte is
 * read, confine() takes everything from the process but the input, `root` and the descriptors of `keep`, which must
 * hold those that the notes need and worker_report(). Decompressing is done in a process of its own (pump.h).
 */
int unpack_stream(const struct unpack_input *in, int root, const struct layer_options *options, const int *keep,
		  size_t keep_count, struct err *e);

#endif
