#include "container_lock.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_TEXT 16 /* bytes of the lock file: the exit status, blanks, a newline */

int container_open_lock(int dir, int flags)
{
	int fd = openat(dir, "lock", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0600);

	if (fd == -1 && (errno == EACCES || errno == EROFS))
		fd = openat(dir, "lock", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd;
}

static int explain(const struct container *c, int errnum, struct err *e)
{
	if (errnum == ENOLCK || errnum == ENOSYS || errnum == EOPNOTSUPP)
		return err_set(e, ERR_IO, "%s/lock: this filesystem has no locks, so that nobody can tell what runs", c->path);
	return err_errno(e, errnum, "%s/lock", c->path);
}

/* Locks for reading, which those who wait hold for a moment, do not show. */
int container_holder(const struct container *c, bool *held, pid_t *pid, struct err *e)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	*held = false;
	*pid = 0;
	if (c->lock == -1)
		return 0;
	if (fcntl(c->lock, F_GETLK, &l) == -1)
		return explain(c, errno, e);
	*held = l.l_type != F_UNLCK;
	if (*held && l.l_pid > 0)
		*pid = l.l_pid;
	return 0;
}

int container_take_lock(const struct container *c, bool wait, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(c->lock, wait ? F_SETLKW : F_SETLK, &l) == -1) {
		if (errno == EINTR)
			continue;
		if (!wait && (errno == EACCES || errno == EAGAIN))
			return 0;
		return explain(c, errno, e);
	}
	return 1;
}

bool container_still_there(const struct container *c)
{
	cleanup_buf struct buf path = BUF_INIT;
	struct stat by_fd, by_name;

	buf_addf(&path, "%s/lock", c->path);
	return !path.failed && fstat(c->lock, &by_fd) == 0 && lstat(buf_text(&path), &by_name) == 0 &&
	       by_fd.st_dev == by_name.st_dev && by_fd.st_ino == by_name.st_ino;
}

static int put(const struct container *c, const char *text)
{
	char line[EXIT_TEXT + 1];

	snprintf(line, sizeof line, "%-*s\n", EXIT_TEXT - 1, text);
	return pwrite(c->lock, line, EXIT_TEXT, 0) == EXIT_TEXT ? 0 : -1;
}

void container_clear_exit(const struct container *c)
{
	/* On a full disk a new file stays empty, which says the same. */
	(void)put(c, "");
}

int container_put_exit(const struct container *c, int exit, struct err *e)
{
	char text[EXIT_TEXT];

	snprintf(text, sizeof text, "%d", exit);
	return put(c, text) == -1 ? explain(c, errno, e) : 0;
}

bool container_get_exit(const struct container *c, int *exit)
{
	char line[EXIT_TEXT + 1];
	ssize_t n = c->lock == -1 ? -1 : pread(c->lock, line, EXIT_TEXT, 0);

	line[n > 0 ? n : 0] = '\0';
	return sscanf(line, "%d", exit) == 1;
}
