#include "store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Whether the locked descriptor is still what stands under the name: its last holder may have removed or renamed it. */
static bool still_named(int dir, const char *name, int fd)
{
	struct stat by_fd, by_name;

	return fstat(fd, &by_fd) == 0 && fstatat(dir, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
	       by_fd.st_dev == by_name.st_dev && by_fd.st_ino == by_name.st_ino;
}

int store_lock_file(const struct store *s, const char *name, bool wait, bool *busy, struct err *e)
{
	for (;;) {
		cleanup_fd int fd =
			openat(s->tmp, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (fd == -1)
			return err_errno(e, errno, "tmp/%s", name);
		while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == -1) {
			if (errno == EINTR)
				continue;
			if (!wait && errno == EWOULDBLOCK) {
				*busy = true;
				return -1;
			}
			return err_errno(e, errno, "lock tmp/%s", name);
		}
		if (still_named(s->tmp, name, fd))
			return steal_fd(&fd);
	}
}

int store_lock(const struct store *s, const char *name, struct err *e)
{
	return store_lock_file(s, name, true, NULL, e);
}

int store_try_lock(const struct store *s, const char *name, bool *busy, struct err *e)
{
	*busy = false;
	return store_lock_file(s, name, false, busy, e);
}

void store_unlock(const struct store *s, const char *name, int *fd)
{
	unlinkat(s->tmp, name, 0);
	flock(*fd, LOCK_UN); /* children may hold copies of the descriptor */
	io_cleanup_fd(fd);
}
