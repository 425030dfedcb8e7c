#include "sandbox_mount.h"

#include "io.h"
#include "sandbox_defaults.h"
#include "sandbox_inside.h"

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

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },	    { "stdin", "/proc/self/fd/0" },  { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};

/* The host's own: nobody may make device nodes in a user namespace, and elsewhere there is no need to. */
static int put_device(int root, const struct sandbox_device *d, struct err *e)
{
	const char *host = sandbox_device_path(d->major, d->minor);
	cleanup_fd int mount = -1;

	if (!host)
		return err_set(e, ERR_USAGE, "device %u:%u is not supported", d->major, d->minor);
	mount = mount_clone_device(host, d->major, d->minor, e);
	return mount == -1 ? -1 : mount_put(root, mount, d->path, MOUNT_ON_FILE, e);
}

int sandbox_fill_dev(const struct sandbox *s, int root, struct err *e)
{
	cleanup_fd int dev = mount_target(root, "/dev", MOUNT_ON_REAL_DIRECTORY, e);

	if (dev == -1)
		return -1;
	for (size_t i = 0; i < sandbox_default_device_count; i++)
		if (put_device(root, &sandbox_default_devices[i], e) == -1)
			return -1;
	for (size_t i = 0; i < s->device_count; i++)
		if (put_device(root, &s->devices[i], e) == -1)
			return -1;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i].target, dev, links[i].name) == -1 && errno != EEXIST)
			return err_errno(e, errno, "/dev/%s", links[i].name);
	return 0;
}

/* Which of the devices that every container has it is; NULL: none of them. */
static const struct sandbox_device *find_device(const struct stat *st)
{
	for (size_t i = 0; i < sandbox_default_device_count; i++)
		if (S_ISCHR(st->st_mode) &&
		    st->st_rdev == makedev(sandbox_default_devices[i].major, sandbox_default_devices[i].minor))
			return &sandbox_default_devices[i];
	return NULL;
}

static int use_own_device(int fd, const struct sandbox_device *d, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);
	cleanup_fd int own = open(d->path, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (flags == -1 || own == -1 || fstat(own, &st) == -1)
		return err_errno(e, errno, "descriptor %d: %s", fd, d->path);
	if (find_device(&st) != d)
		return err_set(e, ERR_CONTENT, "descriptor %d: %s is not the device", fd, d->path);
	if (fcntl(own, F_SETFL, flags) == -1 || dup2(own, fd) == -1)
		return err_errno(e, errno, "descriptor %d", fd);
	return 0;
}

int sandbox_use_own_devices(struct err *e)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stat st;
		const struct sandbox_device *d = fstat(fd, &st) == -1 ? NULL : find_device(&st);

		if (d && use_own_device(fd, d, e) == -1)
			return -1;
	}
	return 0;
}

bool sandbox_window_size(struct winsize *size)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ioctl(fd, TIOCGWINSZ, size) == 0)
			return true;
	return false;
}

/* That of ours, where one of the standard descriptors is a terminal; else what the bundle says. */
static void set_window_size(const struct sandbox *s, int terminal)
{
	struct winsize size = { .ws_row = s->rows, .ws_col = s->columns };

	sandbox_window_size(&size);
	ioctl(terminal, TIOCSWINSZ, &size);
}

int sandbox_put_console(int root, int peer, struct err *e)
{
	cleanup_fd int mount = open_tree(peer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (mount == -1)
		return err_errno(e, errno, "/dev/console");
	return mount_put(root, mount, "/dev/console", MOUNT_ON_FILE, e);
}

/* Whether it is what makes terminals, and not what a container's root has put in its place. */
static bool is_ptmx(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2) && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == DEVPTS_SUPER_MAGIC;
}

int sandbox_open_terminal(const struct sandbox *s, int root, uid_t uid, int *peer, struct err *e)
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
	set_window_size(s, master);
	*peer = steal_fd(&end);
	return steal_fd(&master);
}
