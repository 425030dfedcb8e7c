#include "container_lock.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define WORD_SIZE 16 /* bytes of the lock file: a word, blanks, a newline */

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
		return err_set(e, ERR_IO, "%s/lock: this filesystem has no locks: nobody can tell what runs", c->path);
	if (errnum == EBADF) /* open for reading alone, as container_open_lock has it then */
		return err_set(e, ERR_DENIED, "%s/lock: it cannot be written", c->path);
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

int container_put_word(const struct container *c, enum container_word word, int exit, struct err *e)
{
	char text[WORD_SIZE] = "", line[WORD_SIZE + 1];

	if (word == CONTAINER_WORD_RUNNING)
		snprintf(text, sizeof text, "running");
	else if (word == CONTAINER_WORD_EXIT)
		snprintf(text, sizeof text, "%d", exit);
	snprintf(line, sizeof line, "%-*s\n", WORD_SIZE - 1, text);
	return pwrite(c->lock, line, WORD_SIZE, 0) == WORD_SIZE ? 0 : explain(c, errno, e);
}

enum container_word container_get_word(const struct container *c, int *exit)
{
	char line[WORD_SIZE + 1];
	ssize_t n = c->lock == -1 ? -1 : pread(c->lock, line, WORD_SIZE, 0);

	line[n > 0 ? n : 0] = '\0';
	if (sscanf(line, "%d", exit) == 1)
		return CONTAINER_WORD_EXIT;
	return strncmp(line, "running ", 8) == 0 ? CONTAINER_WORD_RUNNING : CONTAINER_WORD_NONE;
}
