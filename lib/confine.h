/*
 * confine - what a worker gives up before it looks at the first byte of what it was handed. confine_linux.c,
 * confine_posix.c (the root and the descriptors alone).
 */
#ifndef CR_CONFINE_H
#define CR_CONFINE_H

#include "err.h"

#include <stddef.h>

/* Further namespaces for such a worker (CLONE_NEW*, for worker_start): it is the only process it can name. */
extern const int confine_namespaces;

/*
 * Makes the directory `root` all there is: no other file can be reached, no descriptor is open but `root`, standard
 * error and the count ones of `keep`, no privilege can be had, and none is left but those that files take; and no
 * system call but those that are for files and memory: no network, no namespaces, no other program. Only for
 * processes that are about to end so, as nothing of it can be undone. Without privileges there is no root to change,
 * and the rest holds. 0; ERR_IO.
 */
int confine(int root, const int *keep, size_t count, struct err *e);

/*
 * For a child of such a process: leaves nothing but reading and writing of standard error and the descriptors of
 * `keep`, and memory. 0; ERR_IO.
 */
int confine_to_reading(const int *keep, size_t count, struct err *e);

#endif
