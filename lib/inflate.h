/*
 * inflate - the decompressed stream of a layer: gzip (zlib), zstd (libzstd), or as it is.
 *
 * The first bytes decide, not the media type (PROTOCOL, Layers). A gzip file may have several members, and
 * zero padding after them; its checksums are checked. xz, bzip2 and anything else that is recognised but not
 * supported is refused by name with ERR_CONTENT, as are truncated and corrupt streams. The whole input is read
 * before the source ends, so that a hash over the input covers every byte.
 */
#ifndef CR_INFLATE_H
#define CR_INFLATE_H

#include "io.h"

struct inflate;

/* `in` is borrowed and must outlive the value. Opens no file; allocates here, not while reading. */
struct inflate *inflate_new(struct source *in, struct err *e);
void inflate_free(struct inflate *z); /* NULL is allowed */
void inflate_cleanup(struct inflate **z);
#define cleanup_inflate __attribute__((cleanup(inflate_cleanup)))

/* The decompressed bytes; borrowed from z. */
struct source *inflate_source(struct inflate *z);

#endif
