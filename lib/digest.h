/*
 * digest - a validated "sha256:<64 lower-case hex digits>" as 32 bytes (image-spec descriptor.md, Digests).
 *
 * No path and no URL is ever built from a digest that came as text: it becomes this value first, which
 * can spell only one thing. Hashing is the business of hash.h.
 */
#ifndef CR_DIGEST_H
#define CR_DIGEST_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_BYTES 32
#define DIGEST_HEX 65			  /* hex digits and NUL */
#define DIGEST_TEXT (7 + DIGEST_HEX) /* "sha256:", hex digits and NUL */

struct digest {
	unsigned char bytes[DIGEST_BYTES];
};

/* A digest with room to spell it, for use in a format: digest_str(d).text. */
struct digest_str {
	char text[DIGEST_TEXT];
};

/* Reads exactly n bytes of text. Anything but a well-formed sha256 digest is ERR_CONTENT. */
int digest_parse(struct digest *d, const char *text, size_t n, struct err *e);

void digest_format(const struct digest *d, char out[DIGEST_TEXT]); /* "sha256:<hex>" */
void digest_hex(const struct digest *d, char out[DIGEST_HEX]);	   /* "<hex>", a file's name */
struct digest_str digest_str(const struct digest *d);

bool digest_equal(const struct digest *a, const struct digest *b);

#endif
