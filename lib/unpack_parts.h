/*
 * unpack_parts - what the steps of unpacking a layer have in common. Private to unpack*.c.
 */
#ifndef CR_UNPACK_PARTS_H
#define CR_UNPACK_PARTS_H

#include "unpack.h"

/* A directory in `dir`, which is no symlink. Its descriptor, or -1 with ERR_IO. */
int unpack_open_below(int dir, const char *name, struct err *e);

/* The blob onto `root`; notes go to <dir>/notes. Confines the process. */
int unpack_to(struct unpack *u, int dir, int root, struct err *e);

#endif
