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

struct overlay {
	const char *target;	  /* a directory */
	const char *const *lower; /* directories, top first */
	size_t count;
	const char *upper, *work; /* both, or NULL for a read-only mount */
	unsigned long flags;	  /* MS_* */
	bool discard;		  /* nobody reads `upper` afterwards: unmounting need not wait until it is on disk */
};

/*
 * Whether the directory `dir` can hold the upper directory of one: on an overlay and on NFS it cannot be (kernel: overlayfs, "Upper
 * and Lower"). True where that is not known.
 */
bool overlay_fits(const char *dir);

/*
 * Mounts it in the calling process's mount namespace, which must be one of its own. Works without privilege inside a user
 * namespace (Linux 5.11), and therefore reads user.overlay.* attributes. The working directory afterwards is "/".
 */
int overlay_mount(const struct overlay *o, struct err *e);

/*
 * Claims the work directory, and the upper one with it, for a single mount: what two do at once is undefined (kernel:
 * overlayfs, "Sharing and copying layers"). Returns a descriptor, which keeps the claim until it is closed, as at the caller's
 * end; -1 with ERR_USAGE where another has it, and with the system's error where the directory cannot be opened.
 */
int overlay_claim(const char *work, struct err *e);

#endif
