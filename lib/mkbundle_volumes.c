#include "mkbundle_volumes.h"

#include "beneath.h"
#include "buf.h"
#include "io.h"
#include "metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int mkbundle_volume_in_tree(int root, const char *path, struct err *e)
{
	char name[BENEATH_NAME_MAX];
	cleanup_fd int parent = beneath_parent(root, path, &beneath_silent_maker, name, e), made = -1;

	if (parent == -1)
		return -1;
	if (!*name || mkdirat(parent, name, 0755) == 0)
		return 0;
	if (errno != EEXIST)
		return err_errno(e, errno, "mkdir");
	made = beneath_open(root, path, O_RDONLY | O_DIRECTORY, e);
	return made == -1 ? -1 : 0;
}

/* --- in an overlay --- */

/* A path on its way through the layers: what of it is there, without symlinks, and what is still to be looked at. */
struct walk {
	struct buf done, rest;
	int links;
};

static void walk_clear(struct walk *w)
{
	buf_clear(&w->done);
	buf_clear(&w->rest);
}

static void drop_last(struct buf *path)
{
	char *slash = path->len ? strrchr(buf_text(path), '/') : NULL;
	cleanup_buf struct buf shorter = BUF_INIT;

	if (slash)
		buf_add(&shorter, path->data, (size_t)(slash - path->data));
	buf_reset(path);
	buf_adds(path, buf_text(&shorter));
}

/* Takes the next component off the rest. False at its end, or with the error set. */
static bool next_component(struct walk *w, char name[BENEATH_NAME_MAX], struct err *e)
{
	cleanup_buf struct buf rest = BUF_INIT;
	const char *text = buf_text(&w->rest);
	size_t len;

	text += strspn(text, "/");
	len = strcspn(text, "/");
	if (len >= BENEATH_NAME_MAX)
		err_set(e, ERR_CONTENT, "a component is longer than %d bytes", BENEATH_NAME_MAX - 1);
	if (len == 0 || len >= BENEATH_NAME_MAX)
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	buf_adds(&rest, text + len);
	buf_reset(&w->rest);
	buf_adds(&w->rest, buf_text(&rest));
	return true;
}

/* Puts what a symlink says in front of the rest. */
static int follow(struct walk *w, int link, struct err *e)
{
	cleanup_buf struct buf rest = BUF_INIT;
	char target[BENEATH_PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof target - 1);

	if (n == -1)
		return err_errno(e, errno, "symlink");
	target[n] = '\0';
	buf_addf(&rest, "%s%s", target, buf_text(&w->rest));
	if (++w->links > BENEATH_LINKS_MAX || rest.len >= BENEATH_PATH_MAX)
		return err_set(e, ERR_CONTENT, "too many symlinks");
	if (*target == '/')
		buf_reset(&w->done);
	buf_reset(&w->rest);
	buf_adds(&w->rest, buf_text(&rest));
	return buf_check(&w->rest, e);
}

/* One component of what the layers may have: 1 when they do not, and the component is back in the rest. */
static int step(struct walk *w, const struct stack *s, const char *name, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT, rest = BUF_INIT;
	struct err why = ERR_INIT;
	cleanup_fd int fd = -1;
	struct stat st;

	buf_addf(&path, "%s/%s", buf_text(&w->done), name);
	buf_addf(&rest, "%s%s", name, buf_text(&w->rest));
	if (buf_check(&path, e) == -1 || buf_check(&rest, e) == -1)
		return -1;
	fd = stack_lookup(s, buf_text(&path), &st, &why);
	if (fd == -1 && why.kind == ERR_NOT_FOUND) {
		buf_reset(&w->rest);
		buf_adds(&w->rest, buf_text(&rest));
		return 1;
	}
	if (fd == -1) {
		*e = why;
		return -1;
	}
	if (S_ISLNK(st.st_mode))
		return follow(w, fd, e);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONTENT, "is not a directory in the image");
	buf_reset(&w->done);
	buf_adds(&w->done, buf_text(&path));
	return buf_check(&w->done, e);
}

/* 0: the layers have the path. 1: w says how far they do. */
static int walk(struct walk *w, const struct stack *s, struct err *e)
{
	char name[BENEATH_NAME_MAX];

	while (next_component(w, name, e)) {
		int missing = 0;

		if (strcmp(name, "..") == 0)
			drop_last(&w->done);
		else if (strcmp(name, ".") != 0)
			missing = step(w, s, name, e);
		if (missing)
			return missing;
	}
	return e->kind == ERR_NONE ? 0 : -1;
}

/* Goes from *dir into its directory `name`, made where missing. *made: whether it was. */
static int enter(int *dir, const char *name, bool *made, struct err *e)
{
	int fd;

	*made = mkdirat(*dir, name, 0755) == 0;
	if (!*made && errno != EEXIST)
		return err_errno(e, errno, "mkdir %s", name);
	fd = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_errno(e, errno, "%s", name);
	io_cleanup_fd(dir);
	*dir = fd;
	return 0;
}

/* What the layers have of the path, made alike in the upper directory, from which *dir then goes there. */
static int copy_parents(int *dir, const struct stack *s, const char *path, struct err *e)
{
	cleanup_buf struct buf so_far = BUF_INIT;
	struct walk w = { .rest = BUF_INIT };
	char name[BENEATH_NAME_MAX];
	bool made, failed = false;

	buf_adds(&w.rest, path);
	while (!failed && next_component(&w, name, e)) {
		cleanup_fd int from = -1;
		struct stat st;

		buf_addf(&so_far, "/%s", name);
		failed = buf_check(&so_far, e) == -1 || enter(dir, name, &made, e) == -1;
		if (failed || !made)
			continue;
		from = stack_lookup(s, buf_text(&so_far), &st, e);
		failed = from == -1 || metadata_copy(from, "", &st, *dir, "", e) == -1;
	}
	walk_clear(&w);
	return failed || e->kind != ERR_NONE ? -1 : 0;
}

int mkbundle_volume_missing(const struct stack *s, const char *path, struct err *e)
{
	__attribute__((cleanup(walk_clear))) struct walk w = { .rest = BUF_INIT };

	buf_adds(&w.rest, path);
	return walk(&w, s, e);
}

int mkbundle_volume_in_upper(const struct stack *s, int upper, const char *path, struct err *e)
{
	__attribute__((cleanup(walk_clear))) struct walk w = { .rest = BUF_INIT };
	cleanup_fd int dir = -1;
	int missing;

	buf_adds(&w.rest, path);
	missing = walk(&w, s, e);
	if (missing != 1)
		return missing;
	dir = fcntl(upper, F_DUPFD_CLOEXEC, 0);
	if (dir == -1)
		return err_errno(e, errno, "upper");
	if (copy_parents(&dir, s, buf_text(&w.done), e) == -1)
		return -1;
	/* Of what is not there, nothing is a symlink. */
	return mkbundle_volume_in_tree(dir, buf_text(&w.rest), e);
}
