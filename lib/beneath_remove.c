/*
 * Removal of trees of any depth and width: one directory is scanned at a time, what is no directory is removed on the
 * spot, and the names of the directories are kept until it is their turn, as many as there is room for
 * (beneath_pending). The way back is "..", which is compared with the directory that the way down began in.
 */
#include "beneath.h"

#include "beneath_pending.h"
#include "buf.h"
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A directory on the way down. */
struct level {
	dev_t dev;
	ino_t ino;
	struct timespec mtime;
	size_t path_len; /* of the removal's path, up to here */
	struct pending pending;
	size_t next; /* of the one whose turn it is */
};

struct removal {
	const struct beneath_keeper *keeper; /* or NULL */
	int at;				     /* the directory of the last level */
	struct buf path;
	struct level *levels;
	size_t depth, room;
	size_t bytes; /* of all pending names */
};

static void removal_clear(struct removal *r)
{
	while (r->depth)
		pending_clear(&r->levels[--r->depth].pending, &r->bytes);
	free(r->levels);
	buf_clear(&r->path);
	io_cleanup_fd(&r->at);
}

#define cleanup_removal __attribute__((cleanup(removal_clear)))

static struct level *top(struct removal *r)
{
	return &r->levels[r->depth - 1];
}

static void path_truncate(struct removal *r, size_t len)
{
	r->path.len = len;
	if (r->path.data)
		r->path.data[len] = '\0';
}

/* The path of `name` in the directory at hand; valid until the next change of the path. */
static const char *path_of(struct removal *r, size_t len, const char *name)
{
	path_truncate(r, len);
	if (len)
		buf_addc(&r->path, '/');
	buf_adds(&r->path, name);
	return buf_text(&r->path);
}

static bool spared(struct removal *r, size_t len, const char *name)
{
	return r->keeper && r->keeper->keep(r->keeper->ctx, path_of(r, len, name));
}

/* Whether it is a directory; removes it where not. -1 with the error set. */
static int remove_plain(struct removal *r, size_t len, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(r->at, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : err_errno(e, errno, "stat %s", name);
	if (S_ISDIR(st.st_mode))
		return 1;
	if (spared(r, len, name))
		return 0;
	if (unlinkat(r->at, name, 0) == -1 && errno != ENOENT)
		return err_errno(e, errno, "remove %s", name);
	return 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* after: only directories that come after this name; the first scan of a level has "" for it. */
static int scan(struct removal *r, struct level *l, const char *after, struct err *e)
{
	__attribute__((cleanup(close_dir))) DIR *d = NULL;
	cleanup_fd int fd = openat(r->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;

	if (fd == -1 || !(d = fdopendir(fd)))
		return err_errno(e, errno, "open a directory to remove");
	(void)steal_fd(&fd);
	while (errno = 0, (entry = readdir(d))) {
		int directory;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		directory = remove_plain(r, l->path_len, entry->d_name, e);
		if (directory == -1)
			return -1;
		if (directory && strcmp(entry->d_name, after) > 0 && pending_add(&l->pending, entry->d_name, &r->bytes, e) == -1)
			return -1;
	}
	return errno ? err_errno(e, errno, "read a directory to remove") : 0;
}

/* What a scan had no room for. */
static int scan_on(struct removal *r, struct level *l, struct err *e)
{
	char after[NAME_MAX + 1];

	snprintf(after, sizeof after, "%s", pending_last(&l->pending));
	pending_clear(&l->pending, &r->bytes);
	l->next = 0;
	return scan(r, l, after, e);
}

/* Makes `fd` (taken over) the directory at hand, and empties it of everything but directories. */
static int descend(struct removal *r, int fd, struct err *e)
{
	struct stat st;
	struct level *l;

	io_cleanup_fd(&r->at);
	r->at = fd;
	if (r->depth == r->room) {
		size_t room = r->room ? 2 * r->room : 16;
		struct level *more = realloc(r->levels, room * sizeof *more);
		if (!more)
			return err_nomem(e);
		r->levels = more;
		r->room = room;
	}
	if (fstat(fd, &st) == -1)
		return err_errno(e, errno, "stat a directory to remove");
	if (r->depth && st.st_dev != r->levels[0].dev)
		return err_set(e, ERR_IO, "%s: a mount point, not removed", buf_text(&r->path));
	l = &r->levels[r->depth++];
	*l = (struct level){ .dev = st.st_dev, .ino = st.st_ino, .path_len = r->path.len };
	if (r->keeper && beneath_keep_time(fd, &l->mtime, e) == -1)
		return -1;
	return scan(r, l, "", e);
}

/* Back to the directory above, which must be the one we came from. */
static int ascend(struct removal *r, struct err *e)
{
	struct stat st;
	int fd = openat(r->at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_errno(e, errno, "go back from a removed directory");
	io_cleanup_fd(&r->at);
	r->at = fd;
	pending_clear(&top(r)->pending, &r->bytes);
	r->depth--;
	if (fstat(fd, &st) == -1)
		return err_errno(e, errno, "stat a directory to remove");
	if (st.st_dev != top(r)->dev || st.st_ino != top(r)->ino)
		return err_set(e, ERR_IO, "a directory was moved while it was removed");
	return 0;
}

/* Our own directories may forbid us to look into them; that is no reason to leave them. */
static int open_subdirectory(int at, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, name, flags);

	if (fd == -1 && errno == EACCES && fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(at, name, flags);
	return fd;
}

static int remove_directory(struct removal *r, const char *name, struct err *e)
{
	if (spared(r, top(r)->path_len, name))
		return 0;
	if (unlinkat(r->at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (r->keeper && (errno == ENOTEMPTY || errno == EEXIST)) /* it leads to something that stays */
		return 0;
	return err_errno(e, errno, "remove the directory %s", name);
}

/* Everything below the directory `fd` (taken over). */
static int empty(struct removal *r, int fd, struct err *e)
{
	if (descend(r, fd, e) == -1)
		return -1;
	for (;;) {
		struct level *l = top(r);

		if (l->next < l->pending.count) {
			const char *name = l->pending.names[l->next];
			int sub = open_subdirectory(r->at, name);
			if (sub == -1)
				return err_errno(e, errno, "open %s", name);
			path_of(r, l->path_len, name);
			if (buf_check(&r->path, e) == -1)
				return io_cleanup_fd(&sub), -1;
			if (descend(r, sub, e) == -1)
				return -1;
			continue;
		}
		if (l->pending.more) {
			if (scan_on(r, l, e) == -1)
				return -1;
			continue;
		}
		if (r->keeper && beneath_put_time(r->at, &l->mtime, e) == -1)
			return -1;
		if (r->depth == 1)
			return 0;
		if (ascend(r, e) == -1)
			return -1;
		l = top(r);
		if (remove_directory(r, l->pending.names[l->next], e) == -1)
			return -1;
		l->next++;
	}
}

int beneath_empty_but(int dir, const char *path, const struct beneath_keeper *keeper, struct err *e)
{
	cleanup_removal struct removal r = { .keeper = keeper, .at = -1 };
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_errno(e, errno, "open a directory to empty");
	buf_adds(&r.path, path);
	return empty(&r, fd, e);
}

int beneath_remove_but(int dir, const char *name, const char *path, const struct beneath_keeper *keeper,
		       struct err *e)
{
	cleanup_removal struct removal r = { .keeper = keeper, .at = -1 };
	struct stat st, sub;
	int directory, fd;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/'))
		return err_set(e, ERR_CONTENT, "'%s' is not a name to remove", name);
	r.at = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r.at == -1 || fstat(r.at, &st) == -1)
		return err_errno(e, errno, "open a directory to remove from");
	buf_adds(&r.path, path);
	directory = remove_plain(&r, r.path.len, name, e);
	if (directory <= 0)
		return directory;
	fd = open_subdirectory(dir, name);
	if (fd == -1 || fstat(fd, &sub) == -1)
		return io_cleanup_fd(&fd), err_errno(e, errno, "open %s", name);
	if (sub.st_dev != st.st_dev)
		return io_cleanup_fd(&fd), err_set(e, ERR_IO, "%s: a mount point, not removed", name);
	path_of(&r, r.path.len, name);
	if (buf_check(&r.path, e) == -1)
		return io_cleanup_fd(&fd), -1;
	if (empty(&r, fd, e) == -1)
		return -1;
	if (keeper) {
		path_truncate(&r, strlen(path));
		if (keeper->keep(keeper->ctx, path_of(&r, strlen(path), name)))
			return 0;
	}
	if (unlinkat(dir, name, AT_REMOVEDIR) == -1 && errno != ENOENT &&
	    !(keeper && (errno == ENOTEMPTY || errno == EEXIST)))
		return err_errno(e, errno, "remove the directory %s", name);
	return 0;
}

int beneath_remove(int dir, const char *name, struct err *e)
{
	return beneath_remove_but(dir, name, "", NULL, e);
}

int beneath_empty(int dir, struct err *e)
{
	return beneath_empty_but(dir, "", NULL, e);
}
