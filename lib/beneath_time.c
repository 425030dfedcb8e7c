#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int beneath_keep_time(int dir, struct timespec *mtime, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st) == -1)
		return err_errno(e, errno, "stat a directory");
	*mtime = st.st_mtim;
	return 0;
}

int beneath_put_time(int dir, const struct timespec *mtime, struct err *e)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT }, *mtime };

	/* by ".", as a descriptor of a mere path takes no times; where it was removed meanwhile, that is gone */
	if (utimensat(dir, ".", times, 0) == -1 && errno != EPERM && errno != ENOENT)
		return err_errno(e, errno, "set the times of a directory");
	return 0;
}
