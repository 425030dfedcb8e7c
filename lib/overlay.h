/*
 * overlay - mounts stacked layers (overlayfs). overlay_linux.c; overlay_posix.c (there is none).
 */
#ifndef CR_OVERLAY_H
#define CR_OVERLAY_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

extern const bool overlay_exists;    /* on this platform */
extern const int overlay_namespaces; /* flags (userns_fork) of a process that is to mount one */

#define OVERLAY_LAYERS_MAX 500 /* the kernel's */

/*
 * Mounts on the directory `target` in the calling process's mount namespace, which must be one of its own. lower:
 * directories, top first. upper and work: both, or NULL for a read-only mount. Works without privilege inside a user
 * namespace (Linux 5.11), and therefore reads user.overlay.* attributes. The working directory afterwards is "/".
 */
int overlay_mount(const char *target, const char *const *lower, size_t count, const char *upper, const char *work,
		  unsigned long flags, struct err *e);

#endif
