/*
 * rootfs - unpacked layers merged into one plain tree (`cr-mkrootfs -m copy`): files are clones where the filesystem can, and
 * never hard links into the store.
 */
#ifndef CR_ROOTFS_H
#define CR_ROOTFS_H

#include "err.h"

#include <stddef.h>

/*
 * Merges the layers' trees (descriptors, base first; borrowed) onto the empty directory `root`: whiteouts and opaque
 * directories take effect, hard links within a layer stay hard links. Needs to be root of a namespace that holds the trees'
 * owners (worker.h).
 */
int rootfs_copy(const int *layers, size_t count, int root, struct err *e);

#endif
