#include "stack.h"

#include "beneath.h"
#include "buf.h"
#include "fsext.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define STACK_PATH_MAX (2 * BENEATH_PATH_MAX) /* bytes, while symlinks are being replaced */

/* One directory of the merged tree: the layers' directories that make it up, top first. */
struct merged {
	int *dirs;
	size_t count;
};

static void merged_clear(struct merged *m)
{
	for (size_t i = 0; i < m->count; i++)
		close(m->dirs[i]);
	free(m->dirs);
	*m = (struct merged){ NULL, 0 };
}

#define cleanup_merged __attribute__((cleanup(merged_clear)))

/* What a step found. A directory has moved `m` into itself; anything else leaves it where it was. */
enum found { FOUND_NOTHING, FOUND_DIRECTORY, FOUND_OTHER };

static int merged_root(const struct stack *s, struct merged *m, struct err *e)
{
	*m = (struct merged){ calloc(s->count ? s->count : 1, sizeof *m->dirs), 0 };
	if (!m->dirs)
		return err_nomem(e);
	for (size_t i = s->count; i-- > 0;) {
		int fd = openat(s->roots[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1)
			return err_errno(e, errno, "layer");
		m->dirs[m->count++] = fd;
		if (fsext_is_opaque(fd))
			break;
	}
	return 0;
}

static bool hidden_here(int dir, const char *name)
{
	char hidden[BENEATH_NAME_MAX];
	struct stat st;

	/* Overlayfs' form: the entry itself. The other form: an entry beside it. */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fsext_is_whiteout(dir, name, &st, hidden);
	if (strlen(name) + 4 >= BENEATH_NAME_MAX)
		return false;
	snprintf(hidden, sizeof hidden, ".wh.%s", name);
	return fstatat(dir, hidden, &st, AT_SYMLINK_NOFOLLOW) == 0 && fsext_is_whiteout(dir, hidden, &st, hidden);
}

/* Looks `name` up in m. For FOUND_OTHER, *holder is the layer's directory that has it (borrowed from m). */
static int step(struct merged *m, const char *name, enum found *found, int *holder, struct stat *st, struct err *e)
{
	cleanup_merged struct merged next = { calloc(m->count ? m->count : 1, sizeof *next.dirs), 0 };

	if (!next.dirs)
		return err_nomem(e);
	*found = FOUND_NOTHING;
	for (size_t i = 0; i < m->count; i++) {
		struct stat here;
		int fd;

		if (hidden_here(m->dirs[i], name))
			break;
		if (fstatat(m->dirs[i], name, &here, AT_SYMLINK_NOFOLLOW) == -1) {
			if (errno == ENOENT)
				continue;
			return err_errno(e, errno, "%s", name);
		}
		if (!S_ISDIR(here.st_mode)) {
			if (*found == FOUND_DIRECTORY)
				break;
			*found = FOUND_OTHER;
			*holder = m->dirs[i];
			*st = here;
			return 0;
		}
		if (*found == FOUND_NOTHING)
			*st = here;
		*found = FOUND_DIRECTORY;
		fd = openat(m->dirs[i], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd == -1)
			return err_errno(e, errno, "%s", name);
		next.dirs[next.count++] = fd;
		if (fsext_is_opaque(fd))
			break;
	}
	if (*found == FOUND_DIRECTORY) {
		struct merged old = *m;
		*m = next;
		next = old;
	}
	return 0;
}

/* Takes the first component off *path. False at the end. */
static bool component(const char **path, char name[BENEATH_NAME_MAX], struct err *e)
{
	size_t n;

	*path += strspn(*path, "/");
	n = strcspn(*path, "/");
	if (n == 0)
		return false;
	if (n >= BENEATH_NAME_MAX) {
		err_set(e, ERR_CONTENT, "a component is longer than %d bytes", BENEATH_NAME_MAX - 1);
		return false;
	}
	memcpy(name, *path, n);
	name[n] = '\0';
	*path += n;
	return true;
}

int stack_lookup(const struct stack *s, const char *path, struct stat *st, struct err *e)
{
	cleanup_merged struct merged m = { NULL, 0 };
	char name[BENEATH_NAME_MAX];
	const char *rest = path;
	enum found found;
	int holder;

	if (s->count == 0)
		return err_set(e, ERR_NOT_FOUND, "%s: no layers", path);
	if (merged_root(s, &m, e) == -1)
		return -1;
	if (fstat(m.dirs[0], st) == -1)
		return err_errno(e, errno, "layer");
	while (component(&rest, name, e)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (step(&m, name, &found, &holder, st, e) == -1)
			return -1;
		if (found == FOUND_OTHER && (S_ISLNK(st->st_mode) || rest[strspn(rest, "/")] == '\0'))
			return openat(holder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (found != FOUND_DIRECTORY)
			return err_set(e, ERR_NOT_FOUND, "%s: no such entry", path);
	}
	if (e->kind != ERR_NONE)
		return -1;
	return fcntl(m.dirs[0], F_DUPFD_CLOEXEC, 0);
}

/* Replaces the consumed part of a path by a symlink's target: <done up to its last '/'>/<target>/<rest>, or /<target>/<rest>. */
static int follow_link(struct buf *done, const char *target, const char **rest, char joined[STACK_PATH_MAX],
		  struct err *e)
{
	size_t n = strlen(target), left = strlen(*rest);

	if (n + left + 2 > STACK_PATH_MAX)
		return err_set(e, ERR_CONTENT, "a path grows too long by its symlinks");
	memmove(joined + n + 1, *rest, left + 1); /* *rest may lie in joined */
	memcpy(joined, target, n);
	joined[n] = '/';
	*rest = joined;
	if (*target == '/')
		buf_reset(done);
	return 0;
}

/* Walks to `done`, which holds no symlink and no "..". */
static int walk_to(const struct stack *s, const struct buf *done, struct merged *m, struct err *e)
{
	const char *rest = buf_text(done);
	char name[BENEATH_NAME_MAX];
	struct stat st;
	enum found found;
	int holder;

	merged_clear(m);
	if (merged_root(s, m, e) == -1)
		return -1;
	while (component(&rest, name, e))
		if (step(m, name, &found, &holder, &st, e) == -1)
			return -1;
	return 0;
}

static void drop_last(struct buf *path)
{
	while (path->len > 0 && path->data[--path->len] != '/')
		;
	if (path->data)
		path->data[path->len] = '\0';
}

int stack_open_file(const struct stack *s, const char *path, struct err *e)
{
	cleanup_merged struct merged m = { NULL, 0 };
	cleanup_buf struct buf done = BUF_INIT;
	char name[BENEATH_NAME_MAX], joined[STACK_PATH_MAX], target[BENEATH_PATH_MAX];
	const char *rest = path;
	enum found found;
	struct stat st;
	int holder, links = 0;

	if (merged_root(s, &m, e) == -1)
		return -1;
	while (component(&rest, name, e)) {
		ssize_t n;

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			drop_last(&done);
			if (walk_to(s, &done, &m, e) == -1)
				return -1;
			continue;
		}
		if (step(&m, name, &found, &holder, &st, e) == -1)
			return -1;
		if (found == FOUND_NOTHING)
			return err_set(e, ERR_NOT_FOUND, "%s: no such file in the image", path);
		if (found == FOUND_DIRECTORY) {
			buf_addf(&done, "/%s", name);
			continue;
		}
		if (S_ISREG(st.st_mode) && rest[strspn(rest, "/")] == '\0') {
			int fd = openat(holder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
			return fd == -1 ? err_errno(e, errno, "%s", path) : fd;
		}
		if (!S_ISLNK(st.st_mode))
			break;
		n = readlinkat(holder, name, target, sizeof target - 1);
		if (n == -1)
			return err_errno(e, errno, "%s", path);
		target[n] = '\0';
		if (++links > BENEATH_LINKS_MAX)
			return err_set(e, ERR_CONTENT, "%s: too many symlinks", path);
		if (follow_link(&done, target, &rest, joined, e) == -1 ||
		    (*target == '/' && walk_to(s, &done, &m, e) == -1))
			return -1;
	}
	if (e->kind != ERR_NONE)
		return -1;
	return err_set(e, ERR_CONTENT, "%s: not a regular file in the image", path);
}
