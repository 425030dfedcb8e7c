#include "layer_state.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

void layer_dirs_clear(struct layer_dirs *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->items[i].path);
	free(d->items);
	layer_paths_clear(&d->index);
	d->items = NULL;
	d->count = d->room = 0;
}

/* The record of a path, made where there is none. */
static struct layer_dir *record(struct layer_dirs *d, const char *path, struct err *e)
{
	struct path_slot *slot = layer_paths_find(&d->index, path);

	if (slot)
		return &d->items[slot->value];
	if (d->count == d->room) {
		size_t room = d->room ? 2 * d->room : 256;
		struct layer_dir *more = realloc(d->items, room * sizeof *more);
		if (!more)
			return err_nomem(e), NULL;
		d->items = more;
		d->room = room;
	}
	slot = layer_paths_add(&d->index, path, e);
	if (!slot)
		return NULL;
	d->items[d->count] = (struct layer_dir){ .path = strdup(path) };
	if (!d->items[d->count].path)
		return err_nomem(e), NULL;
	slot->value = (uint32_t)d->count;
	return &d->items[d->count++];
}

int layer_dirs_set(struct layer *l, const char *path, ino_t ino, mode_t mode, struct timespec mtime, struct err *e)
{
	struct layer_dir *dir = record(&l->dirs, path, e);

	if (!dir)
		return -1;
	dir->ino = ino;
	dir->mode = mode;
	dir->set_mode = true;
	dir->mtime = mtime;
	return 0;
}

int layer_dirs_touch(struct layer *l, const char *path, int fd, struct err *e)
{
	struct layer_dir *dir;
	struct stat st;

	if (layer_paths_find(&l->dirs.index, path))
		return 0;
	if (fstat(fd, &st) == -1)
		return err_errno(e, errno, "%s", path);
	dir = record(&l->dirs, path, e);
	if (!dir)
		return -1;
	dir->ino = st.st_ino;
	dir->mtime = st.st_mtim;
	return 0;
}

static int deepest_first(const void *a, const void *b)
{
	return strcmp(((const struct layer_dir *)b)->path, ((const struct layer_dir *)a)->path);
}

static int finish(int root, const struct layer_dir *dir, struct err *e)
{
	struct err gone = ERR_INIT;
	cleanup_fd int fd = beneath_directory(root, dir->path, O_RDONLY, &gone);
	struct timespec times[2] = { dir->mtime, dir->mtime };
	struct stat st;

	/* replaced since, or not ours to look into: then there is nothing of it to set */
	if (fd == -1 && (gone.kind == ERR_NOT_FOUND || !dir->set_mode))
		return 0;
	if (fd == -1)
		return *e = gone, -1;
	if (fstat(fd, &st) == -1)
		return err_errno(e, errno, "%s", dir->path);
	if (st.st_ino != dir->ino)
		return 0;
	if (!dir->set_mode)
		times[0].tv_nsec = UTIME_OMIT;
	if (dir->set_mode && fchmod(fd, dir->mode) == -1)
		return err_errno(e, errno, "%s: set the mode", dir->path);
	if (futimens(fd, times) == -1 && (dir->set_mode || errno != EPERM))
		return err_errno(e, errno, "%s: set the times", dir->path);
	return 0;
}

int layer_dirs_finish(struct layer *l, struct err *e)
{
	struct layer_dirs *d = &l->dirs;

	if (d->count)
		qsort(d->items, d->count, sizeof *d->items, deepest_first);
	for (size_t i = 0; i < d->count; i++)
		if (finish(l->root, &d->items[i], e) == -1)
			return -1;
	return 0;
}
