#include "layer.h"

#include "beneath.h"
#include "fsext.h"
#include "test.h"
#include "tree.h"

#include <errno.h>
#include <sys/wait.h>
#if defined(__linux__) && !defined(CR_PORTABLE)
#include <sys/mount.h>
#include <sys/xattr.h>
#endif

#define MEMBERS_MAX 12

struct source_buf {
	struct source source;
	const struct buf *b;
	size_t at;
};

static ssize_t read_buf(struct source *self, void *data, size_t n, struct err *e)
{
	struct source_buf *s = (struct source_buf *)self;

	(void)e;
	if (n > s->b->len - s->at)
		n = s->b->len - s->at;
	if (n)
		memcpy(data, s->b->data + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

static struct buf notes;
static char total[64];

static int take_note(void *ctx, enum layer_note note, const char *path, const char *link, const struct tar_entry *entry,
		     struct err *e)
{
	static const char *const names[] = {
		[LAYER_NOTE_IMPLIED] = "implied", [LAYER_NOTE_PASSED] = "passed",     [LAYER_NOTE_HARDLINK] = "hardlink",
		[LAYER_NOTE_WHITEOUT] = "whiteout", [LAYER_NOTE_DEVICE] = "device",   [LAYER_NOTE_OWNER] = "owner",
		[LAYER_NOTE_XATTR] = "xattr",	  [LAYER_NOTE_TRAILING] = "trailing",
	};

	(void)ctx, (void)entry, (void)e;
	if (note == LAYER_NOTE_TOTAL) {
		snprintf(total, sizeof total, "%s", link);
		return 0;
	}
	buf_addf(&notes, "%s '%s' '%s'\n", names[note], path, link);
	return 0;
}

static int apply_bytes(const struct buf *b, int root, struct layer_options o, struct err *e)
{
	struct source_buf s = { { read_buf }, b, 0 };
	cleanup_tar struct tar *t = tar_new(&s.source, e);

	buf_reset(&notes);
	o.note = take_note;
	return t ? layer_apply(t, root, &o, e) : -1;
}

static int apply(const char *const *lines, int root, enum layer_form form)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	int r;

	tree_layer(&b, lines);
	r = apply_bytes(&b, root, (struct layer_options){ .form = form, .chown = geteuid() == 0 }, &e);
	return r == -1 ? -(int)e.kind : 0;
}

static int subdirectory(int dir, const char *name)
{
	mkdirat(dir, name, 0755);
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void finish(int root, const char *path)
{
	struct err e = ERR_INIT;

	CHECK_INT(beneath_empty(root, &e), 0);
	close(root);
	rmdir(path);
}

/* Pairs of layers: what overlayfs shows of the two, each by itself, must be what applying one on the other gives. */
static const struct {
	const char *what;
	const char *lower[MEMBERS_MAX], *upper[MEMBERS_MAX];
} pairs[] = {
	{ "a whiteout", { "d ./ 755", "d etc 755", "f etc/a A", "f etc/b B" }, { "d ./ 755", "d etc 700", "f etc/.wh.a" } },
	{ "an opaque marker first", { "d ./ 755", "d etc 755", "f etc/a A" },
	  { "d ./ 755", "d etc 755", "f etc/.wh..wh..opq", "f etc/n N" } },
	{ "an opaque marker last", { "d ./ 755", "d etc 755", "f etc/a A", "d etc/s 755", "f etc/s/x X" },
	  { "d ./ 755", "d etc 755", "d etc/s 711", "f etc/s/y Y", "f etc/.wh..wh..opq" } },
	{ "an entry before its whiteout", { "d ./ 755", "f a 1" }, { "d ./ 755", "f a 2", "f .wh.a" } },
	{ "an entry after its whiteout", { "d ./ 755", "f a 1" }, { "d ./ 755", "f .wh.a", "f a 2" } },
	{ "a directory after its whiteout", { "d ./ 755", "d etc 755", "f etc/a A" },
	  { "d ./ 755", "f .wh.etc", "d etc 711", "f etc/n N" } },
	{ "a directory before its whiteout", { "d ./ 755", "d etc 755", "f etc/a A" },
	  { "d ./ 755", "d etc 711", "f etc/n N", "f .wh.etc" } },
	{ "a file over a directory", { "d ./ 755", "d etc 755", "f etc/a A" }, { "d ./ 755", "f etc now" } },
	{ "a directory over a file", { "d ./ 755", "f etc now" }, { "d ./ 755", "d etc 711", "f etc/a A" } },
	{ "a directory over a directory", { "d ./ 755", "d etc 755", "f etc/a A" }, { "d ./ 755", "d etc 711" } },
	{ "a symlink over a directory", { "d ./ 755", "d etc 755", "f etc/a A" }, { "d ./ 755", "l etc /usr" } },
	{ "a directory over a symlink", { "d ./ 755", "d usr 755", "f usr/a A", "l lib usr" },
	  { "d ./ 755", "d lib 711", "f lib/b B" } },
	{ "a file and then a directory", { "d ./ 755", "d etc 755", "f etc/a A" },
	  { "d ./ 755", "f etc now", "d etc 711", "f etc/n N" } },
	{ "a directory, a file, a directory", { "d ./ 755", "d etc 755", "f etc/a A" },
	  { "d ./ 755", "d etc 755", "f etc/m M", "f etc now", "d etc 711", "f etc/n N" } },
	{ "a whiteout of nothing", { "d ./ 755", "f a 1" }, { "d ./ 755", "f .wh.b" } },
	{ "a whiteout twice", { "d ./ 755", "f a 1" }, { "d ./ 755", "f .wh.a", "f .wh.a" } },
	{ "a whiteout of what is in a removed directory", { "d ./ 755", "d etc 755", "f etc/a A" },
	  { "d ./ 755", "f .wh.etc", "d etc 711", "f etc/.wh.a" } },
	{ "a device that is not made", { "d ./ 755", "f n old", "f m old" }, { "d ./ 755", "c n -" } },
	{ "a device, and then a directory", { "d ./ 755", "d n 755", "f n/a A" }, { "d ./ 755", "c n -", "d n 711" } },
	{ "hard links", { "d ./ 755", "f a 1" }, { "d ./ 755", "f b 2", "h c b", "f .wh.a" } },
};

static void list(int dir, struct buf *out)
{
	buf_reset(out);
	tree_list(out, dir, "");
}

#if defined(__linux__) && !defined(CR_PORTABLE)
/* Mounts two layers over one another at `top`/merged. */
static int mount_pair(const char *top)
{
	char data[256], target[128];

	snprintf(data, sizeof data, "userxattr,lowerdir=%s/upper:%s/lower", top, top);
	snprintf(target, sizeof target, "%s/merged", top);
	return mount("overlay", target, "overlay", MS_RDONLY, data);
}

static void unmount_pair(const char *top)
{
	char target[128];

	snprintf(target, sizeof target, "%s/merged", top);
	umount2(target, MNT_DETACH);
}

/* false when overlays cannot be mounted here. */
static bool compare_pair(size_t i)
{
	cleanup_buf struct buf shown = BUF_INIT, made = BUF_INIT;
	char top[64];
	int root = tree_temp(top), lower = subdirectory(root, "lower"), upper = subdirectory(root, "upper");
	int tree = subdirectory(root, "tree"), merged = subdirectory(root, "merged");
	bool mounted;

	CHECK_INT(apply(pairs[i].lower, lower, LAYER_ALONE), 0);
	CHECK_INT(apply(pairs[i].upper, upper, LAYER_ALONE), 0);
	CHECK_INT(apply(pairs[i].lower, tree, LAYER_MERGE), 0);
	CHECK_INT(apply(pairs[i].upper, tree, LAYER_MERGE), 0);
	close(merged);
	mounted = mount_pair(top) == 0;
	if (mounted) {
		merged = openat(root, "merged", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		list(merged, &shown);
		list(tree, &made);
		if (strcmp(buf_text(&shown), buf_text(&made)) != 0)
			printf("%s:\n", pairs[i].what);
		CHECK_STR(buf_text(&shown), buf_text(&made));
		close(merged);
		unmount_pair(top);
	}
	close(lower), close(upper), close(tree);
	finish(root, top);
	return mounted;
}

static void test_alone_stacked_is_merged(void)
{
	if (geteuid() != 0) {
		printf("skipped: overlays are mounted by root\n");
		return;
	}
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (!compare_pair(i)) {
			printf("skipped: no overlay can be mounted here: %s\n", strerror(errno));
			return;
		}
}
#else
static void test_alone_stacked_is_merged(void)
{
	(void)pairs, (void)list, (void)subdirectory;
	printf("skipped: there is no overlayfs here\n");
}
#endif

struct notes_case {
	const char *members[MEMBERS_MAX];
	const char *expected;
};

static void test_notes_of_a_layer_alone(void)
{
	static const struct notes_case cases[] = {
		{ { "d ./ 755", "f a/b/c x" }, "implied 'a' ''\nimplied 'a/b' ''\n" },
		{ { "f c x" }, "implied '' ''\n" },
		{ { "d ./ 755", "f a/b x", "d a 700" }, "passed 'a' ''\n" },
		{ { "d ./ 755", "f a/b x", "f a x" }, "passed 'a' ''\n" },
		{ { "d ./ 755", "f a/b/c x", "f a x", "d a 755" }, "passed 'a' ''\npassed 'a/b' ''\n" },
		{ { "d ./ 755", "h b a" }, "hardlink 'b' 'a'\n" },
		{ { "d ./ 755", "h b /x/./a" }, "hardlink 'b' 'x/a'\n" },
		{ { "d ./ 755", "h b a", "f b x" }, "hardlink 'b' 'a'\n" },
		{ { "d ./ 755", "c n -" }, "whiteout 'n' ''\ndevice 'n' ''\n" },
		{ { "d ./ 755", "c n -", "f n x" }, "" },
		{ { "d ./ 755", "l s t/u", "f s/f x" }, "implied 't' ''\nimplied 't/u' ''\n" },
		{ { "d ./ 755", "f .wh.a", "f a/b x" }, "" }, /* opaque: what is below cannot be taken over */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char top[64];
		int root = tree_temp(top);

		CHECK_INT(apply(cases[i].members, root, LAYER_ALONE), 0);
		CHECK_STR(buf_text(&notes), cases[i].expected);
		finish(root, top);
	}
}

static void test_whiteout_then_implied_directory_is_opaque(void)
{
	static const char *const members[] = { "d ./ 755", "f .wh.a", "f a/b x", NULL };
	char top[64];
	int root = tree_temp(top), a;

	CHECK_INT(apply(members, root, LAYER_ALONE), 0);
	a = openat(root, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(a != -1);
	CHECK(fsext_is_opaque(a));
	close(a);
	finish(root, top);
}

static void test_parents_keep_their_metadata(void)
{
	static const char *const lower[] = { "d a 700", "d a/b 750", NULL };
	static const char *const upper[] = { "f a/b/f x", "d a/b/new/er 755", "f a/.wh.gone", NULL };
	char top[64];
	int root = tree_temp(top);
	struct stat st;

	CHECK_INT(apply(lower, root, LAYER_MERGE), 0);
	CHECK_INT(apply(upper, root, LAYER_MERGE), 0);
	CHECK(fstatat(root, "a", &st, 0) == 0);
	CHECK_INT(st.st_mode & 07777, 0700);
	CHECK_INT(st.st_mtime, 1000);
	CHECK(fstatat(root, "a/b", &st, 0) == 0);
	CHECK_INT(st.st_mode & 07777, 0750);
	CHECK_INT(st.st_mtime, 1000);
	CHECK(fstatat(root, "a/b/new", &st, 0) == 0);
	CHECK_INT(st.st_mode & 07777, 0755);
	CHECK_INT(st.st_mtime, 0);
	finish(root, top);
}

/* Applies the members to a directory, as a user without privileges where we have them; what came of it. */
static int apply_unprivileged(const char *const *members, const char *top, int root)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
			_exit(99);
		_exit(-apply(members, root, LAYER_MERGE));
	}
	(void)top;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* What forbids its owner to enter is filled all the same, and has its mode in the end. */
static void test_modes_that_shut_us_out(void)
{
	static const char *const members[] = {
		"d a 0",     "f a/f x",	  "d a/b 500", "f a/b/f x", "d a/b/c 0",   "f a/b/c/f x", "d n 755", "f n/f x",
		"d twice 0", "f twice/f", "d twice 711",
	};
	static const struct { const char *path; mode_t mode; } expected[] = {
		{ "a", 0 }, { "a/b", 0500 }, { "a/b/c", 0 }, { "n", 0755 }, { "twice", 0711 },
	};
	const char *all[MEMBERS_MAX + 1] = { NULL };
	char top[64];
	int root = tree_temp(top);
	struct stat st;

	memcpy(all, members, sizeof members);
	CHECK(geteuid() != 0 || fchown(root, 65534, 65534) == 0);
	CHECK_INT(apply_unprivileged(all, top, root), 0);
	if (geteuid() != 0)
		printf("skipped: only root can look into all of it\n");
	for (size_t i = 0; i < sizeof expected / sizeof *expected && geteuid() == 0; i++) {
		CHECK_INT(fstatat(root, expected[i].path, &st, 0), 0);
		CHECK_INT(st.st_mode & 07777, expected[i].mode);
		CHECK_INT(st.st_mtime, 1000);
	}
	finish(root, top);
}

#if defined(__linux__) && !defined(CR_PORTABLE)
/* What lies in a directory with a default ACL has its own mode and no ACL of that kind. */
static void test_default_acls_are_not_taken_over(void)
{
	/* version 2; owner rwx, group r-x, mask rwx, other ---, and user 7 rwx */
	static const unsigned char acl[] = "\2\0\0\0" "\1\0\7\0\xff\xff\xff\xff" "\2\0\7\0\7\0\0\0"
		"\4\0\5\0\xff\xff\xff\xff" "\x10\0\7\0\xff\xff\xff\xff" "\x20\0\0\0\xff\xff\xff\xff";
	static const char *const members[] = { "d a 755", "f a/f x", "d a/d 755", "f a/i/f x", NULL };
	static const char *const inside[] = { "a/f", "a/d", "a/i", "a/i/f" };
	char top[64], path[128];
	int root = tree_temp(top), a;
	struct stat st;

	a = subdirectory(root, "a");
	if (fsetxattr(a, "system.posix_acl_default", acl, sizeof acl - 1, 0) == -1) {
		printf("skipped: no ACLs here: %s\n", strerror(errno));
	} else {
		CHECK_INT(apply(members, root, LAYER_MERGE), 0);
		/* the entry for `a` itself has none, and takes it away: that is what comes first */
		CHECK_INT(fsetxattr(a, "system.posix_acl_default", acl, sizeof acl - 1, 0), 0);
		CHECK_INT(apply(members + 1, root, LAYER_MERGE), 0);
		for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
			snprintf(path, sizeof path, "%s/%s", top, inside[i]);
			CHECK_INT(getxattr(path, "system.posix_acl_access", NULL, 0), -1);
			CHECK_INT(getxattr(path, "system.posix_acl_default", NULL, 0), -1);
			CHECK_INT(stat(path, &st), 0);
			CHECK_INT(st.st_mode & 07777, S_ISDIR(st.st_mode) ? 0755 : 0644);
		}
	}
	close(a);
	finish(root, top);
}
#endif

static void test_refused(void)
{
	static const char *const cases[][4] = {
		{ "f ../x y" }, { "f a/../x y" }, { "h a ../x" }, { "l . /etc" }, { "f .wh. -" }, { "f .wh.. -" },
		{ "f .wh... -" }, { "h a b" }, { "h a /" }, { "l a b", "l b a", "f a/x y" }, { "f d x", "f d/x y" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char top[64];
		int root = tree_temp(top);

		CHECK_INT(apply(cases[i], root, LAYER_MERGE), -ERR_CONTENT);
		finish(root, top);
	}
}

static void test_refused_alone(void)
{
	static const char *const cases[][3] = { { "f .wh. -" }, { "f .wh.. -" }, { "f .wh... -" }, { "f ../x y" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char top[64];
		int root = tree_temp(top);

		CHECK_INT(apply(cases[i], root, LAYER_ALONE), -ERR_CONTENT);
		finish(root, top);
	}
}

static void test_link_to_itself_keeps_the_file(void)
{
	static const char *const members[] = { "f a 1", "h a a", "h b a", "h a b", NULL };
	char top[64];
	int root = tree_temp(top);
	struct stat st;

	CHECK_INT(apply(members, root, LAYER_MERGE), 0);
	CHECK(fstatat(root, "a", &st, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK_INT(st.st_nlink, 2);
	CHECK_INT(st.st_size, 1);
	finish(root, top);
}

static void test_limits(void)
{
	static const char *const members[] = { "f a 12345", "f b 12345", NULL };
	cleanup_buf struct buf b = BUF_INIT;
	struct layer_options o = { .form = LAYER_MERGE, .entries_max = 1 };
	struct err e = ERR_INIT;
	char top[64];
	int root = tree_temp(top);

	tree_layer(&b, members);
	CHECK_INT(apply_bytes(&b, root, o, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	o = (struct layer_options){ .form = LAYER_MERGE, .bytes_max = 9 };
	CHECK_INT(apply_bytes(&b, root, o, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	o.bytes_max = 10;
	CHECK_INT(apply_bytes(&b, root, o, &e), 0);
	CHECK_STR(total, "2 10");
	finish(root, top);
}

static void test_trailing_data_is_noted(void)
{
	static const char *const members[] = { "d ./ 755", NULL };
	cleanup_buf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	char top[64];
	int root = tree_temp(top);

	tree_layer(&b, members);
	buf_adds(&b, "more");
	CHECK_INT(apply_bytes(&b, root, (struct layer_options){ .form = LAYER_MERGE }, &e), 0);
	CHECK_STR(buf_text(&notes), "trailing '' ''\n");
	finish(root, top);
}

int main(void)
{
	RUN(test_alone_stacked_is_merged);
	RUN(test_notes_of_a_layer_alone);
	RUN(test_whiteout_then_implied_directory_is_opaque);
	RUN(test_parents_keep_their_metadata);
	RUN(test_modes_that_shut_us_out);
#if defined(__linux__) && !defined(CR_PORTABLE)
	RUN(test_default_acls_are_not_taken_over);
#endif
	RUN(test_refused);
	RUN(test_refused_alone);
	RUN(test_link_to_itself_keeps_the_file);
	RUN(test_limits);
	RUN(test_trailing_data_is_noted);
	buf_clear(&notes);
	return test_end();
}
