/*
 * tree - a directory for what a target makes, and beside it a canary that must stay as it is. In $FUZZ_DIR, which
 * tests/fuzz/alone gives, else in memory.
 *
 *	top/canary/keep, top/in/root
 */
#ifndef FUZZ_TREE_H
#define FUZZ_TREE_H

#include "beneath.h"
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct {
	char path[128]; /* of `in`, without symlinks */
	int top, in;
	struct stat canary, keep, self;
} tree = { .top = -1 };

static inline void tree_stat(struct stat *canary, struct stat *keep, struct stat *self)
{
	MUST(fstatat(tree.top, "canary", canary, AT_SYMLINK_NOFOLLOW) == 0);
	MUST(fstatat(tree.top, "canary/keep", keep, AT_SYMLINK_NOFOLLOW) == 0);
	MUST(fstat(tree.top, self) == 0);
}

static inline void tree_remove_top(void)
{
	struct err e = ERR_INIT;

	tree.path[strlen(tree.path) - strlen("/in")] = '\0';
	beneath_empty(tree.top, &e);
	rmdir(tree.path);
}

static inline void tree_init(void)
{
	struct rlimit files = { 4096, 4096 };
	const char *where = getenv("FUZZ_DIR");
	int fd;

	setrlimit(RLIMIT_NOFILE, &files);
	umask(0);
	snprintf(tree.path, sizeof tree.path, "%s/cr-fuzz-XXXXXX", where ? where : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(tree.path));
	tree.top = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	strcat(tree.path, "/in");
	MUST(mkdirat(tree.top, "canary", 0711) == 0 && mkdirat(tree.top, "in", 0755) == 0);
	fd = openat(tree.top, "canary/keep", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	MUST(write(fd, "KEEP", 4) == 4 && close(fd) == 0);
	tree.in = openat(tree.top, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(tree.in != -1);
	tree_stat(&tree.canary, &tree.keep, &tree.self);
	atexit(tree_remove_top);
}

static inline bool tree_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_nlink == b->st_nlink && a->st_size == b->st_size && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Nothing is changed beside the root; its change time tells of modes, owners, links and attributes too. */
static inline void tree_check_outside(void)
{
	struct stat canary, keep, self;
	struct dirent **names;
	int n;

	tree_stat(&canary, &keep, &self);
	MUST(tree_same(&canary, &tree.canary) && tree_same(&keep, &tree.keep) && tree_same(&self, &tree.self));
	n = scandirat(tree.in, ".", &names, NULL, NULL);
	MUST(n >= 2 && n <= 3);
	while (n > 0) {
		const char *name = names[--n]->d_name;
		MUST(strcmp(name, "root") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0);
		free(names[n]);
	}
	free(names);
}

/* An empty root, its descriptor the caller's. */
static inline int tree_root(void)
{
	int fd;

	MUST(mkdirat(tree.in, "root", 0755) == 0);
	fd = openat(tree.in, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(fd != -1);
	return fd;
}

/* Closes the root, and removes it. */
static inline void tree_drop(int root)
{
	struct err e = ERR_INIT;

	close(root);
	MUST(beneath_remove(tree.in, "root", &e) == 0);
	tree_check_outside();
}

/* The lowest descriptor that is free: where it grows, somebody forgot to close one. */
static inline int tree_free_descriptor(void)
{
	int fd = dup(tree.top);

	MUST(fd != -1 && close(fd) == 0);
	return fd;
}

static inline void tree_file(int root, const char *path, const char *content)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	MUST(fd != -1 && write(fd, content, strlen(content)) == (ssize_t)strlen(content) && close(fd) == 0);
}

#endif
