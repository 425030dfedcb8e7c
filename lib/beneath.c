#include "beneath.h"

#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#if defined(O_PATH)
#define O_WALK (O_PATH | O_DIRECTORY | O_CLOEXEC)
#elif defined(O_SEARCH)
#define O_WALK (O_SEARCH | O_DIRECTORY | O_CLOEXEC)
#else
#define O_WALK (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

#define IMPLIED_MODE 0755

static int tell_nobody(void *ctx, int parent, const char *name, const char *path, struct err *e)
{
	(void)ctx, (void)parent, (void)name, (void)path, (void)e;
	return 0;
}

const struct beneath_maker beneath_silent_maker = { .made = tell_nobody };

static bool without_openat2;

void beneath_without_openat2(void)
{
	without_openat2 = true;
}

enum kernel_walk { IN_ROOT, NO_LINKS };

/*
 * The kernel's walk. Only its success counts: after any failure the walk by hand has the word, so that messages
 * and kinds do not depend on the kernel. -1 when it failed or there is none.
 */
static int kernel_open(int root, const char *path, int flags, enum kernel_walk how)
{
#ifdef SYS_openat2
	struct open_how h = { .flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	if (without_openat2)
		return -1;
	if (how == NO_LINKS)
		h.resolve |= RESOLVE_NO_SYMLINKS;
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &h, sizeof h);
#else
	(void)root, (void)path, (void)flags, (void)how;
	return -1;
#endif
}

static int fault(int errnum, const char *what, struct err *e)
{
	switch (errnum) {
	case ENOENT: return err_set(e, ERR_NOT_FOUND, "%s: %s", what, strerror(errnum));
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP: return err_set(e, ERR_CONTENT, "%s: %s", what, strerror(errnum));
	default: return err_errno(e, errnum, "%s", what);
	}
}

/* Takes the next component of *rest, passing over slashes and ".". NULL at the end; its length in *n. */
static const char *next_component(const char **rest, size_t *n)
{
	const char *p = *rest;

	for (;;) {
		p += strspn(p, "/");
		*n = strcspn(p, "/");
		if (*n == 0)
			return NULL;
		*rest = p + *n;
		if (*n != 1 || *p != '.')
			return p;
		p++;
	}
}

static bool is_dotdot(const char *p, size_t n)
{
	return n == 2 && p[0] == '.' && p[1] == '.';
}

/* Writes `path` without needless slashes and "."; checks the limits. */
static int normalise(const char *path, char out[BENEATH_PATH_MAX], struct err *e)
{
	size_t n, len = 0, depth = 0;
	const char *p;

	if (strlen(path) >= BENEATH_PATH_MAX)
		return err_set(e, ERR_CONTENT, "a path of more than %d bytes", BENEATH_PATH_MAX - 1);
	while ((p = next_component(&path, &n))) {
		if (n >= BENEATH_NAME_MAX)
			return err_set(e, ERR_CONTENT, "a name of more than %d bytes", BENEATH_NAME_MAX - 1);
		if (++depth > BENEATH_DEPTH_MAX)
			return err_set(e, ERR_CONTENT, "a path of more than %d components", BENEATH_DEPTH_MAX);
		if (len)
			out[len++] = '/';
		memcpy(out + len, p, n);
		len += n;
	}
	out[len] = '\0';
	return 0;
}

/* A walk by hand. */
struct walk {
	int root;
	const struct beneath_maker *maker;
	int at; /* the directory reached */
	char where[BENEATH_PATH_MAX];
	struct buf todo; /* what is left to walk */
	size_t done;	 /* bytes of it that were walked */
	int links;
};

static void walk_clear(struct walk *w)
{
	io_cleanup_fd(&w->at);
	buf_clear(&w->todo);
}

#define cleanup_walk __attribute__((cleanup(walk_clear)))

static int walk_enter(struct walk *w, int fd)
{
	io_cleanup_fd(&w->at);
	w->at = fd;
	return fd == -1 ? -1 : 0;
}

static int walk_begin(struct walk *w, const char *path, struct err *e)
{
	buf_adds(&w->todo, path);
	if (buf_check(&w->todo, e) == -1)
		return -1;
	if (walk_enter(w, openat(w->root, ".", O_WALK)) == -1)
		return err_errno(e, errno, "open the root directory");
	return 0;
}

/* Appends a component to `where`. */
static int where_push(char where[BENEATH_PATH_MAX], const char *name, struct err *e)
{
	size_t len = strlen(where), n = strlen(name);

	if (len + n + 2 > BENEATH_PATH_MAX)
		return err_set(e, ERR_CONTENT, "a path leads to more than %d bytes", BENEATH_PATH_MAX - 1);
	if (len)
		where[len++] = '/';
	memcpy(where + len, name, n + 1);
	return 0;
}

static void where_pop(char where[BENEATH_PATH_MAX])
{
	char *slash = strrchr(where, '/');

	*(slash ? slash : where) = '\0';
}

/* ".." is never opened: whoever moves the directory meanwhile could move it out of the root. */
static int walk_up(struct walk *w, struct err *e)
{
	int fd;

	where_pop(w->where);
	fd = beneath_directory(w->root, w->where, O_WALK, e);
	return walk_enter(w, fd);
}

/* Puts the target of a symlink before what is left to walk, which is nothing or begins with a slash. */
static int walk_link(struct walk *w, const char *name, const char *target, size_t n, struct err *e)
{
	struct buf todo = BUF_INIT;
	int fd;

	if (++w->links > BENEATH_LINKS_MAX)
		return fault(ELOOP, name, e);
	buf_add(&todo, target, n);
	buf_adds(&todo, buf_text(&w->todo) + w->done);
	buf_clear(&w->todo);
	w->todo = todo;
	w->done = 0;
	if (buf_check(&w->todo, e) == -1)
		return -1;
	if (target[0] != '/')
		return 0;
	fd = openat(w->root, ".", O_WALK);
	w->where[0] = '\0';
	return walk_enter(w, fd) == -1 ? err_errno(e, errno, "open the root directory") : 0;
}

static int walk_make(struct walk *w, const char *name, bool blocked, struct err *e)
{
	const struct beneath_maker *m = w->maker;
	char path[BENEATH_PATH_MAX];

	memcpy(path, w->where, sizeof path);
	if (where_push(path, name, e) == -1)
		return -1;
	if (m->before && m->before(m->ctx, w->at, name, path, blocked, e) == -1)
		return -1;
	if (mkdirat(w->at, name, IMPLIED_MODE) == -1)
		return err_errno(e, errno, "make the directory %s", path);
	return m->made ? m->made(m->ctx, w->at, name, path, e) : 0;
}

/* Goes into `name`, which is no symlink, and makes it where that is asked for. */
static int walk_down(struct walk *w, const char *name, int why, struct err *e)
{
	bool blocked = why == ENOTDIR;
	int fd;

	if (!w->maker || (why != ENOENT && !(blocked && w->maker->before)))
		return fault(why, name, e);
	if (walk_make(w, name, blocked, e) == -1)
		return -1;
	fd = openat(w->at, name, O_WALK | O_NOFOLLOW);
	if (walk_enter(w, fd) == -1)
		return fault(errno, name, e);
	return where_push(w->where, name, e);
}

/* One component: down, up, or through a symlink. */
static int walk_step(struct walk *w, const char *name, struct err *e)
{
	char target[BENEATH_PATH_MAX];
	int fd, why;
	ssize_t n;

	if (strcmp(name, "..") == 0)
		return walk_up(w, e);
	fd = openat(w->at, name, O_WALK | O_NOFOLLOW);
	if (fd != -1)
		return walk_enter(w, fd) == -1 ? -1 : where_push(w->where, name, e);
	why = errno;
	if (why != ENOTDIR && why != ELOOP)
		return walk_down(w, name, why, e);
	n = readlinkat(w->at, name, target, sizeof target);
	if (n == (ssize_t)sizeof target)
		return fault(ENAMETOOLONG, name, e);
	if (n > 0)
		return walk_link(w, name, target, (size_t)n, e);
	return walk_down(w, name, ENOTDIR, e);
}

/* The next component of what is left, copied to `name`. 1, 0 at the end, -1 when it is too long. */
static int walk_next(struct walk *w, char name[BENEATH_NAME_MAX], struct err *e)
{
	const char *rest = buf_text(&w->todo) + w->done, *p;
	size_t n;

	p = next_component(&rest, &n);
	w->done = (size_t)(rest - buf_text(&w->todo));
	if (!p)
		return 0;
	if (n >= BENEATH_NAME_MAX)
		return fault(ENAMETOOLONG, "the target of a symlink", e);
	memcpy(name, p, n);
	name[n] = '\0';
	return 1;
}

static int walk_on(struct walk *w, struct err *e)
{
	char name[BENEATH_NAME_MAX];
	int more;

	while ((more = walk_next(w, name, e)) == 1)
		if (walk_step(w, name, e) == -1)
			return -1;
	return more;
}

/* Splits a normalised path: the last component goes to `name` ("" for the root), the rest stays. */
static void split(char *path, char name[BENEATH_NAME_MAX])
{
	char *slash = strrchr(path, '/');
	char *last = slash ? slash + 1 : path;

	memcpy(name, last, strlen(last) + 1);
	*(slash ? slash : path) = '\0';
}

/* A path that ends in ".." has no last component of its own: the directory it leads to is taken apart. */
static int locate_dotdot(struct walk *w, struct beneath_place *place, struct err *e)
{
	if (walk_up(w, e) == -1)
		return -1;
	split(w->where, place->name);
	memcpy(place->where, w->where, sizeof place->where);
	return beneath_directory(w->root, place->where, O_WALK, e);
}

static int locate_by_hand(int root, const char *parent, const struct beneath_maker *maker,
			  struct beneath_place *place, struct err *e)
{
	cleanup_walk struct walk w = { .root = root, .maker = maker, .at = -1 };

	if (walk_begin(&w, parent, e) == -1 || walk_on(&w, e) == -1)
		return -1;
	if (is_dotdot(place->name, strlen(place->name)))
		return locate_dotdot(&w, place, e);
	memcpy(place->where, w.where, sizeof place->where);
	return steal_fd(&w.at);
}

static bool has_dotdot(const char *path)
{
	const char *p;
	size_t n;

	while ((p = next_component(&path, &n)))
		if (is_dotdot(p, n))
			return true;
	return false;
}

int beneath_locate(int root, const char *path, const struct beneath_maker *maker, struct beneath_place *place,
		   struct err *e)
{
	char parent[BENEATH_PATH_MAX];
	int fd;

	if (normalise(path, parent, e) == -1)
		return -1;
	if (has_dotdot(parent)) {
		split(parent, place->name);
		return locate_by_hand(root, parent, maker, place, e);
	}
	split(parent, place->name);
	/* Without symlinks on the way, the path says by itself where it leads. */
	fd = kernel_open(root, parent, O_WALK, NO_LINKS);
	if (fd == -1)
		return locate_by_hand(root, parent, maker, place, e);
	memcpy(place->where, parent, sizeof place->where);
	return fd;
}

int beneath_parent(int root, const char *path, const struct beneath_maker *maker, char name[BENEATH_NAME_MAX],
		   struct err *e)
{
	struct beneath_place place;
	int fd = beneath_locate(root, path, maker, &place, e);

	if (fd != -1)
		memcpy(name, place.name, sizeof place.name);
	return fd;
}

/* The last component: opened unless it is a symlink. -1 with *again when the walk goes on through one. */
static int open_last(struct walk *w, const char *name, int flags, bool *again, struct err *e)
{
	char target[BENEATH_PATH_MAX];
	ssize_t n = readlinkat(w->at, name, target, sizeof target);
	int fd;

	*again = n > 0;
	if (n == (ssize_t)sizeof target)
		return fault(ENAMETOOLONG, name, e);
	if (n > 0)
		return walk_link(w, name, target, (size_t)n, e);
	fd = openat(w->at, name, flags | O_NOFOLLOW);
	return fd == -1 ? fault(errno, name, e) : fd;
}

static int open_by_hand(int root, const char *path, int flags, struct err *e)
{
	cleanup_walk struct walk w = { .root = root, .at = -1 };
	char name[BENEATH_NAME_MAX];
	int more, fd;

	if (walk_begin(&w, path, e) == -1)
		return -1;
	while ((more = walk_next(&w, name, e)) == 1) {
		const char *rest = buf_text(&w.todo) + w.done;
		size_t n;
		bool again, last = !next_component(&rest, &n);

		if (!last || strcmp(name, "..") == 0) {
			if (walk_step(&w, name, e) == -1)
				return -1;
			continue;
		}
		/* A slash after the last name asks for a directory, as everywhere. */
		fd = open_last(&w, name, w.todo.data[w.done] == '/' ? flags | O_DIRECTORY : flags, &again, e);
		if (fd == -1 || !again)
			return fd;
	}
	if (more == -1)
		return -1;
	fd = openat(w.at, ".", flags | O_DIRECTORY);
	return fd == -1 ? fault(errno, path, e) : fd;
}

int beneath_open(int root, const char *path, int flags, struct err *e)
{
	char plain[BENEATH_PATH_MAX];
	int fd;

	flags |= O_CLOEXEC;
#ifdef O_PATH
	if (!(flags & O_PATH)) /* openat2 refuses the two together with it */
#endif
		flags |= O_NONBLOCK | O_NOCTTY;
	if (normalise(path, plain, e) == -1)
		return -1;
	fd = kernel_open(root, plain, flags, IN_ROOT);
	return fd == -1 ? open_by_hand(root, plain, flags, e) : fd;
}

int beneath_directory(int root, const char *path, int flags, struct err *e)
{
	cleanup_fd int at = -1;
	const char *rest = path, *p;
	char name[BENEATH_NAME_MAX];
	size_t n;
	int fd;

	flags |= O_DIRECTORY | O_CLOEXEC;
	fd = kernel_open(root, path, flags | O_NOFOLLOW, NO_LINKS);
	if (fd != -1)
		return fd;
	at = openat(root, ".", *path ? O_WALK : flags);
	while (at != -1 && (p = next_component(&rest, &n))) {
		if (n >= sizeof name || is_dotdot(p, n))
			return err_set(e, ERR_CONTENT, "%s: not a path without symlinks", path);
		memcpy(name, p, n);
		name[n] = '\0';
		fd = openat(at, name, (*rest ? O_WALK : flags) | O_NOFOLLOW);
		io_cleanup_fd(&at);
		at = fd;
	}
	if (at != -1)
		return steal_fd(&at);
	if (errno == ENOTDIR || errno == ELOOP)
		errno = ENOENT;
	return fault(errno, path, e);
}
