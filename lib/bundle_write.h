/*
 * bundle_write - how bundle.h writes a config.json, beyond what bundle_config.c holds.
 */
#ifndef CR_BUNDLE_WRITE_H
#define CR_BUNDLE_WRITE_H

#include "bundle.h"
#include "json.h"

/* The member "annotations": what image-spec conversion.md has of the image, and its labels, which are stronger. */
int bundle_put_annotations(struct json_writer *w, const struct oci_config *image, struct err *e);

#endif
