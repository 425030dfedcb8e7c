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

uint32_t layer_flags(struct layer *l, const char *path)
{
	return layer_paths_get(&l->paths, path).flags;
}

int layer_set_flags(struct layer *l, const char *path, uint32_t flags, struct err *e)
{
	struct path_facts f = layer_paths_get(&l->paths, path);

	f.flags |= flags;
	if (flags & PATH_MADE)
		f.made = layer_number(l);
	return layer_paths_put(&l->paths, path, &f, e);
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
	if (fs.f_bavail < fs.f_blocks / 100 * (unsigned)l->options->free_min)
		return err_set(e, ERR_IO, "less than %d %% of the filesystem are free", l->options->free_min);
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

	(void)name;
	if (blocked)
		return layer_fault(ENOTDIR, path, e);
	return beneath_keep_time(parent, &l->implied_mtime, e);
}

/* The mode is what mkdir left of it: a setgid bit or an ACL of the directory above may have got in. */
static int dress_implied(struct layer *l, int fd, const char *path, struct err *e)
{
	struct stat st;

	if (l->options->chown && fchown(fd, 0, 0) == -1)
		return err_errno(e, errno, "%s: set the owner", path);
	if (layer_drop_acls(l, path, fd, e) == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return err_errno(e, errno, "%s", path);
	if ((st.st_mode & 07777) != LAYER_IMPLIED_MODE || l->odd_modes.len)
		return layer_set_mode(l, path, fd, LAYER_IMPLIED_MODE, e);
	return 0;
}

static int made_implied(void *ctx, int parent, const char *name, const char *path, struct err *e)
{
	struct layer *l = ctx;
	bool hides = layer_flags(l, path) & PATH_HIDES;
	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return err_errno(e, errno, "%s", path);
	if (beneath_put_time(parent, &l->implied_mtime, e) == -1 || dress_implied(l, fd, path, e) == -1)
		return -1;
	if (l->alone && hides && layer_make_opaque(l, fd, path, e) == -1)
		return -1;
	if (futimens(fd, (struct timespec[2]){ { 0, 0 }, { 0, 0 } }) == -1)
		return err_errno(e, errno, "%s: set the times", path);
	return l->alone && !hides && !layer_is_covered(l, path) ? layer_note(l, LAYER_NOTE_IMPLIED, path, "", NULL, e) : 0;
}

/* Finds where a clean path goes; not the root. */
static int find_spot(struct layer *l, const char *path, struct layer_spot *s, struct err *e)
{
	struct beneath_maker maker = { .made = made_implied, .before = before_implied, .ctx = l };
	const char *slash = strrchr(path, '/');
	char above[BENEATH_PATH_MAX];
	size_t where, name;

	parent_of(path, above);
	if ((!l->parent_known || strcmp(above, l->parent_path) != 0) && layer_enter(l, path, above, &maker, e) == -1)
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
	cleanup_fd int fd = -1;

	if (!l->alone || layer_flags(l, "") & PATH_MADE)
		return 0;
	if ((fd = openat(l->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return err_errno(e, errno, "open the root directory");
	if (dress_implied(l, fd, "", e) == -1)
		return -1;
	if (futimens(fd, (struct timespec[2]){ { 0, 0 }, { 0, 0 } }) == -1)
		return err_errno(e, errno, "the root directory: set the times");
	return layer_note(l, LAYER_NOTE_IMPLIED, "", "", NULL, e);
}

static int note_total(struct layer *l, struct err *e)
{
	char text[64];

	snprintf(text, sizeof text, "%lld %lld", (long long)l->entries, (long long)l->bytes);
	return layer_note(l, LAYER_NOTE_TOTAL, "", text, NULL, e);
}

static int apply(struct layer *l, struct err *e)
{
	struct tar_entry entry;
	int r;

	while ((r = tar_next(l->tar, &entry, e)) == 1)
		if (apply_entry(l, &entry, e) == -1)
			return -1;
	if (r == -1 || layer_leave(l, e) == -1 || finish_root(l, e) == -1)
		return -1;
	if (tar_trailing_data(l->tar) && layer_note(l, LAYER_NOTE_TRAILING, "", "", NULL, e) == -1)
		return -1;
	if (note_total(l, e) == -1 || layer_notes_finish(l, e) == -1)
		return -1;
	return layer_modes_finish(l, e);
}

static void layer_clear_state(struct layer *l)
{
	io_cleanup_fd(&l->parent);
	layer_paths_clear(&l->paths);
	spool_clear(&l->notes);
	buf_clear(&l->odd_modes);
	free(l->data);
}

int64_t layer_entries_max(int64_t asked)
{
	int64_t n = asked ? asked : LAYER_ENTRIES_MAX;

	return n < ENTRIES_COUNTABLE ? n : ENTRIES_COUNTABLE;
}

int64_t layer_bytes_max(int64_t asked)
{
	return asked ? asked : LAYER_BYTES_MAX;
}

int layer_apply(struct tar *t, int root, const struct layer_options *options, struct err *e)
{
	__attribute__((cleanup(layer_clear_state))) struct layer l = {
		.tar = t,
		.root = root,
		.options = options,
		.alone = options->form == LAYER_ALONE,
		.entries_max = layer_entries_max(options->entries_max),
		.bytes_max = layer_bytes_max(options->bytes_max),
		.unchecked = LAYER_FREE_CHECK_BYTES, /* look before the first entry */
		.acls = options->form == LAYER_MERGE || layer_has_default_acl(root),
		.unprivileged = geteuid() != 0,
		.parent = -1,
	};

	layer_paths_init(&l.paths, options->scratch ? options->scratch[0] : -1, l.entries_max);
	spool_init(&l.notes, options->scratch ? options->scratch[1] : -1);
	l.data = malloc(LAYER_BUFFER);
	if (!l.data)
		return err_nomem(e);
	return apply(&l, e);
}
