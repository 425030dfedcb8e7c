/*
 * image - an image of the store: a manifest with its config, read and checked against one another, and the
 * ids of its unpacked layers (image-spec config.md, Layer ChainID).
 */
#ifndef CR_IMAGE_H
#define CR_IMAGE_H

#include "err.h"
#include "oci.h"
#include "record.h"
#include "store.h"

#include <stdio.h>

struct image {
	struct descriptor descriptor; /* of the manifest */
	struct oci_manifest manifest;
	struct oci_config config;
	struct digest *chain_ids; /* config.count of them, base first */
};

#define IMAGE_INIT { 0 }

/*
 * Reads the manifest that `d` describes, and its config. ERR_NOT_FOUND where a blob is missing, ERR_CONTENT where one is
 * not what it should be, or where the numbers of layers and diff_ids differ. The layers' blobs are not looked at.
 */
int image_open(struct image *im, const struct store *s, const struct descriptor *d, struct err *e);
void image_clear(struct image *im);
#define cleanup_image __attribute__((cleanup(image_clear)))

/*
 * Whether the image is for the platform that was asked for, as oci_index_choose has it; one that does not say what it is for is for
 * all. 0, or -1 with ERR_NOT_FOUND, which names both.
 */
int image_check_platform(const struct image *im, const struct platform *want, struct err *e);

/*
 * Finds an image by what a user calls it: a name of the layout (in full, or as the reference grammar completes it), or the
 * digest of a manifest. An index is resolved for `want` (NULL: this machine's platform), and a manifest has to be for it. `name`, if not NULL, gets the full
 * name. ERR_NOT_FOUND.
 */
int image_find(struct image *im, const struct store *s, const char *what, const struct platform *want, struct buf *name,
	       struct err *e);

/* Bytes of manifest, config and layers together. */
int64_t image_size(const struct image *im);

/* The i-th of the image's 2 + layers records. */
int image_record(const struct image *im, size_t i, const char *source, struct record *r, struct err *e);

/* Prints them all (record_print). */
int image_print(const struct image *im, const char *source, FILE *out, struct err *e);

/* Whether the layers' blobs are in the store, with their sizes. ERR_NOT_FOUND, ERR_CONTENT. */
int image_check_layers(const struct image *im, const struct store *s, struct err *e);

#endif
