#include "layer_state.h"

#include "fsext.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define XATTR_LIST_MAX 65536 /* bytes of names, the kernel's own limit */

struct target {
	int dir; /* owned */
	struct beneath_place place;
	struct stat st;
};

/* Every attribute of `from` that layers have; those that cannot be are left out. */
static int copy_xattrs(int from, int to, struct err *e)
{
	cleanup_free char *list = calloc(1, XATTR_LIST_MAX + 1);
	cleanup_free char *value = malloc(TAR_XATTR_VALUE_MAX);
	ssize_t n, len;

	if (!list || !value)
		return err_nomem(e);
	n = fsext_list_xattr(from, "", list, XATTR_LIST_MAX);
	for (const char *name = list; name < list + n; name += strlen(name) + 1) {
		len = fsext_get_xattr(from, "", name, value, TAR_XATTR_VALUE_MAX);
		if (len >= 0 && layer_keeps_xattr(name, value, (size_t)len, TAR_FILE))
			fsext_set_xattr(to, "", name, value, (size_t)len);
	}
	return 0;
}

static int copy_into(struct layer *l, const struct layer_spot *s, int from, int to, const struct stat *st,
		     struct err *e)
{
	struct timespec times[2] = { st->st_mtim, st->st_mtim };

	if (st->st_size > l->bytes_max - l->bytes)
		return err_set(e, ERR_CONTENT, "%s: the layer has more than %lld bytes of files", s->path,
			       (long long)l->bytes_max);
	l->bytes += st->st_size;
	if (fsext_copy_range(from, to, 0, st->st_size) == -1)
		return err_errno(e, errno, "%s: copy", s->path);
	if (layer_check_space(l, st->st_size, e) == -1)
		return -1;
	if (l->options->chown && fchown(to, st->st_uid, st->st_gid) == -1)
		return err_errno(e, errno, "%s: set the owner", s->path);
	if (fchmod(to, st->st_mode & 07777) == -1)
		return err_errno(e, errno, "%s: set the mode", s->path);
	if (copy_xattrs(from, to, e) == -1)
		return -1;
	return futimens(to, times) == -1 ? err_errno(e, errno, "%s: set the times", s->path) : 0;
}

/* A file has as many links as its filesystem allows: the next one is a copy. */
static int copy_file(struct layer *l, const struct layer_spot *s, const struct target *t, struct err *e)
{
	cleanup_fd int from = -1, to = -1;

	if (!S_ISREG(t->st.st_mode))
		return err_errno(e, EMLINK, "%s", s->path);
	from = openat(t->dir, t->place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	to = openat(s->dir, s->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (from == -1 || to == -1)
		return err_errno(e, errno, "%s: copy", s->path);
	if (copy_into(l, s, from, to, &t->st, e) == -1)
		return -1;
	return io_close(&to, s->path, e);
}

/* Finds the target. 1, 0 when this layer does not hold it, -1. */
static int find(struct layer *l, const char *link, struct target *t, struct err *e)
{
	struct err why = ERR_INIT;

	t->dir = beneath_locate(l->root, link, NULL, &t->place, &why);
	if (t->dir == -1 && why.kind == ERR_NOT_FOUND)
		return 0;
	if (t->dir == -1)
		return *e = why, -1;
	if (!*t->place.name)
		return err_set(e, ERR_CONTENT, "a hard link to the root directory");
	if (fstatat(t->dir, t->place.name, &t->st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : err_errno(e, errno, "%s", link);
	if (S_ISDIR(t->st.st_mode) && l->alone) /* maybe for want of a symlink that a layer below has there */
		return 0;
	if (S_ISDIR(t->st.st_mode))
		return err_set(e, ERR_CONTENT, "a hard link to the directory %s", link);
	return 1;
}

/* What this layer has whited out is gone for its hard links too. */
static bool is_hidden(struct layer *l, const struct target *t)
{
	char path[2 * BENEATH_PATH_MAX];

	if (t->dir == -1)
		return false;
	snprintf(path, sizeof path, "%s%s%s", t->place.where, *t->place.where ? "/" : "", t->place.name);
	return (layer_flags(l, path) & (PATH_WHITEOUT | PATH_MADE)) == PATH_WHITEOUT;
}

/* Two names for one entry already: the link is there, and clearing its place could lose the file. */
static bool is_same(const struct layer_spot *s, const struct target *t)
{
	struct stat st;

	return fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == t->st.st_dev &&
	       st.st_ino == t->st.st_ino;
}

static int make_link(struct layer *l, const struct layer_spot *s, const struct target *t, struct err *e)
{
	int r;

	if (is_same(s, t))
		return 0;
	r = linkat(t->dir, t->place.name, s->dir, s->name, 0);
	if (r == -1 && errno == EEXIST) {
		if (layer_clear(l, s, e) == -1)
			return -1;
		r = linkat(t->dir, t->place.name, s->dir, s->name, 0);
	}
	if (r == -1 && errno == ENOENT) /* the target went with what was cleared */
		return err_set(e, ERR_CONTENT, "%s: a hard link in place of the directory that holds its target", s->path);
	if (r == -1 && errno == EMLINK)
		return layer_clear(l, s, e) == -1 ? -1 : copy_file(l, s, t, e);
	return r == -1 ? layer_fault(errno, s->path, e) : 0;
}

int layer_put_hardlink(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	cleanup_fd int dir = -1;
	char link[BENEATH_PATH_MAX];
	struct target t;
	int r;

	if (layer_clean_path(entry->link, link, e) == -1)
		return err_context(e, "%s: the target of a hard link", s->path);
	r = find(l, link, &t, e);
	dir = t.dir;
	if (r == -1)
		return err_context(e, "%s", s->path);
	if (r == 1)
		return make_link(l, s, &t, e);
	if (!l->alone || is_hidden(l, &t))
		return err_set(e, ERR_CONTENT, "%s: a hard link to %s, which is not there", s->path, link);
	if (layer_clear(l, s, e) == -1)
		return -1;
	return layer_note(l, LAYER_NOTE_HARDLINK, s->path, link, entry, e);
}
