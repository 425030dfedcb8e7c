/*
 * metadata - owner, mode, extended attributes and times carried from one file to another.
 */
#ifndef CR_METADATA_H
#define CR_METADATA_H

#include "err.h"

#include <sys/stat.h>

/*
 * Gives the entry `to_name` of the directory `to` the metadata of `from_name` in `from`, whose lstat is *st. An empty name
 * means the directory itself. Never through a symlink. In the order that keeps setuid bits and file capabilities: owner,
 * mode, attributes, times. Attributes that a directory has and `from` has not are removed. Overlayfs' own attributes stay behind;
 * attributes that cannot be set here are left out.
 */
int metadata_copy(int from, const char *from_name, const struct stat *st, int to, const char *to_name, struct err *e);

#endif
