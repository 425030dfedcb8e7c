#include "confine.h"

#include "io.h"

#include <errno.h>
#include <stdbool.h>

const int confine_namespaces = 0;

static bool is_kept(int fd, int root, const int *keep, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fd == keep[i])
			return true;
	return fd == root || fd == STDERR_FILENO;
}

static void close_but(int root, const int *keep, size_t count)
{
	long limit = sysconf(_SC_OPEN_MAX);

	for (int fd = 0; fd < (limit > 0 && limit < 65536 ? limit : 65536); fd++)
		if (!is_kept(fd, root, keep, count))
			close(fd);
}

int confine(int root, const int *keep, size_t count, struct err *e)
{
	if (geteuid() == 0 && (fchdir(root) == -1 || chroot(".") == -1))
		return err_errno(e, errno, "chroot into the layer's tree");
	close_but(root, keep, count);
	return 0;
}

int confine_to_reading(const int *keep, size_t count, struct err *e)
{
	(void)e;
	close_but(-1, keep, count);
	return 0;
}
