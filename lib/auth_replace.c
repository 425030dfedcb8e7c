#include "auth_replace.h"

#include "auth_file.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LINKS_MAX 40 /* symlinks followed, as the kernel has it */

/* Where the symlink `path` leads; the directory part stays, for the kernel to resolve. NULL when memory has run out. */
static char *link_target(const char *path, const char *link)
{
	const char *slash = strrchr(path, '/');
	struct buf b = BUF_INIT;

	if (*link != '/' && slash)
		buf_add(&b, path, (size_t)(slash + 1 - path));
	buf_adds(&b, link);
	return buf_steal(&b);
}

/*
 * The file that the path means in the end, be it there or not. People keep such files in repositories, and links to
 * them.
 */
static int follow(struct auth_replace *r, const char *path, struct err *e)
{
	char link[PATH_MAX];
	ssize_t n;

	if (!(r->path = strdup(path)))
		return err_nomem(e);
	for (int i = 0; (n = readlink(r->path, link, sizeof link - 1)) > 0; i++) {
		char *next;

		link[n] = '\0';
		if (i == LINKS_MAX)
			return err_errno(e, ELOOP, "%s", path);
		if (!(next = link_target(r->path, link)))
			return err_nomem(e);
		free(r->path);
		r->path = next;
	}
	return 0;
}

static int make_directories(char *path, struct err *e)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int failed;

		*slash = '\0';
		failed = mkdir(path, 0700) == -1 && errno != EEXIST ? err_errno(e, errno, "%s", path) : 0;
		*slash = '/';
		if (failed)
			return -1;
	}
	return 0;
}

/* Opens and locks the directory; names the file in it. */
static int lock_directory(struct auth_replace *r, struct err *e)
{
	char *slash = strrchr(r->path, '/');
	cleanup_free char *dir = slash ? strndup(r->path, (size_t)(slash + 1 - r->path)) : strdup(".");
	struct buf b = BUF_INIT;

	r->name = slash ? slash + 1 : r->path;
	buf_addf(&b, ".%s.new", r->name);
	if (!(r->new_name = buf_steal(&b)) || !dir)
		return err_nomem(e);
	if ((r->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return err_errno(e, errno, "%s", dir);
	while (flock(r->dir, LOCK_EX) == -1)
		if (errno != EINTR)
			return err_errno(e, errno, "%s: lock", dir);
	return 0;
}

/* What is there must be a file that we may write: a rename would ask for no leave. */
static int read_old(struct auth_replace *r, struct json **doc, struct err *e)
{
	cleanup_fd int fd = openat(r->dir, r->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd == -1)
		return errno == ENOENT ? 0 : err_errno(e, errno, "%s", r->path);
	if (fstat(fd, &st) == -1 || faccessat(r->dir, r->name, W_OK, AT_EACCESS) == -1)
		return err_errno(e, errno, "%s", r->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s: not a regular file", r->path);
	r->exists = true;
	r->owner = st.st_uid;
	r->group = st.st_gid;
	return auth_file_read(fd, doc, e) == -1 ? err_context(e, "%s", r->path) : 0;
}

int auth_replace_begin(struct auth_replace *r, const char *path, struct json **doc, struct err *e)
{
	*doc = NULL;
	if (follow(r, path, e) == -1 || make_directories(r->path, e) == -1 || lock_directory(r, e) == -1)
		return -1;
	return read_old(r, doc, e);
}

/* Who writes another's file, as root may, leaves it the other's. */
static int keep_owner(const struct auth_replace *r, int fd)
{
	struct stat st;

	if (!r->exists)
		return 0;
	if (fstat(fd, &st) == -1)
		return -1;
	return st.st_uid == r->owner ? 0 : fchown(fd, r->owner, r->group);
}

int auth_replace_commit(struct auth_replace *r, const struct buf *text, struct err *e)
{
	cleanup_fd int fd = -1;

	if (unlinkat(r->dir, r->new_name, 0) == -1 && errno != ENOENT)
		return err_errno(e, errno, "%s", r->path);
	fd = openat(r->dir, r->new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_errno(e, errno, "%s", r->path);
	if (fchmod(fd, 0600) == -1 || keep_owner(r, fd) == -1 || io_write_full(fd, text->data, text->len) == -1 ||
	    fsync(fd) == -1)
		err_errno(e, errno, "%s", r->path);
	else if (io_close(&fd, r->path, e) == 0) {
		if (renameat(r->dir, r->new_name, r->dir, r->name) == 0)
			return fsync(r->dir) == -1 && errno != EINVAL ? err_errno(e, errno, "%s: sync", r->path) : 0;
		err_errno(e, errno, "%s", r->path);
	}
	unlinkat(r->dir, r->new_name, 0);
	return -1;
}

void auth_replace_end(struct auth_replace *r)
{
	io_cleanup_fd(&r->dir);
	free(r->path);
	free(r->new_name);
	*r = (struct auth_replace)AUTH_REPLACE_INIT;
}
