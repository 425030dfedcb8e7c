/*
 * resolve - from a reference to the records of its images: index, manifest and config come into the store, the platform
 * is chosen, and the layers are named.
 *
 *	struct resolve r = { .fetch = { .store = &store, .registry = registry }, .platform = platform };
 *	resolve_ref(&r, &ref, stdout, e);
 */
#ifndef CR_RESOLVE_H
#define CR_RESOLVE_H

#include "err.h"
#include "fetch.h"
#include "oci.h"
#include "ref.h"

#include <stdio.h>

struct resolve {
	struct fetch fetch; /* its registry is NULL where nobody is to be asked */
	struct platform platform;
	bool exact; /* it was asked for: what is no index has to be for it, too */
	bool all; /* every platform: the index's record, then each image's; attestations are left out */
	bool raw; /* the exact bytes of what the reference names, instead of records; nothing is kept */
};

/*
 * Prints the records of what `ref` names (record_print), an image's when its manifest and config are in the store.
 * ERR_NOT_FOUND also where there is nothing for the platform.
 */
int resolve_ref(struct resolve *r, const struct ref *ref, FILE *out, struct err *e);

#endif
