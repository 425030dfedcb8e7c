#include "beneath.h"

#include "test.h"
#include "tree.h"

/* A tree with every kind of link in it; below it a secret that no path may lead to. */
static int make_tree(char top[64], int *outside)
{
	static const char *const links[][2] = {
		{ "up", ".." }, { "out", "../../.." }, { "abs", "/etc" }, { "loop1", "loop2" }, { "loop2", "loop1" },
		{ "self", "." }, { "chain", "usrlib/../../etc" }, { "usrlib", "usr/lib" }, { "dangling", "no/where" },
		{ "slash", "usr/lib/" }, { "file_slash", "etc/passwd/" }, { "tofile", "etc/passwd" }, { "root", "/" },
		{ "etc/here", "passwd" }, { "etc/over", "../usr/lib/a" }, { "etc/far", "/../../etc/passwd" },
		{ "proc", "/proc/self/root" },
	};
	int root;

	*outside = tree_temp(top);
	mkdirat(*outside, "root", 0755);
	close(openat(*outside, "secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	root = openat(*outside, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(root, "etc", 0755);
	mkdirat(root, "usr", 0755);
	mkdirat(root, "usr/lib", 0755);
	close(openat(root, "etc/passwd", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	close(openat(root, "usr/lib/a", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		CHECK_INT(symlinkat(links[i][1], root, links[i][0]), 0);
	return root;
}

static void drop_tree(int root, int outside, const char *top)
{
	struct err e = ERR_INIT;

	close(root);
	CHECK_INT(beneath_empty(outside, &e), 0);
	close(outside);
	rmdir(top);
}

static const char *const paths[] = {
	"", "/", ".", "..", "etc", "etc/", "/etc/passwd", "etc//./passwd", "etc/passwd/", "etc/passwd/x", "nothing",
	"nothing/x", "../secret", "../../secret", "up/secret", "out/secret", "out/etc/passwd", "abs/passwd", "abs/../etc",
	"loop1", "loop1/x", "self/self/self/etc", "chain/passwd", "usrlib/a", "usrlib/../../../usr/lib/a", "dangling",
	"dangling/x", "slash/a", "file_slash", "tofile", "tofile/x", "root/root/root/etc", "etc/here", "etc/over", "etc/far",
	"etc/..", "etc/../..", "usr/lib/..", "proc", "proc/etc", "usr/../etc/.", "etc/./..", "self/..", "abs/..",
};

/* What there is to say of a path, in one line. */
static void answer(int root, const char *path, struct buf *out)
{
	struct beneath_place place;
	struct err e = ERR_INIT;
	struct stat st;
	int fd = beneath_locate(root, path, NULL, &place, &e);

	buf_addf(out, "%s: ", path);
	if (fd == -1 || fstat(fd, &st) == -1)
		buf_addf(out, "%d %s", e.kind, e.text);
	else
		buf_addf(out, "%llu '%s' '%s'", (unsigned long long)st.st_ino, place.where, place.name);
	io_cleanup_fd(&fd);
	e = (struct err)ERR_INIT;
	fd = beneath_open(root, path, O_RDONLY, &e);
	if (fd == -1 || fstat(fd, &st) == -1)
		buf_addf(out, "; %d %s\n", e.kind, e.text);
	else
		buf_addf(out, "; %llu\n", (unsigned long long)st.st_ino);
	io_cleanup_fd(&fd);
}

static struct buf first_answers;

/* Run twice: with the kernel's walk, and without. */
static void test_answers(void)
{
	cleanup_buf struct buf answers = BUF_INIT;
	static char top[64];
	static int root = -1, outside;

	if (root == -1)
		root = make_tree(top, &outside);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		answer(root, paths[i], &answers);
	CHECK(strstr(buf_text(&answers), "secret") != NULL);
	if (!first_answers.len) {
		buf_adds(&first_answers, buf_text(&answers));
		return;
	}
	CHECK_STR(buf_text(&answers), buf_text(&first_answers));
	drop_tree(root, outside, top);
}

static void check_open(int root, const char *path, int kind, const char *same)
{
	struct err e = ERR_INIT;
	struct stat a, b;
	int fd = beneath_open(root, path, O_RDONLY, &e);

	CHECK_INT(e.kind, kind);
	CHECK_INT(fd == -1, kind != ERR_NONE);
	if (fd != -1 && fstat(fd, &a) == 0 && fstatat(root, same, &b, AT_SYMLINK_NOFOLLOW) == 0)
		CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	io_cleanup_fd(&fd);
}

static void test_opens(void)
{
	char top[64];
	int outside, root = make_tree(top, &outside);

	check_open(root, "abs/passwd", ERR_NONE, "etc/passwd");
	check_open(root, "etc/far", ERR_NONE, "etc/passwd");
	check_open(root, "chain/here", ERR_NONE, "etc/passwd");
	check_open(root, "tofile", ERR_NONE, "etc/passwd");
	check_open(root, "slash", ERR_NONE, "usr/lib");
	check_open(root, "out", ERR_NONE, ".");
	check_open(root, "../..", ERR_NONE, ".");
	check_open(root, "up/secret", ERR_NOT_FOUND, "");
	check_open(root, "../secret", ERR_NOT_FOUND, "");
	check_open(root, "loop1", ERR_CONTENT, "");
	check_open(root, "file_slash", ERR_CONTENT, "");
	check_open(root, "tofile/x", ERR_CONTENT, "");
	drop_tree(root, outside, top);
}

static int made(void *ctx, int parent, const char *name, const char *path, struct err *e)
{
	(void)parent, (void)name, (void)e;
	buf_addf(ctx, "%s\n", path);
	return 0;
}

static void check_made(int root, const char *path, const char *expected, const char *where, const char *name)
{
	cleanup_buf struct buf told = BUF_INIT;
	struct beneath_maker maker = { .made = made, .ctx = &told };
	struct beneath_place place = { "", "" };
	struct err e = ERR_INIT;
	int fd = beneath_locate(root, path, &maker, &place, &e);

	CHECK(fd != -1);
	CHECK_STR(buf_text(&told), expected);
	CHECK_STR(place.where, where);
	CHECK_STR(place.name, name);
	io_cleanup_fd(&fd);
}

static void test_makes_parents(void)
{
	char top[64];
	int outside, root = make_tree(top, &outside);

	check_made(root, "a/b/c", "a\na/b\n", "a/b", "c");
	check_made(root, "a/b/d", "", "a/b", "d");
	check_made(root, "dangling/x/y", "no\nno/where\nno/where/x\n", "no/where/x", "y");
	check_made(root, "usrlib/sub/f", "usr/lib/sub\n", "usr/lib/sub", "f");
	check_made(root, "up/new/f", "new\n", "new", "f");
	CHECK_INT(faccessat(outside, "new", F_OK, 0), -1);
	drop_tree(root, outside, top);
}

static void test_limits(void)
{
	cleanup_buf struct buf path = BUF_INIT;
	char top[64], name[BENEATH_NAME_MAX];
	int outside, root = make_tree(top, &outside);
	struct err e = ERR_INIT;

	for (int i = 0; i <= BENEATH_DEPTH_MAX; i++)
		buf_adds(&path, "a/");
	CHECK_INT(beneath_parent(root, path.data, NULL, name, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	buf_reset(&path);
	for (int i = 0; i < BENEATH_NAME_MAX; i++)
		buf_addc(&path, 'n');
	CHECK_INT(beneath_parent(root, path.data, NULL, name, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	drop_tree(root, outside, top);
}

static void test_directory_follows_nothing(void)
{
	char top[64];
	int outside, root = make_tree(top, &outside), fd;
	struct err e = ERR_INIT;

	fd = beneath_directory(root, "usr/lib", O_RDONLY, &e);
	CHECK(fd != -1);
	io_cleanup_fd(&fd);
	CHECK_INT(beneath_directory(root, "usrlib", O_RDONLY, &e), -1);
	CHECK_INT(e.kind, ERR_NOT_FOUND);
	CHECK_INT(beneath_directory(root, "self/usr", O_RDONLY, &e), -1);
	CHECK_INT(e.kind, ERR_NOT_FOUND);
	CHECK_INT(beneath_directory(root, "../root", O_RDONLY, &e), -1);
	drop_tree(root, outside, top);
}

static bool keeps(void *ctx, const char *path)
{
	return strcmp(path, ctx) == 0;
}

static void test_removal_spares(void)
{
	char top[64], kept[] = "in/usr/lib/a";
	int outside, root = make_tree(top, &outside);
	struct beneath_keeper keeper = { .keep = keeps, .ctx = kept };
	struct err e = ERR_INIT;

	CHECK_INT(beneath_remove_but(root, "usr", "in", &keeper, &e), 0);
	CHECK_INT(faccessat(root, "usr/lib/a", F_OK, 0), 0);
	CHECK_INT(beneath_empty_but(root, "in", &keeper, &e), 0);
	CHECK_INT(faccessat(root, "usr/lib/a", F_OK, 0), 0);
	CHECK_INT(faccessat(root, "etc", F_OK, 0), -1);
	CHECK_INT(faccessat(root, "up", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	CHECK_INT(faccessat(outside, "secret", F_OK, 0), 0);
	CHECK_INT(beneath_remove(root, "usr", &e), 0);
	CHECK_INT(faccessat(root, "usr", F_OK, 0), -1);
	CHECK_INT(beneath_remove(root, "usr", &e), 0);
	CHECK_INT(beneath_remove(root, "..", &e), -1);
	CHECK_INT(beneath_remove(root, "", &e), -1);
	drop_tree(root, outside, top);
}

static void test_removal_refuses_names(void)
{
	static const char *const names[] = { "", ".", "..", "a/b", "/", "a/" };
	char top[64];
	int outside, root = make_tree(top, &outside);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct err e = ERR_INIT;

		CHECK_INT(beneath_remove(root, names[i], &e), -1);
		CHECK_INT(e.kind, ERR_CONTENT);
	}
	CHECK(faccessat(outside, "secret", F_OK, 0) == 0);
	drop_tree(root, outside, top);
}

static void test_removal_of_any_depth(void)
{
	char top[64];
	int root = tree_temp(top), at = dup(root), next;
	struct err e = ERR_INIT;

	for (int i = 0; i < 3000 && at != -1; i++, at = next) {
		mkdirat(at, "d", 0700);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
	}
	CHECK(at != -1);
	close(at);
	CHECK_INT(beneath_empty(root, &e), 0);
	close(root);
	CHECK_INT(rmdir(top), 0);
}

/* More directories in one than are kept in mind at a time, some of them to stay. */
static bool keeps_sevens(void *ctx, const char *path)
{
	(void)ctx;
	return strstr(path, "7/stays") != NULL;
}

static void test_removal_of_many_directories(void)
{
	const int count = 5000;
	struct beneath_keeper keeper = { keeps_sevens, NULL };
	struct err e = ERR_INIT;
	char top[64], name[32];
	int root = tree_temp(top), left = 0;
	struct stat st;

	CHECK_INT(mkdirat(root, "many", 0755), 0);
	for (int n = 0; n < count; n++) {
		snprintf(name, sizeof name, "many/%d", n);
		CHECK_INT(mkdirat(root, name, 0755), 0);
		strcat(name, "/stays");
		if (n % 10 == 7)
			CHECK_INT(mkdirat(root, name, 0755), 0);
	}
	CHECK_INT(utimensat(root, "many", (struct timespec[2]){ { 5, 0 }, { 5, 0 } }, 0), 0);
	CHECK_INT(beneath_remove_but(root, "many", "", &keeper, &e), 0);
	for (int n = 0; n < count; n++) {
		snprintf(name, sizeof name, "many/%d", n);
		CHECK_INT(fstatat(root, name, &st, 0) == 0, n % 10 == 7);
		left += fstatat(root, name, &st, 0) == 0;
	}
	CHECK_INT(left, count / 10);
	CHECK_INT(fstatat(root, "many", &st, 0), 0);
	CHECK_INT(st.st_mtime, 5);
	CHECK_INT(beneath_remove(root, "many", &e), 0);
	CHECK_INT(fstatat(root, "many", &st, 0), -1);
	close(root);
	CHECK_INT(rmdir(top), 0);
}

static void run_all(void)
{
	RUN(test_answers);
	RUN(test_opens);
	RUN(test_makes_parents);
	RUN(test_limits);
	RUN(test_directory_follows_nothing);
	RUN(test_removal_spares);
	RUN(test_removal_refuses_names);
	RUN(test_removal_of_many_directories);
	RUN(test_removal_of_any_depth);
}

int main(void)
{
	run_all();
	beneath_without_openat2();
	run_all();
	buf_clear(&first_answers);
	return test_end();
}
