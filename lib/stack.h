/*
 * stack - a path looked up in a stack of unpacked layers, as overlayfs would show it, without mounting anything: upper
 * entries hide lower ones, directories merge, whiteouts and opaque directories hide (fsext.h).
 */
#ifndef CR_STACK_H
#define CR_STACK_H

#include "err.h"

#include <stddef.h>
#include <sys/stat.h>

struct stack {
	const int *roots; /* descriptors of the layers' trees, base first; borrowed */
	size_t count;
};

/*
 * Finds `path` (relative to the root) following no symlink. A path with a symlink on its way ends there: *st is then the
 * symlink's. Returns a descriptor of the entry in the topmost layer that has it (O_PATH for anything but a directory), -1
 * with ERR_NOT_FOUND where the stack has no such entry (or a parent is neither directory nor symlink), ERR_IO otherwise.
 */
int stack_lookup(const struct stack *s, const char *path, struct stat *st, struct err *e);

/*
 * Opens `path` for reading, every symlink followed inside the stack. A regular file, or ERR_CONTENT.
 */
int stack_open_file(const struct stack *s, const char *path, struct err *e);

#endif
