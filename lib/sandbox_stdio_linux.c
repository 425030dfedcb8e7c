#include "sandbox_stdio.h"

#include "io.h"
#include "sandbox_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The same file, opened again through a mount that nothing can be changed by. -1 where that is not to be had. */
static int open_again(int fd, int flags)
{
	cleanup_fd int mount = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH), again = -1;
	struct err ignored = ERR_INIT;
	struct stat before, st;
	char path[32];

	if (mount == -1 || mount_attributes(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, false, &ignored) == -1)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", mount);
	again = open(path, (flags & O_ACCMODE) | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (again == -1 || fcntl(again, F_SETFL, flags) == -1 || fstat(fd, &before) == -1 || fstat(again, &st) == -1)
		return -1;
	return st.st_dev == before.st_dev && st.st_ino == before.st_ino ? steal_fd(&again) : -1;
}

static int protect(int fd)
{
	int flags = fcntl(fd, F_GETFL), again;
	struct stat st;

	if (flags == -1 || flags & O_PATH || fstat(fd, &st) == -1)
		return -1;
	if (S_ISCHR(st.st_mode) && isatty(fd))
		return open_again(fd, flags);
	if (!S_ISREG(st.st_mode) || (flags & O_ACCMODE) != O_RDONLY)
		return -1;
	again = open_again(fd, flags);
	/* Where reading goes on; how far the container comes, the caller's descriptor does not tell. */
	if (again != -1 && lseek(again, lseek(fd, 0, SEEK_CUR), SEEK_SET) == -1)
		io_cleanup_fd(&again);
	return again;
}

void stdio_open(struct stdio *o, const struct sandbox *s)
{
	if (s->userns.kind != USERNS_IDENTITY || s->terminal)
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		o->fd[fd] = protect(fd);
}

void stdio_take(struct stdio *o)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (o->fd[fd] != -1 && dup2(o->fd[fd], fd) == -1)
			close(fd);
}

void stdio_close(struct stdio *o)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		io_cleanup_fd(&o->fd[fd]);
}
