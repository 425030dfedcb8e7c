#include "layer_state.h"

#include "fsext.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

bool layer_is_whiteout(const char *name)
{
	return strncmp(name, WHITEOUT, strlen(WHITEOUT)) == 0;
}

/* What entries of this layer have put there stays: whiteouts are for the layers below. */
static bool made_here(void *ctx, const char *path)
{
	return layer_flags(ctx, path) & PATH_MADE;
}

int layer_make_opaque(struct layer *l, int dir, const char *path, struct err *e)
{
	if (fsext_make_opaque(dir) == -1)
		return err_errno(e, errno, "%s: make opaque", path);
	return layer_set_flags(l, path, PATH_OPAQUE, e);
}

/* Everything that the layers below have in the directory. */
static int empty_lower(struct layer *l, int dir, const char *path, struct err *e)
{
	struct beneath_keeper keeper = { made_here, l };

	layer_forget_parent(l);
	if (beneath_empty_but(dir, path, &keeper, e) == -1)
		return err_context(e, "%s", path);
	return l->alone ? layer_make_opaque(l, dir, path, e) : 0;
}

/* What the layers below have there goes, and directories that entries of this one only imply, if nothing is in them. */
static int remove_lower(struct layer *l, const struct layer_spot *s, const char *name, struct err *e)
{
	struct beneath_keeper keeper = { made_here, l };

	layer_forget_parent(l);
	if (beneath_remove_but(s->dir, name, s->where, &keeper, e) == -1)
		return err_context(e, "%s", s->path);
	return 0;
}

int layer_hide(struct layer *l, const char *path, struct err *e)
{
	if (layer_note(l, LAYER_NOTE_WHITEOUT, path, "", NULL, e) == -1)
		return -1;
	return layer_set_flags(l, path, PATH_WHITEOUT | PATH_HIDES, e);
}

/* Alone: an entry of this layer wins, and as a directory hides the one below; else a whiteout is made in the end. */
static int hide_lower(struct layer *l, const struct layer_spot *s, const char *name, const char *path, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (layer_flags(l, path) & PATH_WHITEOUT)
		return 0;
	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? layer_hide(l, path, e) : layer_fault(errno, path, e);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (remove_lower(l, s, name, e) == -1)
		return -1;
	fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? layer_hide(l, path, e) : err_errno(e, errno, "%s: open", path);
	return layer_make_opaque(l, fd, path, e);
}

bool layer_is_covered(struct layer *l, const char *path)
{
	char above[BENEATH_PATH_MAX];
	char *slash;

	memcpy(above, path, strlen(path) + 1);
	while ((slash = strrchr(above, '/'))) {
		*slash = '\0';
		if (layer_flags(l, above) & PATH_OPAQUE)
			return true;
	}
	return *path && layer_flags(l, "") & PATH_OPAQUE;
}

static int make_mark(int dir, const char *name, const char *path, struct err *e)
{
	struct timespec mtime;

	if (beneath_keep_time(dir, &mtime, e) == -1)
		return -1;
	if (fsext_make_whiteout(dir, name) == -1)
		return layer_fault(errno, path, e);
	return beneath_put_time(dir, &mtime, e);
}

int layer_make_whiteout(struct layer *l, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char above[BENEATH_PATH_MAX];
	struct err gone = ERR_INIT;
	cleanup_fd int dir = -1;

	memcpy(above, path, strlen(path) + 1);
	above[slash ? slash - path : 0] = '\0';
	dir = beneath_directory(l->root, above, O_RDONLY, &gone);
	if (dir == -1 && gone.kind == ERR_NOT_FOUND) /* it gave way to something else since */
		return 0;
	if (dir == -1)
		return *e = gone, -1;
	/* In an opaque directory, overlayfs would show it as a name that cannot be looked up. */
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || layer_is_covered(l, path))
		return 0;
	return make_mark(dir, name, path, e) == -1 ? -1 : 1;
}

int layer_whiteout(struct layer *l, const struct layer_spot *s, struct err *e)
{
	const char *name = s->name + strlen(WHITEOUT);
	char path[2 * BENEATH_PATH_MAX];

	if (strcmp(s->name, OPAQUE) == 0)
		return empty_lower(l, s->dir, s->where, e);
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_CONTENT, "%s: a whiteout of no name", s->path);
	snprintf(path, sizeof path, "%s%s%s", s->where, *s->where ? "/" : "", name);
	return l->alone ? hide_lower(l, s, name, path, e) : remove_lower(l, s, name, e);
}
