#include "sandbox_mount.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The host's: nobody may make device nodes in a user namespace, and elsewhere there is no need to. */
static const struct {
	const char *path;
	unsigned int major, minor;
} devices[] = {
	{ "/dev/null", 1, 3 },	  { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },	    { "stdin", "/proc/self/fd/0" },  { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};

static int put_file(int root, int mount, const char *path, struct err *e)
{
	cleanup_fd int target = mount_target(root, path, MOUNT_ON_FILE, e);

	return target == -1 ? -1 : mount_attach(mount, target, path, e);
}

static int put_device(int root, size_t i, struct err *e)
{
	cleanup_fd int mount = mount_clone_device(devices[i].path, devices[i].major, devices[i].minor, e);

	/* The host's own /dev may be nodev where it is a container itself: that stays. */
	if (mount == -1 || mount_attributes(mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, false, e) == -1)
		return -1;
	return put_file(root, mount, devices[i].path, e);
}

int sandbox_fill_dev(int root, struct err *e)
{
	cleanup_fd int dev = mount_target(root, "/dev", MOUNT_ON_REAL_DIRECTORY, e);

	if (dev == -1)
		return -1;
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		if (put_device(root, i, e) == -1)
			return -1;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i].target, dev, links[i].name) == -1)
			return err_errno(e, errno, "/dev/%s", links[i].name);
	return 0;
}

static void copy_window_size(int terminal)
{
	struct winsize size;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
			ioctl(terminal, TIOCSWINSZ, &size);
			return;
		}
}

int sandbox_put_console(int root, int peer, struct err *e)
{
	cleanup_fd int mount = open_tree(peer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (mount == -1)
		return err_errno(e, errno, "/dev/console");
	return put_file(root, mount, "/dev/console", e);
}

/* Whether it is what makes terminals, and not what a container's root has put in its place. */
static bool is_ptmx(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2) && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == DEVPTS_SUPER_MAGIC;
}

int sandbox_open_terminal(int root, uid_t uid, int *peer, struct err *e)
{
	cleanup_fd int pts = mount_target(root, "/dev/pts", MOUNT_ON_REAL_DIRECTORY, e), master = -1, end = -1;
	int unlock = 0;

	if (pts == -1)
		return -1;
	master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (master != -1 && !is_ptmx(master))
		return err_set(e, ERR_CONTENT, "/dev/pts/ptmx: makes no terminals");
	if (master == -1 || ioctl(master, TIOCSPTLCK, &unlock) == -1)
		return err_errno(e, errno, "/dev/pts/ptmx");
	/* By descriptor: a name in /dev/pts could be anybody's (CVE-2025-52565). */
	end = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (end == -1 || fchown(end, uid, (gid_t)-1) == -1)
		return err_errno(e, errno, "terminal");
	copy_window_size(master);
	*peer = steal_fd(&end);
	return steal_fd(&master);
}
