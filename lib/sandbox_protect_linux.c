#include "sandbox_mount.h"

#include "beneath.h"
#include "io.h"
#include "sandbox_defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* The host's view of itself below /sys, which a container's root could read as uid 0. */
static const char *const hidden_sys[] = {
	"/fs/cgroup", "/fs/bpf", "/fs/pstore", "/fs/fuse/connections", "/kernel/debug", "/kernel/tracing", "/kernel/security",
	"/kernel/config", NULL,
};

/* The mount that a path lies in, if it is a kept one: what is left of the path in it, else NULL. */
static const char *within(const char *path, const char *tree, int mount)
{
	size_t len = strlen(tree);

	return mount != -1 && strncmp(path, tree, len) == 0 && path[len] == '/' ? path + len : NULL;
}

/* Opens what is to be covered. -1 without an error when it is not there. */
static int find(int dir, const char *path, struct err *e)
{
	struct err why = ERR_INIT;
	int target = beneath_open(dir, path, O_PATH, &why);

	if (target == -1 && why.kind != ERR_NOT_FOUND)
		*e = why;
	return target;
}

static int find_inside(int root, const struct sandbox_kernel *k, const char *path, struct err *e)
{
	const char *rest;

	if ((rest = within(path, "/proc", k->proc)))
		return find(k->proc, rest, e);
	if ((rest = within(path, "/sys", k->sys)))
		return find(k->sys, rest, e);
	return find(root, path, e);
}

static int make_readonly(int target, const char *path, struct err *e)
{
	cleanup_fd int mount = open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

	if (mount == -1)
		return err_errno(e, errno, "%s", path);
	if (mount_attributes(mount, MOUNT_ATTR_RDONLY, 0, true, e) == -1)
		return -1;
	return mount_attach(mount, target, path, e);
}

/* A mount of the one empty directory (*empty; -1: not made yet) that lies over all that are hidden. A descriptor. */
static int clone_empty(int *empty, struct err *e)
{
	char *options[] = { (char[]){ "mode=555" }, NULL };
	int mount;

	if (*empty == -1)
		*empty = mount_new("tmpfs", "tmpfs", options,
				   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, e);
	if (*empty == -1)
		return -1;
	mount = open_tree(*empty, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	return mount == -1 ? err_errno(e, errno, "empty directory") : mount;
}

/* Puts an empty directory or /dev/null over what is there. */
static int hide(int target, const char *path, int *empty, struct err *e)
{
	cleanup_fd int mount = -1;
	struct stat st;

	if (fstat(target, &st) == -1)
		return err_errno(e, errno, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		mount = clone_empty(empty, e);
	} else {
		mount = mount_clone_device("/dev/null", 1, 3, e);
	}
	return mount == -1 ? -1 : mount_attach(mount, target, path, e);
}

int sandbox_hide_host(int sys, struct err *e)
{
	cleanup_fd int empty = -1;

	for (const char *const *p = hidden_sys; *p; p++) {
		cleanup_fd int target = find(sys, *p, e);

		if (target == -1 ? e->kind != ERR_NONE : hide(target, *p, &empty, e) == -1)
			return err_context(e, "mask /sys%s", *p);
	}
	return 0;
}

static bool is_among(const char *path, const char *const *list)
{
	for (; list && *list; list++)
		if (strcmp(*list, path) == 0)
			return true;
	return false;
}

static int guard(const struct sandbox *s, int proc, bool own_place, const char *const *paths, struct err *e)
{
	for (; *paths; paths++) {
		const char *rest = within(*paths, "/proc", proc);
		cleanup_fd int target = -1;

		/* What is to be covered anyway is, later. */
		if (!rest || (own_place && (is_among(*paths, s->readonly) || is_among(*paths, s->masked))))
			continue;
		target = find(proc, rest, e);
		if (target == -1 ? e->kind != ERR_NONE : make_readonly(target, *paths, e) == -1)
			return err_context(e, "read-only %s", *paths);
	}
	return 0;
}

int sandbox_guard_proc(const struct sandbox *s, int proc, const char *destination, struct err *e)
{
	bool own_place = strcmp(destination, "/proc") == 0;

	/* With CAP_SYS_ADMIN it could be undone; and a container inside this one needs a proc that shows all. */
	if (s->userns.kind != USERNS_IDENTITY || s->caps_bounding >> CAP_SYS_ADMIN & 1)
		return 0;
	if (guard(s, proc, own_place, sandbox_default_readonly, e) == -1)
		return -1;
	return guard(s, proc, own_place, sandbox_default_masked, e);
}

int sandbox_protect(const struct sandbox *s, int root, const struct sandbox_kernel *k, struct err *e)
{
	cleanup_fd int empty = -1;

	for (const char *const *p = s->readonly; p && *p; p++) {
		cleanup_fd int target = find_inside(root, k, *p, e);

		if (target == -1 ? e->kind != ERR_NONE : make_readonly(target, *p, e) == -1)
			return err_context(e, "read-only %s", *p);
	}
	for (const char *const *p = s->masked; p && *p; p++) {
		cleanup_fd int target = find_inside(root, k, *p, e);

		if (target == -1 ? e->kind != ERR_NONE : hide(target, *p, &empty, e) == -1)
			return err_context(e, "mask %s", *p);
	}
	return 0;
}
