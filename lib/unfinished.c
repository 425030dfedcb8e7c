#include "unfinished.h"

#include "beneath.h"
#include "buf.h"
#include "io.h"
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define PREFIX "bundle."
#define LOCK_NAME "bundles.lock" /* held while directories are made and swept, so that none is swept before it is locked */

static int remove_tree(void *ctx, struct err *e)
{
	const char *path = ctx;
	cleanup_free char *for_parent = strdup(path), *for_name = strdup(path);
	cleanup_fd int parent = -1;

	if (!for_parent || !for_name)
		return err_nomem(e);
	parent = open(dirname(for_parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent == -1)
		return err_errno(e, errno, "%s", path);
	return beneath_remove(parent, basename(for_name), e);
}

int unfinished_remove(const char *path, struct err *e)
{
	void *tree = (void *)(uintptr_t)path;
	struct err ignored = ERR_INIT;
	struct userns ns, own;

	if (userns_plan(&ns, e) == -1)
		return -1;
	if (ns.kind == USERNS_NONE) /* whoever may remove it, we are it */
		return remove_tree(tree, e);
	/* Our own id goes a long way, and is quickly had. */
	userns_plan_own(&own);
	if (ns.kind == USERNS_SUBIDS && worker_run(&own, 0, remove_tree, tree, &ignored) == 0)
		return 0;
	return worker_run(&ns, 0, remove_tree, tree, e);
}

int unfinished_discard(const char *tmp, const char *path, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_buf struct buf gone = BUF_INIT;
	const char *slash = strrchr(path, '/');

	buf_addf(&gone, "%s/" PREFIX "%s", tmp, slash ? slash + 1 : path);
	if (buf_check(&gone, e) == -1)
		return -1;
	/* Locked, so that it is ours to remove. */
	if (fd == -1 || flock(fd, LOCK_EX) == -1 || rename(path, buf_text(&gone)) == -1)
		return unfinished_remove(path, e);
	return unfinished_remove(buf_text(&gone), e);
}

/* Removes tmp/<name> if nobody holds it. What cannot be removed stays for another time. */
static void sweep_one(const struct store *s, const char *name)
{
	cleanup_fd int fd = openat(s->tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_buf struct buf path = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1)
		return;
	buf_addf(&path, "%s/tmp/%s", s->path, name);
	if (buf_check(&path, &ignored) == 0)
		unfinished_remove(buf_text(&path), &ignored);
}

static void sweep(const struct store *s)
{
	int fd = openat(s->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		io_cleanup_fd(&fd);
		return;
	}
	while ((d = readdir(dir)))
		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) == 0)
			sweep_one(s, d->d_name);
	closedir(dir);
}

/* mkdtemp, and the lock on what it made. */
static int make_locked(char *template, struct err *e)
{
	cleanup_fd int fd = -1;

	if (!mkdtemp(template)) /* 0700: what is setuid inside is out of others' reach */
		return err_errno(e, errno, "%s", template);
	fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == -1) {
		err_errno(e, errno, "%s", template);
		rmdir(template);
		return -1;
	}
	return steal_fd(&fd);
}

static bool same_filesystem(const struct store *s, const char *parent)
{
	struct stat a, b;

	return fstat(s->tmp, &a) == 0 && stat(parent, &b) == 0 && a.st_dev == b.st_dev;
}

int unfinished_make(const struct store *s, const char *parent, char **path, struct err *e)
{
	cleanup_buf struct buf template = BUF_INIT;
	int lock = store_lock(s, LOCK_NAME, e), fd = -1;

	if (lock == -1)
		return -1;
	if (same_filesystem(s, parent))
		buf_addf(&template, "%s/tmp/" PREFIX "XXXXXX", s->path);
	else
		buf_addf(&template, "%s/." PREFIX "XXXXXX", parent);
	sweep(s);
	*path = buf_steal(&template);
	if (!*path)
		err_nomem(e);
	else
		fd = make_locked(*path, e);
	store_unlock(s, LOCK_NAME, &lock);
	if (fd == -1)
		free(steal_ptr(path));
	return fd;
}
