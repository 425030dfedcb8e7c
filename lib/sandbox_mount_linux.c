#include "sandbox_mount.h"

#include "beneath.h"
#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

int mount_clone(const char *path, bool recursive, struct err *e)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));

	/* What was mounted by somebody more powerful comes with what covers it, or not at all. */
	if (fd == -1 && errno == EINVAL && !recursive)
		return mount_clone(path, true, e);
	if (fd == -1 && errno == ENOSYS)
		return err_set(e, ERR_IO, "this kernel lacks open_tree: Linux 5.12 is needed, or --isolation=chroot");
	return fd == -1 ? err_errno(e, errno, "bind %s", path) : fd;
}

int mount_attributes(int mount, uint64_t set, uint64_t clear, bool recursive, struct err *e)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = MS_PRIVATE };

	if ((set | clear) & MOUNT_ATTR__ATIME) /* one field of several bits: changed as a whole */
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr) == 0)
		return 0;
	if (errno == ENOSYS)
		return err_set(e, ERR_IO, "this kernel lacks mount_setattr: Linux 5.12 is needed, or --isolation=chroot");
	return err_errno(e, errno, "mount attributes");
}

static int configure(int fs, char *const *options, const char *type, struct err *e)
{
	for (; options && *options; options++) {
		char key[64];
		size_t len = strcspn(*options, "=");
		const char *value = (*options)[len] ? *options + len + 1 : NULL;

		if (len == 0 || len >= sizeof key)
			return err_set(e, ERR_USAGE, "mount option \"%s\" is not understood", *options);
		memcpy(key, *options, len);
		key[len] = '\0';
		if (fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) == -1)
			return err_errno(e, errno, "%s option %s", type, *options);
	}
	return 0;
}

int mount_new(const char *type, const char *source, char *const *options, uint64_t attributes, struct err *e)
{
	cleanup_fd int fs = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (fs == -1)
		return err_errno(e, errno, "filesystem %s", type);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", source ? source : type, 0) == -1)
		return err_errno(e, errno, "%s source", type);
	if (configure(fs, options, type, e) == -1)
		return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == -1)
		return err_errno(e, errno, "new %s", type);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)attributes);
	return fd == -1 ? err_errno(e, errno, "mount %s", type) : fd;
}

int mount_attach(int mount, int target, const char *path, struct err *e)
{
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == -1)
		return err_errno(e, errno, "mount on %s", path);
	return 0;
}

int mount_clone_device(const char *path, unsigned int major, unsigned int minor, struct err *e)
{
	cleanup_fd int fd = mount_clone(path, false, e);
	struct stat st;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(major, minor))
		return err_set(e, ERR_IO, "%s of the host is not the device %u:%u", path, major, minor);
	/* Read-only is its node, not the device: the node is the host's, which uid 0 could change as its owner. */
	if (mount_attributes(fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, true, e) == -1)
		return -1;
	return steal_fd(&fd);
}

static int make(int parent, const char *name, enum mount_target kind)
{
	int fd;

	if (kind != MOUNT_ON_FILE)
		return mkdirat(parent, name, 0755);
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
	return fd == -1 ? -1 : 0;
}

/* Replaces `path` by what the symlink `name`, its last component, says. */
static int follow(int link, const char *name, struct buf *path, struct err *e)
{
	char text[BENEATH_PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof text - 1);
	const char *slash = strrchr(buf_text(path), '/');
	cleanup_buf struct buf next = BUF_INIT;

	if (n == -1)
		return err_errno(e, errno, "%s", name);
	text[n] = '\0';
	if (*text != '/' && slash)
		buf_add(&next, buf_text(path), (size_t)(slash - buf_text(path)) + 1);
	buf_adds(&next, text);
	if (buf_check(&next, e) == -1)
		return -1;
	if (next.len >= BENEATH_PATH_MAX)
		return err_set(e, ERR_CONTENT, "%s: longer than the limit of %d bytes", name, BENEATH_PATH_MAX - 1);
	buf_reset(path);
	buf_add(path, next.data, next.len);
	return buf_check(path, e);
}

/* One step: opens the last component without following it, made where it is missing. */
static int open_last(int root, const char *path, enum mount_target kind, char name[BENEATH_NAME_MAX], struct err *e)
{
	cleanup_fd int parent = beneath_parent(root, path, &beneath_silent_maker, name, e);
	int fd;

	if (parent == -1)
		return -1;
	if (!*name)
		return err_set(e, ERR_USAGE, "the root itself");
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT && (make(parent, name, kind) == 0 || errno == EEXIST)) /* another container was quicker */
		fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd == -1 ? err_errno(e, errno, "cannot be made") : fd;
}

int mount_target(int root, const char *path, enum mount_target kind, struct err *e)
{
	cleanup_buf struct buf where = BUF_INIT;
	char name[BENEATH_NAME_MAX];

	buf_adds(&where, path);
	for (int links = 0; links <= BENEATH_LINKS_MAX; links++) {
		cleanup_fd int fd = open_last(root, buf_text(&where), kind, name, e);
		struct stat st;

		if (fd == -1)
			return err_context(e, "mount point %s", path);
		if (fstat(fd, &st) == -1)
			return err_errno(e, errno, "mount point %s", path);
		if (!S_ISLNK(st.st_mode)) {
			if (S_ISDIR(st.st_mode) == (kind != MOUNT_ON_FILE))
				return steal_fd(&fd);
			return err_set(e, ERR_CONTENT, "mount point %s: %s a directory", path,
				       kind == MOUNT_ON_FILE ? "is" : "is not");
		}
		if (kind == MOUNT_ON_REAL_DIRECTORY)
			return err_set(e, ERR_CONTENT, "mount point %s: is a symlink, not a directory", path);
		if (follow(fd, name, &where, e) == -1)
			return err_context(e, "mount point %s", path);
	}
	return err_set(e, ERR_CONTENT, "mount point %s: too many symlinks", path);
}

static bool is_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* What the kernel says of itself and of processes is not to be replaced, whatever led there (CVE-2019-16884). */
int mount_put(int root, int mount, const char *path, enum mount_target kind, struct err *e)
{
	cleanup_fd int target = mount_target(root, path, kind, e);

	if (target == -1)
		return -1;
	if (is_proc(target) && !is_proc(mount))
		return err_set(e, ERR_USAGE, "nothing can be mounted in a proc filesystem");
	return mount_attach(mount, target, path, e);
}
