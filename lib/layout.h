/*
 * layout - names: images/index.json of an OCI image layout (image-spec image-layout.md).
 *
 * A name leads to a complete image, after a kill, a full disk or a power cut too (promise 3): the change is made
 * on a copy that is synced and renamed, under a lock that all writers of one store share (promise 7). Members and
 * annotations of others stay as they are.
 */
#ifndef CR_LAYOUT_H
#define CR_LAYOUT_H

#include "buf.h"
#include "err.h"
#include "oci.h"
#include "store.h"

#define LAYOUT_INDEX_MAX (64u << 20) /* bytes of index.json: it holds every name of the store */

/* One name. Text is owned; cleared by layout_name_clear. */
struct layout_name {
	char *name; /* as in org.opencontainers.image.ref.name */
	struct descriptor descriptor;
	int64_t image_size; /* of all its blobs, -1 where it is not recorded */
	char *tagged;	    /* RFC 3339, or NULL */
};

void layout_name_clear(struct layout_name *n);
#define cleanup_layout_name __attribute__((cleanup(layout_name_clear)))

/* Calls `each` for every named entry in the order of the file, until it returns non-zero, which is returned. */
int layout_each(const struct store *s, int (*each)(void *ctx, const struct layout_name *n, struct err *e), void *ctx,
		struct err *e);

/* The entry of that name. ERR_NOT_FOUND. */
int layout_find(const struct store *s, const char *name, struct layout_name *out, struct err *e);

/*
 * Gives `name` to an image whose blobs are all in the store, replacing what had it. The descriptor's platform is written
 * along. image_size in bytes. Where the name leads there already, nothing is written, and its time stays.
 */
int layout_tag(const struct store *s, const char *name, const struct descriptor *d, int64_t image_size, struct err *e);

/* Removes a name. ERR_NOT_FOUND. The blobs stay. */
int layout_untag(const struct store *s, const char *name, struct err *e);

#endif
