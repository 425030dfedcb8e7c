/*
 * fsext - what filesystems offer beyond POSIX, behind one face: extended attributes, whiteouts as overlayfs
 * has them, sharing of extents. fsext_linux.c, fsext_posix.c (no attributes; whiteouts are empty files named
 * ".wh.NAME", which no layer can produce otherwise).
 *
 * All act on an open descriptor or on (dir, name), never through a symlink, and set errno.
 */
#ifndef CR_FSEXT_H
#define CR_FSEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Extended attributes of `name` in `dir`, a symlink itself and not its target; name "" means dir itself
 * (any descriptor; a directory may be an O_PATH one). A name that is not "" needs /proc on Linux.
 * set, remove: 0, or -1 with errno (ENOTSUP where the filesystem or the platform has none).
 * get, list: the length, or -1 with errno (ERANGE when it is more than max).
 */
int fsext_set_xattr(int dir, const char *name, const char *attr, const void *value, size_t n);
int fsext_remove_xattr(int dir, const char *name, const char *attr);
ssize_t fsext_get_xattr(int dir, const char *name, const char *attr, void *value, size_t max);
ssize_t fsext_list_xattr(int dir, const char *name, char *list, size_t max); /* NUL-separated names */

/*
 * Marks, in a layer that lies by itself, that `name` of the layers below is gone. An entry of that name must
 * not exist. 0, or -1 with errno.
 */
int fsext_make_whiteout(int dir, const char *name);

/*
 * Whether the entry is a whiteout, and of which name: copies the hidden name to `hidden` (NAME_MAX + 1 bytes). "" for an
 * entry that is the mark of an opaque directory, where that is an entry.
 */
bool fsext_is_whiteout(int dir, const char *name, const struct stat *st, char *hidden);

/* Takes the mark of fsext_make_whiteout back. 0, or -1 with errno. */
int fsext_remove_whiteout(int dir, const char *name);

/* Marks that the directory hides everything of the layers below. 0, or -1 with errno. */
int fsext_make_opaque(int dir);
bool fsext_is_opaque(int dir);

/* Two entries change places, at once. 0, or -1 with errno where that cannot be done. */
int fsext_exchange(int dir, const char *name, int other_dir, const char *other_name);

/*
 * Copies n bytes of `from` to `to`, both at the offset `at`: extents are shared where the filesystem can, copied
 * inside the kernel where it can, and otherwise read and written. 0, or -1 with errno (ENODATA when `from` ends
 * before).
 */
int fsext_copy_range(int from, int to, off_t at, off_t n);

/* Has the disk begin to write n bytes at the offset `at`, without waiting for it. No promise, and no error. */
void fsext_flush(int fd, off_t at, off_t n);

#endif
