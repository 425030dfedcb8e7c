#include "fsext.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define COPY_CHUNK (1u << 30)	  /* bytes of one copy_file_range */

/*
 * The mark for mounts with userxattr, as all of ours are. Not the other one, trusted.overlay.opaque, beside it: such a
 * mount takes that for a plain attribute, and copies it to directories that are not opaque.
 */
#define OPAQUE "user.overlay.opaque"

/* One of set, get, list, remove, on whatever the target turns out to be. */
struct request {
	enum { SET, GET, LIST, REMOVE } verb;
	const char *attr;
	const void *in;
	void *out;
	size_t n;
};

static ssize_t by_fd(int fd, const struct request *r)
{
	switch (r->verb) {
	case SET: return fsetxattr(fd, r->attr, r->in, r->n, 0);
	case GET: return fgetxattr(fd, r->attr, r->out, r->n);
	case LIST: return flistxattr(fd, r->out, r->n);
	case REMOVE: return fremovexattr(fd, r->attr);
	}
	return -1;
}

static ssize_t by_path(const char *path, const struct request *r)
{
	switch (r->verb) {
	case SET: return lsetxattr(path, r->attr, r->in, r->n, 0);
	case GET: return lgetxattr(path, r->attr, r->out, r->n);
	case LIST: return llistxattr(path, r->out, r->n);
	case REMOVE: return lremovexattr(path, r->attr);
	}
	return -1;
}

static ssize_t xattr(int dir, const char *name, const struct request *r)
{
	char path[64 + NAME_MAX];
	cleanup_fd int real = -1;
	ssize_t result;

	if (*name) {
		snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dir, name);
		return by_path(path, r);
	}
	result = by_fd(dir, r);
	if (result != -1 || errno != EBADF)
		return result;
	real = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return real == -1 ? -1 : by_fd(real, r);
}

int fsext_set_xattr(int dir, const char *name, const char *attr, const void *value, size_t n)
{
	return (int)xattr(dir, name, &(struct request){ .verb = SET, .attr = attr, .in = value, .n = n });
}

int fsext_remove_xattr(int dir, const char *name, const char *attr)
{
	return (int)xattr(dir, name, &(struct request){ .verb = REMOVE, .attr = attr });
}

ssize_t fsext_get_xattr(int dir, const char *name, const char *attr, void *value, size_t max)
{
	return xattr(dir, name, &(struct request){ .verb = GET, .attr = attr, .out = value, .n = max });
}

ssize_t fsext_list_xattr(int dir, const char *name, char *list, size_t max)
{
	return xattr(dir, name, &(struct request){ .verb = LIST, .out = list, .n = max });
}

int fsext_make_whiteout(int dir, const char *name)
{
	return mknodat(dir, name, S_IFCHR, makedev(0, 0));
}

int fsext_remove_whiteout(int dir, const char *name)
{
	return unlinkat(dir, name, 0);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

bool fsext_is_whiteout(int dir, const char *name, const struct stat *st, char *hidden)
{
	(void)dir;
	if (!is_whiteout(st))
		return false;
	snprintf(hidden, NAME_MAX + 1, "%s", name);
	return true;
}

int fsext_make_opaque(int dir)
{
	return fsext_set_xattr(dir, "", OPAQUE, "y", 1);
}

bool fsext_is_opaque(int dir)
{
	char value = 0;

	return fsext_get_xattr(dir, "", OPAQUE, &value, 1) == 1 && value == 'y';
}

int fsext_exchange(int dir, const char *name, int other_dir, const char *other_name)
{
	return renameat2(dir, name, other_dir, other_name, RENAME_EXCHANGE);
}

/* One extent for two files (btrfs, xfs): asked for by itself, since copy_file_range does it on newer kernels alone. */
static bool clone_range(int from, int to, off_t at, off_t n)
{
	struct file_clone_range range = {
		.src_fd = from, .src_offset = (uint64_t)at, .src_length = (uint64_t)n, .dest_offset = (uint64_t)at,
	};

	return ioctl(to, FICLONERANGE, &range) == 0;
}

int fsext_copy_range(int from, int to, off_t at, off_t n)
{
	if (n > 0 && clone_range(from, to, at, n))
		return 0;
	while (n > 0) {
		off_t in = at, out = at;
		size_t want = n < (off_t)COPY_CHUNK ? (size_t)n : COPY_CHUNK;
		ssize_t got = copy_file_range(from, &in, to, &out, want, 0);
		if (got <= 0) /* not between these two, or not on this kernel; the copy by hand knows the end */
			return io_copy_range(from, to, at, n);
		at += got;
		n -= got;
	}
	return 0;
}

void fsext_flush(int fd, off_t at, off_t n)
{
	sync_file_range(fd, at, n, SYNC_FILE_RANGE_WRITE);
}
