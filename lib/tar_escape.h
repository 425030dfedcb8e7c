/*
 * tar_escape - the ways in which pax headers write what is no text. Private to tar*.c. Pure functions: no state, no I/O.
 */
#ifndef CR_TAR_ESCAPE_H
#define CR_TAR_ESCAPE_H

#include <stddef.h>

/* %XX in a string becomes the byte, in place. 0, or -1 when what follows a % is no such thing, or the byte is 0. */
int tar_unescape_url(char *text);

/* %3D and %25 become = and %, in place; every other % stays. GNU tar writes names of attributes so (xheader.c). */
void tar_unescape_gnu(char *text);

/*
 * n characters of base64 (RFC 4648, 4) become bytes, in place. The = at the end may be missing, as libarchive writes
 * none; nothing else may, nor be there. Returns how many bytes, -1 for anything malformed.
 */
ptrdiff_t tar_unescape_base64(char *text, size_t n);

#endif
