/*
 * inflate_member - one member of a gzip file: its header, its deflate stream, and the checksum and length after it.
 * Private to inflate*.c. inflate_isal.c (ISA-L, at twice zlib's speed) or inflate_zlib.c: which one, is chosen when
 * the library is built.
 */
#ifndef CR_INFLATE_MEMBER_H
#define CR_INFLATE_MEMBER_H

#include "inflate_codec.h"

struct inflate_member;

struct inflate_member *inflate_member_new(struct err *e); /* NULL with the error set */
void inflate_member_free(struct inflate_member *m);

/* Ready for the next one. */
void inflate_member_reset(struct inflate_member *m);

/*
 * Takes input or puts output, as much of each as it can; never input beyond the member's end. 1 when it has ended and was
 * right, 0 when it goes on, -1 with ERR_CONTENT or ERR_IO.
 */
int inflate_member_run(struct inflate_member *m, struct inflate_flow *f, struct err *e);

#endif
