#include "layer_state.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#define AUFS_PREFIX ".wh..wh." /* what AUFS left in layers, skipped but for the opaque marker */
#define OPAQUE ".wh..wh..opq"
#define ENTRIES_COUNTABLE UINT32_MAX

uint32_t layer_number(const struct layer *l)
{
	return (uint32_t)l->entries;
}

int layer_fault(int errnum, const char *path, struct err *e)
{
	if (errnum == ENAMETOOLONG || errnum == ENOTDIR || errnum == ELOOP)
		return err_set(e, ERR_CONTENT, "%s: %s", path, strerror(errnum));
	return err_errno(e, errnum, "%s", path);
}

int layer_set_flags(struct layer *l, const char *path, uint32_t set, uint32_t unset, struct err *e)
{
	struct path_slot *slot = layer_paths_add(&l->paths, path, e);

	if (!slot)
		return -1;
	slot->flags = (slot->flags | set) & ~unset;
	if (set & PATH_MADE)
		slot->value = layer_number(l);
	return 0;
}

int layer_check_space(struct layer *l, int64_t written, struct err *e)
{
	struct statvfs fs;

	l->unchecked += written;
	if (l->unchecked < LAYER_FREE_CHECK_BYTES)
		return 0;
	l->unchecked = 0;
	if (fstatvfs(l->root, &fs) == -1)
		return err_errno(e, errno, "ask for the free space");
	if (fs.f_blocks && fs.f_bavail < fs.f_blocks / 100 * LAYER_FREE_MIN_PERCENT)
		return err_set(e, ERR_IO, "less than %d %% of the filesystem are free", LAYER_FREE_MIN_PERCENT);
	return 0;
}

/* Drops slashes and "."; refuses "..". */
int layer_clean_path(const char *path, char out[BENEATH_PATH_MAX], struct err *e)
{
	size_t len = 0, depth = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return err_set(e, ERR_CONTENT, "a path with a '..' component is refused");
		if (n >= BENEATH_NAME_MAX || len + n + 2 > BENEATH_PATH_MAX)
			return err_set(e, ERR_CONTENT, "a name that is too long");
		if (n && !(n == 1 && *path == '.')) {
			if (++depth > BENEATH_DEPTH_MAX)
				return err_set(e, ERR_CONTENT, "more than %d directories deep", BENEATH_DEPTH_MAX);
			if (len)
				out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n + (path[n] == '/');
	}
	out[len] = '\0';
	return 0;
}

void layer_forget_parent(struct layer *l)
{
	l->parent_known = false;
}

static void parent_of(const char *path, char out[BENEATH_PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	memcpy(out, path, n);
	out[n] = '\0';
}

/* Before a directory is made because a path implies it. */
static int before_implied(void *ctx, int parent, const char *name, const char *path, bool blocked, struct err *e)
{
	struct layer *l = ctx;
	char above[BENEATH_PATH_MAX];

	(void)name;
	parent_of(path, above);
	if (layer_dirs_touch(l, above, parent, e) == -1)
		return -1;
	return blocked ? layer_fault(ENOTDIR, path, e) : 0;
}

static int made_implied(void *ctx, int parent, const char *name, const char *path, struct err *e)
{
	struct layer *l = ctx;
	bool hides = layer_paths_flags(&l->paths, path) & PATH_HIDES;
	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(e, errno, "%s", path);
	if (l->options->chown && fchown(fd, 0, 0) == -1)
		return err_errno(e, errno, "%s: set the owner", path);
	if (layer_dirs_set(l, path, st.st_ino, LAYER_IMPLIED_MODE, (struct timespec){ 0, 0 }, e) == -1)
		return -1;
	if (!l->alone)
		return 0;
	if (!hides)
		return layer_note(l, LAYER_NOTE_IMPLIED, path, "", NULL, e);
	return layer_make_opaque(l, fd, path, e);
}

/* Goes to the parent of a clean path, and remembers it for the entries that follow. */
static int enter_parent(struct layer *l, const char *path, const char *above, struct err *e)
{
	struct beneath_maker maker = { .made = made_implied, .before = before_implied, .ctx = l };
	struct beneath_place place;
	int fd = beneath_locate(l->root, path, &maker, &place, e);

	if (fd == -1)
		return -1;
	io_cleanup_fd(&l->parent);
	l->parent = fd;
	memcpy(l->parent_path, above, strlen(above) + 1);
	memcpy(l->parent_where, place.where, strlen(place.where) + 1);
	l->parent_known = true;
	return layer_dirs_touch(l, l->parent_where, fd, e);
}

/* Finds where a clean path goes; not the root. */
static int find_spot(struct layer *l, const char *path, struct layer_spot *s, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char above[BENEATH_PATH_MAX];
	size_t where, name;

	parent_of(path, above);
	if ((!l->parent_known || strcmp(above, l->parent_path) != 0) && enter_parent(l, path, above, e) == -1)
		return -1;
	s->dir = l->parent;
	s->where = l->parent_where;
	s->name = slash ? slash + 1 : path;
	where = strlen(s->where);
	name = strlen(s->name);
	if (where + name + 2 > sizeof s->path)
		return err_set(e, ERR_CONTENT, "a path leads to more than %d bytes", BENEATH_PATH_MAX - 1);
	memcpy(s->path, s->where, where);
	if (where)
		s->path[where++] = '/';
	memcpy(s->path + where, s->name, name + 1);
	return 0;
}

/* Whether a component is one of AUFS's; the opaque marker only where it is the last. */
static bool is_aufs(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (strncmp(path, AUFS_PREFIX, strlen(AUFS_PREFIX)) == 0 && strcmp(path, OPAQUE) != 0)
			return true;
		if (path[n] == '\0')
			return false;
		path += n + 1;
	}
}

static int count_entry(struct layer *l, struct err *e)
{
	if (++l->entries > l->entries_max)
		return err_set(e, ERR_CONTENT, "more than %lld entries", (long long)l->entries_max);
	return layer_check_space(l, LAYER_FREE_CHECK_BYTES / LAYER_FREE_CHECK_ENTRIES, e);
}

static int apply_entry(struct layer *l, const struct tar_entry *entry, struct err *e)
{
	char path[BENEATH_PATH_MAX];
	struct layer_spot s;

	if (count_entry(l, e) == -1)
		return -1;
	if (layer_clean_path(entry->path, path, e) == -1)
		return err_context(e, "%s", entry->path);
	if (!*path)
		return layer_put_root(l, entry, e);
	if (is_aufs(path))
		return 0;
	if (find_spot(l, path, &s, e) == -1)
		return err_context(e, "%s", entry->path);
	return layer_is_whiteout(s.name) ? layer_whiteout(l, &s, e) : layer_put(l, &s, entry, e);
}

/* Alone, a layer without an entry for its root only implies it, and leaves it in its default state. */
static int finish_root(struct layer *l, struct err *e)
{
	struct stat st;

	if (!l->alone || layer_paths_flags(&l->paths, "") & PATH_MADE)
		return 0;
	if (fstat(l->root, &st) == -1)
		return err_errno(e, errno, "stat the root directory");
	if (layer_dirs_set(l, "", st.st_ino, LAYER_IMPLIED_MODE, (struct timespec){ 0, 0 }, e) == -1)
		return -1;
	return layer_note(l, LAYER_NOTE_IMPLIED, "", "", NULL, e);
}

static int apply(struct layer *l, struct err *e)
{
	struct tar_entry entry;
	int r;

	while ((r = tar_next(l->tar, &entry, e)) == 1)
		if (apply_entry(l, &entry, e) == -1)
			return -1;
	if (r == -1 || layer_whiteouts_finish(l, e) == -1)
		return -1;
	if (finish_root(l, e) == -1 || layer_dirs_finish(l, e) == -1)
		return -1;
	if (tar_trailing_data(l->tar) && layer_note(l, LAYER_NOTE_TRAILING, "", "", NULL, e) == -1)
		return -1;
	return layer_notes_finish(l, e);
}

static void layer_clear_state(struct layer *l)
{
	io_cleanup_fd(&l->parent);
	layer_paths_clear(&l->paths);
	layer_paths_clear(&l->removed);
	layer_dirs_clear(&l->dirs);
	layer_notes_clear(&l->notes);
	buf_clear(&l->whiteouts);
	free(l->data);
}

static int64_t limit(int64_t asked, int64_t otherwise, int64_t most)
{
	int64_t n = asked ? asked : otherwise;

	return n < most ? n : most;
}

int layer_apply(struct tar *t, int root, const struct layer_options *options, struct err *e)
{
	__attribute__((cleanup(layer_clear_state))) struct layer l = {
		.tar = t,
		.root = root,
		.options = options,
		.alone = options->form == LAYER_ALONE,
		.entries_max = limit(options->entries_max, LAYER_ENTRIES_MAX, ENTRIES_COUNTABLE),
		.bytes_max = limit(options->bytes_max, LAYER_BYTES_MAX, INT64_MAX),
		.unchecked = LAYER_FREE_CHECK_BYTES, /* look before the first entry */
		.parent = -1,
	};

	layer_paths_init(&l.paths);
	layer_paths_init(&l.removed);
	layer_paths_init(&l.dirs.index);
	l.data = malloc(LAYER_BUFFER);
	if (!l.data)
		return err_nomem(e);
	return apply(&l, e);
}
