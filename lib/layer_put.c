#include "layer_state.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#ifdef __linux__
#include <sys/sysmacros.h>
#endif

#define PRIVATE_FILE 0600 /* until the entry's own mode is set */
#define PRIVATE_DIR 0700

int layer_clear(struct layer *l, const struct layer_spot *s, struct err *e)
{
	struct path_facts f;
	struct stat st;

	if (fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : err_errno(e, errno, "%s", s->path);
	layer_forget_parent(l);
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(s->dir, s->name, 0) == -1 && errno != ENOENT)
			return err_errno(e, errno, "%s: remove", s->path);
		return 0;
	}
	if (beneath_remove(s->dir, s->name, e) == -1)
		return err_context(e, "%s", s->path);
	f = layer_paths_get(&l->paths, s->path);
	f.removed = layer_number(l);
	return layer_paths_put(&l->paths, s->path, &f, e);
}

static int pwrite_full(int fd, const char *data, size_t n, int64_t offset)
{
	while (n) {
		ssize_t put = pwrite(fd, data, n, offset);
		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			return -1;
		data += put;
		offset += put;
		n -= (size_t)put;
	}
	return 0;
}

static int write_content(struct layer *l, const struct layer_spot *s, int fd, const struct tar_entry *entry,
			 struct err *e)
{
	int64_t offset, end = 0;
	ssize_t n;

	if (entry->size > l->bytes_max - l->bytes)
		return err_set(e, ERR_CONTENT, "%s: the layer has more than %lld bytes of files", s->path,
			       (long long)l->bytes_max);
	l->bytes += entry->size;
	while ((n = tar_data(l->tar, l->data, LAYER_BUFFER, &offset, e)) > 0) {
		if (pwrite_full(fd, l->data, (size_t)n, offset) == -1)
			return err_errno(e, errno, "%s: write", s->path);
		end = offset + n;
		if (layer_check_space(l, n, e) == -1)
			return -1;
	}
	if (n == -1)
		return err_context(e, "%s", s->path);
	if (end < entry->size && ftruncate(fd, entry->size) == -1)
		return err_errno(e, errno, "%s: set the size", s->path);
	return 0;
}

/* The mode to make a file with: its own at once, unless it would be open to somebody whose it will not be. */
static mode_t first_mode(const struct layer *l, const struct tar_entry *entry)
{
	bool changes_owner = l->options->chown && (entry->uid != 0 || entry->gid != 0);

	return changes_owner ? PRIVATE_FILE : entry->mode & 0777;
}

static int put_file(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const mode_t mode = first_mode(l, entry);
	cleanup_fd int fd = openat(s->dir, s->name, flags, mode);

	if (fd == -1 && errno == EEXIST) {
		if (layer_clear(l, s, e) == -1)
			return -1;
		fd = openat(s->dir, s->name, flags, mode);
	}
	if (fd == -1)
		return layer_fault(errno, s->path, e);
	if (write_content(l, s, fd, entry, e) == -1 || layer_set_file(l, s, fd, entry, e) == -1)
		return -1;
	return io_close(&fd, s->path, e);
}

/* Makes the directory, or finds one there. */
static int make_directory(struct layer *l, const struct layer_spot *s, bool *was_there, struct err *e)
{
	struct stat st;

	*was_there = false;
	if (mkdirat(s->dir, s->name, PRIVATE_DIR) == 0)
		return 0;
	if (errno != EEXIST)
		return layer_fault(errno, s->path, e);
	if (fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
		*was_there = true;
		return 0;
	}
	if (layer_clear(l, s, e) == -1)
		return -1;
	return mkdirat(s->dir, s->name, PRIVATE_DIR) == -1 ? layer_fault(errno, s->path, e) : 0;
}

static int put_directory(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	bool was_there, hides = layer_flags(l, s->path) & PATH_HIDES;
	cleanup_fd int fd = -1;

	if (make_directory(l, s, &was_there, e) == -1)
		return -1;
	fd = openat(s->dir, s->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_errno(e, errno, "%s: open", s->path);
	/* Merged, what hid the lower directory has also removed it; alone, that has to be said. */
	if (l->alone && !was_there && hides && layer_make_opaque(l, fd, s->path, e) == -1)
		return -1;
	return layer_set_dir(l, s->path, fd, was_there, entry, e);
}

int layer_put_root(struct layer *l, const struct tar_entry *entry, struct err *e)
{
	cleanup_fd int fd = openat(l->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (entry->type != TAR_DIRECTORY)
		return err_set(e, ERR_CONTENT, "%s: the root can only be a directory", entry->path);
	if (fd == -1)
		return err_errno(e, errno, "open the root directory");
	if (layer_leave(l, e) == -1 || layer_set_dir(l, "", fd, true, entry, e) == -1)
		return -1;
	return layer_set_flags(l, "", PATH_MADE, e);
}

static int put_symlink(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	int r = symlinkat(entry->link, s->dir, s->name);

	if (r == -1 && errno == EEXIST) {
		if (layer_clear(l, s, e) == -1)
			return -1;
		r = symlinkat(entry->link, s->dir, s->name);
	}
	if (r == -1)
		return layer_fault(errno, s->path, e);
	return layer_set_other(l, s, entry, e);
}

static int put_fifo(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	if (layer_clear(l, s, e) == -1)
		return -1;
	if (mkfifoat(s->dir, s->name, PRIVATE_FILE) == -1)
		return layer_fault(errno, s->path, e);
	return layer_set_other(l, s, entry, e);
}

/* Not made: noted, and what the layers below have there must not show through. */
static int note_device(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	if (l->alone && layer_hide(l, s->path, e) == -1)
		return -1;
	return layer_note(l, LAYER_NOTE_DEVICE, s->path, "", entry, e);
}

static int put_device(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	mode_t type = entry->type == TAR_CHAR ? S_IFCHR : S_IFBLK;
	bool like_a_whiteout = entry->type == TAR_CHAR && entry->major == 0 && entry->minor == 0;

	if (layer_clear(l, s, e) == -1)
		return -1;
	if (!l->options->devices || like_a_whiteout)
		return note_device(l, s, entry, e);
	if (mknodat(s->dir, s->name, type | PRIVATE_FILE, makedev(entry->major, entry->minor)) == -1)
		return errno == EPERM ? note_device(l, s, entry, e) : layer_fault(errno, s->path, e);
	return layer_set_other(l, s, entry, e);
}

static int put_by_type(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	switch (entry->type) {
	case TAR_FILE: return put_file(l, s, entry, e);
	case TAR_HARDLINK: return layer_put_hardlink(l, s, entry, e);
	case TAR_SYMLINK: return put_symlink(l, s, entry, e);
	case TAR_DIRECTORY: return put_directory(l, s, entry, e);
	case TAR_FIFO: return put_fifo(l, s, entry, e);
	case TAR_CHAR:
	case TAR_BLOCK: return put_device(l, s, entry, e);
	}
	return err_set(e, ERR_CONTENT, "%s: an entry of unknown type", s->path);
}

int layer_put(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	if (put_by_type(l, s, entry, e) == -1)
		return -1;
	return layer_set_flags(l, s->path, PATH_MADE | (entry->type == TAR_DIRECTORY ? 0 : PATH_HIDES), e);
}
