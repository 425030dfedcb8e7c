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

int confine(int root, const int *keep, size_t count, struct err *e)
{
	long limit = sysconf(_SC_OPEN_MAX);

	if (geteuid() == 0 && (fchdir(root) == -1 || chroot(".") == -1))
		return err_errno(e, errno, "chroot into the layer's tree");
	for (int fd = 0; fd < (limit > 0 && limit < 65536 ? limit : 65536); fd++)
		if (!is_kept(fd, root, keep, count))
			close(fd);
	return 0;
}
