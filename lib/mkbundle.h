/*
 * mkbundle - makes and removes the directory of a bundle: config.json, rootfs/, and for an overlay upper/ and work/.
 */
#ifndef CR_MKBUNDLE_H
#define CR_MKBUNDLE_H

#include "bundle.h"
#include "container.h"
#include "err.h"
#include "image.h"
#include "store.h"

#include <stdbool.h>

struct mkbundle {
	struct bundle_overrides over;
	const char *user; /* overrides the image's; NULL: not */
	bool copy;	  /* a plain merged tree instead of an overlay */
	const char *name; /* of the image, for a container's record (image, digest, command, stop-signal); NULL: none is kept */
	bool devices;	  /* make the device nodes that unpacking left out (with copy) */
	const struct containers *among; /* the target is to be one of these (container.h): with `name`; or NULL */
	const char *container_name;	/* then: its own; or NULL */
};

/*
 * Makes `target` a bundle of the image, all of whose layers are unpacked. It must not exist, or be an empty directory; it
 * appears whole or not at all. ERR_NOT_FOUND when a layer is not unpacked or the user is unknown, ERR_USAGE when another
 * container has the name.
 */
int mkbundle_make(const struct mkbundle *m, const struct store *s, const struct image *im, const char *target,
		  struct err *e);

/*
 * Removes a bundle with all that is in it, whoever owns it. What is no bundle, or runs, is left alone: ERR_USAGE. (Of one
 * without an overlay and without a container's record nobody can tell.)
 */
int mkbundle_remove(const char *target, struct err *e);

#endif
