#include "rootfs.h"

#include "beneath.h"
#include "fsext.h"
#include "io.h"
#include "metadata.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A file of the layer with several names, and where its first copy is. */
struct link {
	dev_t dev;
	ino_t ino;
	char *path; /* relative to root */
	struct link *next;
};

#define LINK_BUCKETS 1024

struct copy {
	int root;
	struct link *links[LINK_BUCKETS]; /* of the layer at hand */
	char path[BENEATH_PATH_MAX];	  /* of the directory at hand, relative to root */
};

static struct link **bucket(struct copy *c, const struct stat *st)
{
	return &c->links[(st->st_ino ^ st->st_dev) % LINK_BUCKETS];
}

static struct link *known_link(struct copy *c, const struct stat *st)
{
	for (struct link *l = *bucket(c, st); l; l = l->next)
		if (l->ino == st->st_ino && l->dev == st->st_dev)
			return l;
	return NULL;
}

static int remember_link(struct copy *c, const struct stat *st, const char *name, struct err *e)
{
	struct link *l = calloc(1, sizeof *l), **head = bucket(c, st);
	size_t room = strlen(c->path) + strlen(name) + 2;

	if (!l || !(l->path = malloc(room))) {
		free(l);
		return err_nomem(e);
	}
	snprintf(l->path, room, "%s%s%s", c->path, *c->path ? "/" : "", name);
	l->dev = st->st_dev;
	l->ino = st->st_ino;
	l->next = *head;
	*head = l;
	return 0;
}

static void forget_links(struct copy *c)
{
	for (size_t i = 0; i < LINK_BUCKETS; i++)
		while (c->links[i]) {
			struct link *next = c->links[i]->next;
			free(c->links[i]->path);
			free(c->links[i]);
			c->links[i] = next;
		}
}

static int copy_file(int from, int to, const char *name, const struct stat *st, struct err *e)
{
	cleanup_fd int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out = -1;
	off_t at = 0, data, hole;

	if (in == -1)
		return err_errno(e, errno, "%s", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out == -1 || ftruncate(out, st->st_size) == -1)
		return err_errno(e, errno, "%s", name);
	while (at < st->st_size) { /* holes stay holes */
		data = lseek(in, at, SEEK_DATA);
		if (data == -1 && errno == ENXIO)
			break;
		hole = data == -1 ? -1 : lseek(in, data, SEEK_HOLE);
		if (hole == -1) { /* the filesystem cannot tell */
			data = at;
			hole = st->st_size;
		}
		if (fsext_copy_range(in, out, data, hole - data) == -1)
			return err_errno(e, errno, "%s", name);
		at = hole;
	}
	return io_close(&out, name, e);
}

static int copy_symlink(int from, int to, const char *name, struct err *e)
{
	char target[BENEATH_PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n == -1)
		return err_errno(e, errno, "%s", name);
	target[n] = '\0';
	return symlinkat(target, to, name) == -1 ? err_errno(e, errno, "%s", name) : 0;
}

/* Anything but a directory, in the place of whatever is there. */
static int copy_other(struct copy *c, int from, int to, const char *name, const struct stat *st, struct err *e)
{
	struct link *l = st->st_nlink > 1 ? known_link(c, st) : NULL;
	int status;

	if (beneath_remove(to, name, e) == -1)
		return -1;
	if (l)
		return linkat(c->root, l->path, to, name, 0) == -1 ? err_errno(e, errno, "%s", name) : 0;
	if (S_ISREG(st->st_mode))
		status = copy_file(from, to, name, st, e);
	else if (S_ISLNK(st->st_mode))
		status = copy_symlink(from, to, name, e);
	else if (mknodat(to, name, st->st_mode & (S_IFMT | 0600), st->st_rdev) == -1)
		status = err_errno(e, errno, "%s", name);
	else
		status = 0;
	if (status == -1 || metadata_copy(from, name, st, to, name, e) == -1)
		return -1;
	return st->st_nlink > 1 ? remember_link(c, st, name, e) : 0;
}

static int copy_tree(struct copy *c, int from, int to, struct err *e);

static int copy_directory(struct copy *c, int from, int to, const char *name, const struct stat *st, struct err *e)
{
	size_t old = strlen(c->path);
	cleanup_fd int sub_from = -1, sub_to = -1;
	struct stat there;
	int n;

	if (fstatat(to, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode) &&
	    beneath_remove(to, name, e) == -1)
		return -1;
	if (mkdirat(to, name, 0700) == -1 && errno != EEXIST)
		return err_errno(e, errno, "%s", name);
	sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub_from == -1 || sub_to == -1)
		return err_errno(e, errno, "%s", name);
	n = snprintf(c->path + old, sizeof c->path - old, "%s%s", old ? "/" : "", name);
	if ((size_t)n >= sizeof c->path - old)
		return err_set(e, ERR_CONTENT, "a path is longer than %zu bytes", sizeof c->path - 1);
	if (copy_tree(c, sub_from, sub_to, e) == -1)
		return -1;
	c->path[old] = '\0';
	return metadata_copy(sub_from, "", st, sub_to, "", e);
}

static int copy_entry(struct copy *c, int from, int to, const char *name, struct err *e)
{
	char hidden[BENEATH_NAME_MAX];
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_errno(e, errno, "%s", name);
	if (fsext_is_whiteout(from, name, &st, hidden))
		return *hidden ? beneath_remove(to, hidden, e) : 0;
	if (S_ISDIR(st.st_mode))
		return copy_directory(c, from, to, name, &st, e);
	return copy_other(c, from, to, name, &st, e);
}

static int copy_tree(struct copy *c, int from, int to, struct err *e)
{
	int fd, status = 0;
	struct dirent *d;
	DIR *dir;

	if (fsext_is_opaque(from) && beneath_empty(to, e) == -1)
		return -1;
	fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || !(dir = fdopendir(fd)))
		return err_errno(e, errno, "%s", *c->path ? c->path : ".");
	while (status == 0 && (errno = 0, d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			status = copy_entry(c, from, to, d->d_name, e);
	if (status == 0 && errno)
		status = err_errno(e, errno, "%s", *c->path ? c->path : ".");
	closedir(dir);
	return status;
}

int rootfs_copy(const int *layers, size_t count, int root, struct err *e)
{
	struct copy *c = calloc(1, sizeof *c);
	int status = c ? 0 : err_nomem(e);

	if (c)
		c->root = root;
	for (size_t i = 0; i < count && status == 0; i++) {
		struct stat st;

		*c->path = '\0';
		status = copy_tree(c, layers[i], root, e);
		if (status == 0 && fstat(layers[i], &st) == -1)
			status = err_errno(e, errno, "layer");
		if (status == 0)
			status = metadata_copy(layers[i], "", &st, root, "", e);
		forget_links(c);
	}
	free(c);
	return status;
}
