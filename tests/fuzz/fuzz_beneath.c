/*
 * Z8: paths through trees full of links. The kernel's walk and the walk by hand say the same; what they open lies in
 * the root, and where they say.
 */
#include "tree.h"

/* A second copy of the module, which has no openat2. All that it offers has another name. */
#define beneath_parent hand_parent
#define beneath_locate hand_locate
#define beneath_open hand_open
#define beneath_directory hand_directory
#define beneath_without_openat2 hand_without_openat2
#define beneath_keep_time hand_keep_time
#define beneath_put_time hand_put_time
#define beneath_silent_maker hand_silent_maker
int hand_parent(int root, const char *path, const struct beneath_maker *maker, char name[BENEATH_NAME_MAX], struct err *e);
int hand_locate(int root, const char *path, const struct beneath_maker *maker, struct beneath_place *place, struct err *e);
int hand_open(int root, const char *path, int flags, struct err *e);
int hand_directory(int root, const char *path, int flags, struct err *e);
void hand_without_openat2(void);
int hand_keep_time(int dir, struct timespec *mtime, struct err *e);
int hand_put_time(int dir, const struct timespec *mtime, struct err *e);
#include "../../lib/beneath.c"
#undef beneath_parent
#undef beneath_locate
#undef beneath_open
#undef beneath_directory
#undef beneath_without_openat2
#undef beneath_keep_time
#undef beneath_put_time

#define TREE_STEPS_MAX 24
#define PATHS_MAX 20
#define PATH_BYTES_MAX 300

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	tree_init();
	hand_without_openat2();
	return 0;
}

/* --- trees --- */

/* A path of the input, up to a NUL or '|'; control characters stand for components. */
static void read_path(struct input *in, char out[PATH_BYTES_MAX])
{
	static const char *const words[] = { "", "a", "b", "c", "d", "e", "..", ".", "a/", "/", "secret" };
	size_t n = 0;

	while (in->left && *in->p && *in->p != '|' && n + 8 < PATH_BYTES_MAX) {
		unsigned c = input_byte(in);

		if (c < sizeof words / sizeof *words) {
			if (n && out[n - 1] != '/')
				out[n++] = '/';
			n += (size_t)sprintf(out + n, "%s", words[c]);
		} else {
			out[n++] = (char)c;
		}
	}
	if (in->left && *in->p == '\0')
		input_byte(in);
	out[n] = '\0';
}

/*
 * d PATH: a directory, f PATH: a file, l PATH TARGET: a symlink. Made by plain calls, in the directory that is walked
 * to by hand.
 */
static void make_step(int root, struct input *in)
{
	unsigned kind = input_byte(in);
	char path[PATH_BYTES_MAX], target[PATH_BYTES_MAX], name[BENEATH_NAME_MAX];
	struct err e = ERR_INIT;
	int dir, fd;

	read_path(in, path);
	if (kind == 'l')
		read_path(in, target);
	dir = hand_parent(root, path, NULL, name, &e);
	if (dir == -1 || !*name) {
		io_cleanup_fd(&dir);
		return;
	}
	if (kind == 'd')
		mkdirat(dir, name, 0755);
	else if (kind == 'l')
		(void)!symlinkat(target, dir, name);
	else if ((fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)) != -1)
		close(fd);
	close(dir);
}

static void make_tree(int root, struct input *in)
{
	for (int steps = 0; in->left && *in->p != '|' && steps < TREE_STEPS_MAX; steps++)
		make_step(root, in);
	input_byte(in);
}

/* --- walks --- */

/* Where the kernel says a descriptor lies, below the root; NULL for elsewhere. */
static const char *place_of(int fd, char out[BENEATH_PATH_MAX * 2])
{
	char link[64];
	size_t prefix = strlen(tree.path);
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, BENEATH_PATH_MAX * 2 - 1);
	MUST(n > 0);
	out[n] = '\0';
	if (strncmp(out, tree.path, prefix) != 0 || strncmp(out + prefix, "/root", 5) != 0)
		return NULL;
	out += prefix + 5;
	return *out == '/' ? out + 1 : *out ? NULL : out;
}

static void check_same_file(int a, int b)
{
	struct stat x, y;

	MUST((a == -1) == (b == -1));
	if (a == -1)
		return;
	MUST(fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev);
}

/* What the kernel alone finds there, and what stands at the place: one file, or none. */
static void check_place(int root, const char *path, int dir, const char *name)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	size_t n = strlen(path);
	int a, b;

	if (n == 0 || path[n - 1] == '/' || (path[n - 1] == '.' && (n == 1 || path[n - 2] == '/')))
		return; /* a slash at the end follows a link, for the kernel */
	do /* which it says after a "..", when anybody has renamed anything meanwhile */
		a = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
	while (a == -1 && errno == EAGAIN);
	if (a == -1 && (errno == ENOSYS || errno == EPERM))
		return;
	b = openat(dir, *name ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	check_same_file(a, b);
	io_cleanup_fd(&a);
	io_cleanup_fd(&b);
}

static void check_locate(int root, const char *path)
{
	struct beneath_place *p = calloc(2, sizeof *p);
	struct err e[2] = { ERR_INIT, ERR_INIT };
	int a = beneath_locate(root, path, NULL, &p[0], &e[0]), b = hand_locate(root, path, NULL, &p[1], &e[1]);
	char text[BENEATH_PATH_MAX * 2];
	const char *where;

	MUST(e[0].kind == e[1].kind && strcmp(e[0].text, e[1].text) == 0);
	check_same_file(a, b);
	if (a != -1) {
		MUST(strcmp(p[0].where, p[1].where) == 0 && strcmp(p[0].name, p[1].name) == 0);
		where = place_of(a, text);
		MUST(where && strcmp(where, p[0].where) == 0);
		MUST(!strchr(p[0].name, '/') && strcmp(p[0].name, "..") != 0 && strcmp(p[0].name, ".") != 0);
		check_place(root, path, a, p[0].name);
		close(b);
		b = beneath_directory(root, p[0].where, O_RDONLY, &e[0]);
		check_same_file(a, b);
		close(b);
		b = hand_directory(root, p[0].where, O_RDONLY, &e[0]);
		check_same_file(a, b);
	}
	io_cleanup_fd(&a);
	io_cleanup_fd(&b);
	free(p);
}

static void check_open(int root, const char *path, int flags)
{
	struct err e[2] = { ERR_INIT, ERR_INIT };
	int a = beneath_open(root, path, flags, &e[0]), b = hand_open(root, path, flags, &e[1]);
	char text[BENEATH_PATH_MAX * 2];

	MUST(e[0].kind == e[1].kind && strcmp(e[0].text, e[1].text) == 0);
	check_same_file(a, b);
	MUST(a == -1 || place_of(a, text));
	io_cleanup_fd(&a);
	io_cleanup_fd(&b);
}

static int made(void *ctx, int parent, const char *name, const char *path, struct err *e)
{
	char text[BENEATH_PATH_MAX * 2];
	const char *where = place_of(parent, text);
	size_t n;

	(void)ctx, (void)e;
	MUST(where);
	n = strlen(where);
	MUST(strncmp(path, where, n) == 0 && strcmp(path + n + (n != 0), name) == 0);
	return 0;
}

/* What is made lies in the root; once made, it is found. */
static void check_make(int root, const char *path, bool by_hand)
{
	struct beneath_maker maker = { .made = made };
	struct beneath_place place, again;
	char text[BENEATH_PATH_MAX * 2];
	struct err e = ERR_INIT;
	int fd = (by_hand ? hand_locate : beneath_locate)(root, path, &maker, &place, &e), found;
	const char *where;

	if (fd == -1) {
		MUST(e.kind == ERR_CONTENT || e.kind == ERR_NOT_FOUND);
		return;
	}
	where = place_of(fd, text);
	MUST(where && strcmp(where, place.where) == 0);
	found = (by_hand ? beneath_locate : hand_locate)(root, path, NULL, &again, &e);
	MUST(found != -1 && strcmp(place.where, again.where) == 0 && strcmp(place.name, again.name) == 0);
	check_same_file(fd, found);
	close(fd);
	close(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size }, paths;
	char path[PATH_BYTES_MAX];
	int root, before = tree_free_descriptor();

	root = tree_root();
	make_tree(root, &in);
	paths = in;
	for (int i = 0; i < PATHS_MAX && in.left; i++) {
		if (*in.p == '|')
			input_byte(&in);
		read_path(&in, path);
		check_locate(root, path);
		check_open(root, path, O_PATH);
		check_open(root, path, O_RDONLY);
		check_open(root, path, O_RDONLY | O_DIRECTORY);
	}
	for (int i = 0; i < PATHS_MAX && paths.left; i++) {
		if (*paths.p == '|')
			input_byte(&paths);
		read_path(&paths, path);
		check_make(root, path, i % 2);
	}
	tree_drop(root);
	MUST(tree_free_descriptor() == before);
	return 0;
}
