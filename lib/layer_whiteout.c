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
	const struct layer *l = ctx;

	return layer_paths_flags(&l->paths, path) & PATH_MADE;
}

static int make_opaque(struct layer *l, int dir, const char *path, struct err *e)
{
	struct beneath_keeper keeper = { made_here, l };

	if (l->alone && fsext_make_opaque(dir) == -1)
		return err_errno(e, errno, "%s: make opaque", path);
	if (!l->alone && beneath_empty_but(dir, path, &keeper, e) == -1)
		return err_context(e, "%s", path);
	layer_forget_parent(l);
	return 0;
}

/* Merged: what the layers below have there goes. */
static int remove_lower(struct layer *l, const struct layer_spot *s, const char *name, struct err *e)
{
	struct beneath_keeper keeper = { made_here, l };

	layer_forget_parent(l);
	if (beneath_remove_but(s->dir, name, s->where, &keeper, e) == -1)
		return err_context(e, "%s", s->path);
	return 0;
}

/* Alone: an entry of this layer wins, and as a directory hides the one below; else the whiteout is made. */
static int hide_lower(struct layer *l, const struct layer_spot *s, const char *name, const char *path, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (layer_paths_flags(&l->paths, path) & PATH_WHITEOUT)
		return 0;
	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISDIR(st.st_mode))
			return 0;
		fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd == -1)
			return err_errno(e, errno, "%s: open", path);
		return make_opaque(l, fd, path, e);
	}
	if (errno != ENOENT)
		return layer_fault(errno, path, e);
	if (fsext_make_whiteout(s->dir, name) == -1)
		return layer_fault(errno, s->path, e);
	return layer_set_flags(l, path, PATH_WHITEOUT | PATH_HIDES, 0, e);
}

int layer_whiteout(struct layer *l, const struct layer_spot *s, struct err *e)
{
	const char *name = s->name + strlen(WHITEOUT);
	char path[2 * BENEATH_PATH_MAX];

	if (strcmp(s->name, OPAQUE) == 0)
		return make_opaque(l, s->dir, s->where, e);
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_CONTENT, "%s: a whiteout of no name", s->path);
	snprintf(path, sizeof path, "%s%s%s", s->where, *s->where ? "/" : "", name);
	return l->alone ? hide_lower(l, s, name, path, e) : remove_lower(l, s, name, e);
}
