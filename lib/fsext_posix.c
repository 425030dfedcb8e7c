#include "fsext.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

int fsext_set_xattr(int dir, const char *name, const char *attr, const void *value, size_t n)
{
	(void)dir, (void)name, (void)attr, (void)value, (void)n;
	errno = ENOTSUP;
	return -1;
}

int fsext_remove_xattr(int dir, const char *name, const char *attr)
{
	return fsext_set_xattr(dir, name, attr, NULL, 0);
}

ssize_t fsext_get_xattr(int dir, const char *name, const char *attr, void *value, size_t max)
{
	return fsext_set_xattr(dir, name, attr, value, max);
}

ssize_t fsext_list_xattr(int dir, const char *name, char *list, size_t max)
{
	return fsext_set_xattr(dir, name, NULL, list, max);
}

/* ".wh.NAME"; -1 with errno when that is too long. */
static int whiteout_name(const char *name, char mark[NAME_MAX + 1])
{
	if (snprintf(mark, NAME_MAX + 1, WHITEOUT "%s", name) <= NAME_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int make_mark(int dir, const char *mark)
{
	int fd = openat(dir, mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd == -1 ? -1 : close(fd);
}

int fsext_make_whiteout(int dir, const char *name)
{
	char mark[NAME_MAX + 1];

	return whiteout_name(name, mark) == -1 ? -1 : make_mark(dir, mark);
}

int fsext_remove_whiteout(int dir, const char *name)
{
	char mark[NAME_MAX + 1];

	return whiteout_name(name, mark) == -1 ? -1 : unlinkat(dir, mark, 0);
}

bool fsext_is_whiteout(int dir, const char *name, const struct stat *st, char *hidden)
{
	(void)dir;
	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)) != 0 || !S_ISREG(st->st_mode) || st->st_size != 0)
		return false;
	snprintf(hidden, NAME_MAX + 1, "%s", strcmp(name, OPAQUE) == 0 ? "" : name + strlen(WHITEOUT));
	return true;
}

int fsext_make_opaque(int dir)
{
	return make_mark(dir, OPAQUE);
}

bool fsext_is_opaque(int dir)
{
	return faccessat(dir, OPAQUE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int fsext_exchange(int dir, const char *name, int other_dir, const char *other_name)
{
	(void)dir, (void)name, (void)other_dir, (void)other_name;
	errno = ENOTSUP;
	return -1;
}

int fsext_copy_range(int from, int to, off_t at, off_t n)
{
	return io_copy_range(from, to, at, n);
}

void fsext_flush(int fd, off_t at, off_t n)
{
	(void)fd;
	(void)at;
	(void)n;
}
