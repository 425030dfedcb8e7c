/*
 * inflate - the decompressed stream of a layer: gzip (zlib), zstd (libzstd), or as it is.
 *
 * The first bytes decide, not the media type (PROTOCOL, Layers). A gzip file may have several members, and
 * zero padding after them; its checksums are checked. xz, bzip2 and anything else that is recognised but not
 * supported is refused by name with ERR_CONTENT, as are an empty, a truncated and a corrupt stream. The whole
 * input is read before the source ends, so that a hash over the input covers every byte.
 */
#ifndef CR_INFLATE_H
#define CR_INFLATE_H

#include "io.h"

#define INFLATE_INPUT (256u << 10)  /* bytes read from the input at once */
#define INFLATE_WINDOW (INT64_C(8) << 20) /* bytes: the largest window of a zstd frame, which has to be held in memory (RFC 8878) */

struct inflate;

/*
 * `in` is borrowed and must outlive the value; its first bytes are read here. window_max: instead of INFLATE_WINDOW,
 * unless it is 0. Opens no file.
 */
struct inflate *inflate_new(struct source *in, int64_t window_max, struct err *e);
void inflate_free(struct inflate *z); /* NULL is allowed */
void inflate_cleanup(struct inflate **z);
#define cleanup_inflate __attribute__((cleanup(inflate_cleanup)))

/* The decompressed bytes; borrowed from z. After an error it must not be read again. */
struct source *inflate_source(struct inflate *z);

#endif
