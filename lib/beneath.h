/*
 * beneath - paths that cannot leave a root (promise 4).
 *
 * A path from a layer is walked component by component from the root's descriptor: ".." stops at the root,
 * absolute symlinks begin at the root, magic links (/proc/self/root) are no more than their text. What is returned
 * is a descriptor of the parent and the last component, and everything else happens by *at calls on that pair,
 * never by looking the path up again. openat2(2) serves for what exists, where the kernel has it; the walk by
 * hand (O_PATH|O_NOFOLLOW and readlink) serves everywhere else and gives the same answers.
 */
#ifndef CR_BENEATH_H
#define CR_BENEATH_H

#include "err.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#define BENEATH_PATH_MAX 4096 /* bytes with the NUL */
#define BENEATH_NAME_MAX 256  /* one component, with the NUL */
#define BENEATH_DEPTH_MAX 1024
#define BENEATH_LINKS_MAX 40 /* symlinks followed in one walk, as the kernel has it */

/*
 * Told of each directory that a walk makes because a path implies it. path: of the new directory, relative to
 * the root, without symlinks. Both return 0, or -1 with the error set to stop.
 */
struct beneath_maker {
	int (*made)(void *ctx, int parent, const char *name, const char *path, struct err *e);
	void *ctx;

	/*
	 * Before it is made; may be NULL. `blocked`: something that is neither a directory nor a symlink stands
	 * there, and must be gone when 0 is returned (without this function that is ERR_CONTENT).
	 */
	int (*before)(void *ctx, int parent, const char *name, const char *path, bool blocked, struct err *e);
};

extern const struct beneath_maker beneath_silent_maker; /* for directories that nobody wants to hear of */

/*
 * Resolves all but the last component of `path` (relative to root; leading and repeated slashes and "."
 * are dropped; a ".." component is followed inside the root). Parents that are symlinks are followed inside the
 * root. With `maker` not NULL, missing parents are made (0755), also where a symlink leads to one. Writes the
 * last component to `name`; an empty `name` means that the path is the root itself.
 *
 * Returns a descriptor of the parent directory (O_PATH where there is such a thing), the caller's. -1:
 * ERR_NOT_FOUND when a parent is missing, ERR_CONTENT when one is no directory, the path loops or passes a
 * limit, ERR_IO otherwise.
 */
int beneath_parent(int root, const char *path, const struct beneath_maker *maker, char name[BENEATH_NAME_MAX],
		   struct err *e);

/* Where a path leads. */
struct beneath_place {
	char where[BENEATH_PATH_MAX]; /* the parent, relative to the root, without symlinks; "" is the root */
	char name[BENEATH_NAME_MAX];  /* the last component; "" when the path is the root itself */
};

/* beneath_parent, which also says where the parent lies. A parent beyond BENEATH_PATH_MAX is ERR_CONTENT. */
int beneath_locate(int root, const char *path, const struct beneath_maker *maker, struct beneath_place *place,
		   struct err *e);

/*
 * Opens `path` for reading, every component (the last one too) followed inside the root. flags as open(2);
 * O_CLOEXEC, O_NONBLOCK and O_NOCTTY are added. -1 with ERR_NOT_FOUND, ERR_CONTENT (loop), ERR_IO.
 */
int beneath_open(int root, const char *path, int flags, struct err *e);

/*
 * Opens the directory that has exactly this path: no symlink is followed at all, and "" is the root. The path is one
 * that a walk has given. flags as open(2); O_DIRECTORY and O_CLOEXEC are added. -1 with ERR_NOT_FOUND when it is
 * not there (any more), or no directory; ERR_IO.
 */
int beneath_directory(int root, const char *path, int flags, struct err *e);

/*
 * The time of a directory (its mtime), and the same put back after something in it was made or removed. `dir` may be
 * an O_PATH descriptor. Where the directory is another user's, it keeps its new time. 0; ERR_IO.
 */
int beneath_keep_time(int dir, struct timespec *mtime, struct err *e);
int beneath_put_time(int dir, const struct timespec *mtime, struct err *e);

/*
 * Removes `name` in the directory `dir` with everything below it, following no symlink and leaving no mount point. A
 * name that is not there is success. Depth is not limited, nor are more than two directories open, and memory does
 * not grow with the size of the tree.
 */
int beneath_remove(int dir, const char *name, struct err *e);

/* Removes everything in the directory `dir`, but not itself. */
int beneath_empty(int dir, struct err *e);

/* What a removal is to spare. `path` is that of the entry, beginning as `path` below did. */
struct beneath_keeper {
	bool (*keep)(void *ctx, const char *path);
	void *ctx;
};

/*
 * As above, but what `keeper` names stays, and the directories that lead to it, with their times. path: what stands
 * before the names in the paths the keeper is asked about; of `dir` in the root, "" for the root.
 */
int beneath_remove_but(int dir, const char *name, const char *path, const struct beneath_keeper *keeper,
		       struct err *e);
int beneath_empty_but(int dir, const char *path, const struct beneath_keeper *keeper, struct err *e);

/* For tests: act as if the kernel had no openat2. */
void beneath_without_openat2(void);

#endif
