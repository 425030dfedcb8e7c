#include "overlay.h"

#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

const bool overlay_exists = true;
const int overlay_namespaces = CLONE_NEWNS;

/*
 * Opens a directory and adds its descriptor's number to the options. Descriptors stand for the paths because the
 * options of one mount must fit a page, and because a path would need ':' and ',' escaped: with /proc/self/fd as the
 * working directory, "lowerdir=5:6:7" is all there is to say.
 */
static int add_directory(struct buf *options, const char *before, const char *path, struct err *e)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_errno(e, errno, "%s", path);
	buf_addf(options, "%s%d", before, fd);
	return fd;
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

bool overlay_fits(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == -1 || (fs.f_type != OVERLAYFS_SUPER_MAGIC && fs.f_type != NFS_SUPER_MAGIC);
}

/* What the kernel leaves in the work directory of a volatile mount that was not unmounted, and mounts no more. */
static bool was_volatile(const char *work)
{
	cleanup_buf struct buf mark = BUF_INIT;

	buf_addf(&mark, "%s/work/incompat/volatile", work);
	return !mark.failed && access(buf_text(&mark), F_OK) == 0;
}

/* "Invalid argument" is all that the kernel has to say of much, but to its log. */
static int explain(const struct overlay *o, int errnum, struct err *e)
{
	if (errnum == EINVAL && o->upper && !overlay_fits(o->upper))
		return err_set(e, ERR_IO, "%s: its filesystem cannot hold the upper directory of an overlay (make the bundle with -m copy)",
			       o->upper);
	if (errnum == EINVAL && o->upper && was_volatile(o->work))
		return err_set(e, ERR_IO, "%s: killed while it was to be removed (--rm), it cannot run again", o->upper);
	return err_errno(e, errnum, "mount an overlay on %s", o->target);
}

static int mount_opened(const struct overlay *o, const char *options, struct err *e)
{
	const char *target = o->target;
	cleanup_fd int at = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char here[32];

	if (at == -1)
		return err_errno(e, errno, "%s", target);
	snprintf(here, sizeof here, "%d", at);
	if (chdir("/proc/self/fd") == -1)
		return err_errno(e, errno, "/proc/self/fd");
	if (mount("overlay", here, "overlay", o->flags, options) == -1)
		explain(o, errno, e);
	if (chdir("/") == -1 && e->kind == ERR_NONE)
		err_errno(e, errno, "/");
	return e->kind == ERR_NONE ? 0 : -1;
}

int overlay_mount(const struct overlay *o, struct err *e)
{
	cleanup_buf struct buf options = BUF_INIT;
	int fds[OVERLAY_LAYERS_MAX + 2], status = 0;
	size_t n = 0;

	if (o->count == 0 || o->count > OVERLAY_LAYERS_MAX)
		return err_set(e, ERR_USAGE, "%zu layers: an overlay takes 1 to %d", o->count, OVERLAY_LAYERS_MAX);
	io_allow_descriptors(); /* one a layer */
	buf_adds(&options, o->upper && o->discard ? "userxattr,volatile" : "userxattr");
	for (size_t i = 0; i < o->count && status == 0; i++)
		status = (fds[n] = add_directory(&options, i ? ":" : ",lowerdir=", o->lower[i], e)) == -1 ? -1 : (n++, 0);
	if (status == 0 && o->upper)
		status = (fds[n] = add_directory(&options, ",upperdir=", o->upper, e)) == -1 ? -1 : (n++, 0);
	if (status == 0 && o->upper)
		status = (fds[n] = add_directory(&options, ",workdir=", o->work, e)) == -1 ? -1 : (n++, 0);
	if (status == 0)
		status = buf_check(&options, e);
	if (status == 0)
		status = mount_opened(o, buf_text(&options), e);
	close_all(fds, n);
	return status;
}

int overlay_claim(const char *work, struct err *e)
{
	int fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_errno(e, errno, "%s", work);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		err_set(e, ERR_USAGE, "%s: a container runs on it already, and an overlay serves one at a time", work);
	else
		err_errno(e, errno, "lock %s", work);
	close(fd);
	return -1;
}
