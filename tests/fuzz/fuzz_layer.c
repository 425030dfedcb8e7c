/*
 * Z2: a layer applied on a tree, or alone into an empty directory. Whatever it says, nothing changes outside, and
 * nothing is made inside that is not to be there.
 */
#include "tree.h"

#include "layer.h"
#include "tar_mutator.h"

#include <sys/mman.h>
#include <sys/xattr.h>

#define ENTRIES_MAX 2000
#define BYTES_MAX (4 << 20)
#define DEPTH_LOOKED_AT 64

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	tree_init();
	return 0;
}

/* What the layers below have. */
static void make_lower(int root)
{
	MUST(mkdirat(root, "etc", 0755) == 0 && mkdirat(root, "usr", 0755) == 0 && mkdirat(root, "usr/lib", 0700) == 0);
	tree_file(root, "etc/passwd", "root:x:0:0::/:/bin/sh\n");
	tree_file(root, "usr/lib/a", "A");
	MUST(linkat(root, "usr/lib/a", root, "a", 0) == 0);
	MUST(symlinkat("usr/lib", root, "lib") == 0 && symlinkat("../canary", root, "d") == 0 &&
	     symlinkat("../../canary/keep", root, "s") == 0);
	MUST(mknodat(root, "p", S_IFIFO | 0644, 0) == 0);
}

static int take_note(void *ctx, enum layer_note note, const char *path, const char *link, const struct tar_entry *entry,
		     struct err *e)
{
	(void)ctx, (void)e;
	MUST(note <= LAYER_NOTE_PASSED && *path != '/' && strlen(path) < BENEATH_PATH_MAX);
	MUST(strncmp(path, "../", 3) != 0 && !strstr(path, "/../") && strcmp(path, "..") != 0);
	MUST(note != LAYER_NOTE_HARDLINK || (*link && *link != '/' && strncmp(link, "../", 3) != 0 && !strstr(link, "/../")));
	MUST((note != LAYER_NOTE_DEVICE && note != LAYER_NOTE_OWNER) || entry);
	return 0;
}

static void check_attributes(int dir, const char *name, bool alone)
{
	char path[64 + 256], list[8192];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dir, name);
	n = llistxattr(path, list, sizeof list);
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(list + at) + 1) {
		const char *attr = list + at;
		bool overlay = strcmp(attr, "trusted.overlay.opaque") == 0 || strcmp(attr, "user.overlay.opaque") == 0;

		if (overlay)
			MUST(alone);
		else
			MUST(strcmp(attr, "security.capability") == 0 || strncmp(attr, "system.posix_acl_", 17) == 0 ||
			     (strncmp(attr, "user.", 5) == 0 && strncmp(attr, "user.overlay.", 13) != 0));
	}
}

static void check_tree(int dir, bool alone, int depth)
{
	DIR *d = fdopendir(dir);
	struct dirent *entry;

	MUST(d);
	while ((entry = readdir(d))) {
		const char *name = entry->d_name;
		struct stat st;
		int fd;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		MUST(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		MUST(!S_ISBLK(st.st_mode) && (!S_ISCHR(st.st_mode) || (alone && st.st_rdev == 0)));
		check_attributes(dir, name, alone);
		if (!S_ISDIR(st.st_mode) || depth == DEPTH_LOOKED_AT)
			continue;
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd != -1)
			check_tree(fd, alone, depth + 1);
	}
	closedir(d);
}

/* Two empty files. */
static const int *scratch_files(void)
{
	static int files[2] = { -1, -1 };

	for (int i = 0; i < 2; i++) {
		if (files[i] == -1)
			files[i] = memfd_create("scratch", MFD_CLOEXEC);
		MUST(files[i] != -1 && ftruncate(files[i], 0) == 0 && lseek(files[i], 0, SEEK_SET) == 0);
	}
	return files;
}

static void apply(const uint8_t *data, size_t size, int root, bool alone)
{
	struct source_bytes s = source_bytes(data, size, 0);
	struct layer_options options = {
		.form = alone ? LAYER_ALONE : LAYER_MERGE,
		.chown = geteuid() == 0,
		.entries_max = ENTRIES_MAX,
		.bytes_max = BYTES_MAX,
		.scratch = size / 512 % 2 ? scratch_files() : NULL,
		.note = take_note,
	};
	struct err e = ERR_INIT;
	cleanup_tar struct tar *tar = tar_new(&s.source, &e);
	int r;

	MUST(tar);
	r = layer_apply(tar, root, &options, &e);
	if (r == -1 && e.kind != ERR_CONTENT)
		fprintf(stderr, "%s\n", e.text);
	MUST(fuzz_result(r, &e, ERR_CONTENT));
	MUST(r == -1 || s.left == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned form = input_byte(&in);
	int root, before, copy;

	scratch_files(); /* opened before descriptors are counted */
	before = tree_free_descriptor();
	root = tree_root();
	if (form == 'm')
		make_lower(root);
	apply(in.p, in.left, root, form == 'a');
	MUST(fchmod(root, 0755) == 0);
	copy = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(copy != -1);
	check_tree(copy, form == 'a', 0);
	tree_drop(root);
	MUST(tree_free_descriptor() == before);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	static const char forms[] = "mae";

	if (size < 2)
		return LLVMFuzzerMutate(data, size, max);
	if (seed % 16 == 0)
		*data = (uint8_t)forms[seed / 16 % 3];
	return 1 + mutator_mutate(data + 1, size - 1, max - 1, seed);
}
