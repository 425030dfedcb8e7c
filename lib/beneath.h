/*
 * beneath - paths that cannot leave a root (promise 4).
 *
 * A path from a layer is walked component by component from the root's descriptor: ".." stops at the root,
 * absolute symlinks begin at the root, magic links (/proc/self/root) are not followed. What is returned is a
 * descriptor of the parent and the last component, and everything else happens by *at calls on that pair,
 * never by looking the path up again. openat2(2) with RESOLVE_IN_ROOT serves where the kernel has it; the
 * walk by hand (O_PATH|O_NOFOLLOW and readlink) serves everywhere else and gives the same answers.
 */
#ifndef CR_BENEATH_H
#define CR_BENEATH_H

#include "err.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define BENEATH_PATH_MAX 4096 /* bytes with the NUL */
#define BENEATH_NAME_MAX 256  /* one component, with the NUL */
#define BENEATH_DEPTH_MAX 1024
#define BENEATH_LINKS_MAX 40 /* symlinks followed in one walk, as the kernel has it */

/* Told of each directory that beneath_parent makes because a path implies it. */
struct beneath_maker {
	/* path: of the new directory, relative to the root, without symlinks. Returns 0, or -1 to stop. */
	int (*made)(void *ctx, int parent, const char *name, const char *path, struct err *e);
	void *ctx;
};

/*
 * Resolves all but the last component of `path` (relative to root; leading and repeated slashes and "."
 * are dropped; a ".." component is followed inside the root). Parents that are symlinks are followed inside the
 * root. With `maker` not NULL, missing parents are made (0755). Writes the last component to `name`; an
 * empty `name` means that the path is the root itself.
 *
 * Returns a descriptor of the parent directory, the caller's. -1: ERR_NOT_FOUND when a parent is missing,
 * ERR_CONTENT when one is no directory, the path loops or passes a limit, ERR_IO otherwise.
 */
int beneath_parent(int root, const char *path, const struct beneath_maker *maker, char name[BENEATH_NAME_MAX],
		   struct err *e);

/*
 * Opens `path` for reading, every component (the last one too) followed inside the root. flags as open(2);
 * O_CLOEXEC, O_NONBLOCK and O_NOCTTY are added. -1 with ERR_NOT_FOUND, ERR_CONTENT (loop), ERR_IO.
 */
int beneath_open(int root, const char *path, int flags, struct err *e);

/*
 * Removes `name` in the directory `dir` with everything below it, following no symlink and leaving no
 * mount point. A name that is not there is success.
 */
int beneath_remove(int dir, const char *name, struct err *e);

/* Removes everything in the directory `dir`, but not itself. */
int beneath_empty(int dir, struct err *e);

/* For tests: act as if the kernel had no openat2. */
void beneath_without_openat2(void);

#endif
