#include "sandbox_mount.h"

#include "beneath.h"
#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define OPTIONS_MAX 32		/* of one mount */
#define HOST_FILE_MAX (1 << 20) /* bytes of resolv.conf and hosts */

#define UNPRIVILEGED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const char copy_name[] = ".host-file"; /* in /dev, while its mount is made */

static const struct word {
	const char *word;
	uint64_t set, clear;
} words[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "bind", 0, 0 },
	{ "rbind", 0, 0 },
	{ "defaults", 0, 0 },
	{ "private", 0, 0 }, /* everything is */
	{ "rprivate", 0, 0 },
	{ "slave", 0, 0 },
	{ "rslave", 0, 0 },
};

/* mount(8)'s words, sorted into what the mount and what the filesystem is told. */
struct options {
	uint64_t attributes;
	char *own[OPTIONS_MAX + 1]; /* NULL-terminated, borrowed */
	size_t count;
};

static const struct word *find_word(const char *text)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, text) == 0)
			return &words[i];
	return NULL;
}

/* Whether it is gid=N of a group that this user namespace has not: devpts refuses to be mounted then. */
static bool is_foreign_group(const struct userns *ns, const char *option)
{
	return strncmp(option, "gid=", 4) == 0 && !userns_maps(ns, true, (uint32_t)strtoul(option + 4, NULL, 10));
}

static int sort_options(const struct sandbox *s, const struct sandbox_mount *m, struct options *o, struct err *e)
{
	*o = (struct options){ 0 };
	for (char *const *p = m->options; p && *p; p++) {
		const struct word *w = find_word(*p);

		if (w)
			o->attributes = (o->attributes & ~w->clear) | w->set;
		else if (is_foreign_group(&s->userns, *p))
			continue;
		else if (o->count == OPTIONS_MAX)
			return err_set(e, ERR_USAGE, "mount %s: more than %d options", m->destination, OPTIONS_MAX);
		else
			o->own[o->count++] = *p;
	}
	return 0;
}

/* One file of the host's, which is looked at when it is held already. */
static int mount_bind(int root, const struct sandbox_mount *m, const struct options *o, struct err *e)
{
	cleanup_fd int mount = -1;
	struct stat st;

	if (!m->source)
		return err_set(e, ERR_USAGE, "no source to bind");
	mount = mount_clone(m->source, false, e);
	if (mount == -1)
		return -1;
	if (fstat(mount, &st) == -1)
		return err_errno(e, errno, "%s", m->source);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "a bind of %s, which is no regular file, is not supported: "
					     "crun or runc can run this bundle", m->source);
	if (mount_attributes(mount, o->attributes | UNPRIVILEGED, 0, false, e) == -1)
		return -1;
	return mount_put(root, mount, m->destination, MOUNT_ON_FILE, e);
}

/* Takes ownership of *mount for *kept, in place of what is there. */
static void keep(int *kept, int *mount)
{
	io_cleanup_fd(kept);
	*kept = steal_fd(mount);
}

/*
 * A fresh sysfs shows the devices of a network namespace, and is given to its owner alone: who shares the host's network
 * gets the host's /sys, read-only.
 */
static int mount_sys(int root, const struct sandbox_mount *m, const struct options *o, int *kept, struct err *e)
{
	cleanup_fd int mount = mount_clone("/sys", true, e);

	if (mount == -1)
		return -1;
	if (mount_attributes(mount, o->attributes | UNPRIVILEGED | MOUNT_ATTR_RDONLY, 0, true, e) == -1)
		return -1;
	if (mount_put(root, mount, m->destination, MOUNT_ON_REAL_DIRECTORY, e) == -1 || sandbox_hide_host(mount, e) == -1)
		return -1;
	keep(kept, &mount);
	return 0;
}

/*
 * What lies there is the runtime's own, and an image may not send it elsewhere. In other places it may well have a symlink,
 * as /var/run.
 */
static bool is_the_kernels(const char *path)
{
	static const char *const trees[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
		size_t len = strlen(trees[i]);

		if (strncmp(path, trees[i], len) == 0 && (path[len] == '/' || path[len] == '\0'))
			return true;
	}
	return false;
}

/* A filesystem of the container's own. Its cgroups are those of its namespace, which it looks at and no more. */
static int new_filesystem(const struct sandbox_mount *m, const struct options *o, struct err *e)
{
	static const char *const types[] = { "proc", "tmpfs", "devpts", "mqueue" };
	bool cgroup = strcmp(m->type, "cgroup") == 0, known = cgroup;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		known = known || strcmp(types[i], m->type) == 0;
	if (!known)
		return err_set(e, ERR_USAGE, "mounts of type %s are not supported", m->type);
	return mount_new(cgroup ? "cgroup2" : m->type, m->source, o->own,
			 o->attributes | (cgroup ? UNPRIVILEGED | MOUNT_ATTR_RDONLY : 0), e);
}

static int mount_fresh(const struct sandbox *s, int root, const struct sandbox_mount *m, const struct options *o,
		       struct sandbox_kernel *k, struct err *e)
{
	cleanup_fd int mount = new_filesystem(m, o, e);
	bool follow = strcmp(m->type, "tmpfs") == 0 && !is_the_kernels(m->destination);

	if (mount == -1 || mount_put(root, mount, m->destination, follow ? MOUNT_ON_DIRECTORY : MOUNT_ON_REAL_DIRECTORY, e) == -1)
		return -1;
	if (strcmp(m->type, "proc") == 0 && sandbox_guard_proc(s, mount, m->destination, e) == -1)
		return -1;
	if (strcmp(m->type, "proc") == 0 && strcmp(m->destination, "/proc") == 0)
		keep(&k->proc, &mount);
	return 0;
}

static int mount_one(const struct sandbox *s, int root, const struct sandbox_mount *m, struct sandbox_kernel *k, struct err *e)
{
	bool bind = strcmp(m->type, "bind") == 0, sys = strcmp(m->type, "sysfs") == 0;
	cleanup_fd int elsewhere = -1;
	struct options o;

	if (sort_options(s, m, &o, e) == -1)
		return -1;
	if ((bind || sys) && o.count > 0)
		return err_set(e, ERR_USAGE, "option %s is not supported: crun or runc can run this bundle", o.own[0]);
	if (bind)
		return mount_bind(root, m, &o, e);
	if (sys)
		return mount_sys(root, m, &o, strcmp(m->destination, "/sys") == 0 ? &k->sys : &elsewhere, e);
	return mount_fresh(s, root, m, &o, k, e);
}

/* A copy of the host's file in the container's own /dev, and a mount of that copy. A descriptor, -1 with the error set. */
static int copy_in_dev(int dev, int from, const char *path, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_fd int to = -1;
	int mount;

	if (io_read_all(from, HOST_FILE_MAX, &text, e) == -1)
		return err_context(e, "%s", path);
	to = openat(dev, copy_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (to == -1 || io_write_full(to, buf_text(&text), text.len) == -1)
		return err_errno(e, errno, "copy of %s", path);
	mount = open_tree(dev, copy_name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	return mount == -1 ? err_errno(e, errno, "copy of %s", path) : mount;
}

/*
 * The host's file, read-only, if it has one. With a fresh /dev (dev; else -1) it is a copy, whose name is gone afterwards: not
 * even a mount that lost its read-only flag leads to the file itself.
 */
static int show_host_file(int root, int dev, const char *path, struct err *e)
{
	cleanup_fd int from = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), mount = -1;
	struct stat st;

	if (from == -1 || fstat(from, &st) == -1 || !S_ISREG(st.st_mode))
		return 0;
	mount = dev == -1 ? mount_clone(path, false, e) : copy_in_dev(dev, from, path, e);
	if (mount == -1 || mount_attributes(mount, UNPRIVILEGED | MOUNT_ATTR_RDONLY, 0, false, e) == -1)
		return -1;
	if (mount_put(root, mount, path, MOUNT_ON_FILE, e) == -1)
		return -1;
	if (dev != -1 && unlinkat(dev, copy_name, 0) == -1)
		return err_errno(e, errno, "copy of %s", path);
	return 0;
}

static bool has_mount_on(const struct sandbox *s, const char *path)
{
	for (size_t i = 0; i < s->mount_count; i++)
		if (strcmp(s->mounts[i].destination, path) == 0)
			return true;
	return false;
}

/* Whether /dev is a fresh one, and not the image's. */
static bool has_fresh_dev(const struct sandbox *s)
{
	for (size_t i = 0; i < s->mount_count; i++)
		if (strcmp(s->mounts[i].destination, "/dev") == 0)
			return strcmp(s->mounts[i].type, "tmpfs") == 0;
	return false;
}

static int show_host_files(const struct sandbox *s, int root, struct err *e)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };
	cleanup_fd int dev = -1;

	if (has_fresh_dev(s) && (dev = beneath_open(root, "dev", O_RDONLY | O_DIRECTORY, e)) == -1)
		return -1;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (!has_mount_on(s, files[i]) && show_host_file(root, dev, files[i], e) == -1)
			return -1;
	return 0;
}

static int mount_all(const struct sandbox *s, int root, struct sandbox_kernel *k, struct err *e)
{
	for (size_t i = 0; i < s->mount_count; i++)
		if (mount_one(s, root, &s->mounts[i], k, e) == -1)
			return err_context(e, "mount %s", s->mounts[i].destination);
	if (sandbox_fill_dev(s, root, e) == -1)
		return -1;
	if (s->host_files && show_host_files(s, root, e) == -1)
		return -1;
	return sandbox_protect(s, root, k, e);
}

int sandbox_mount_all(const struct sandbox *s, int root, struct err *e)
{
	struct sandbox_kernel k = { -1, -1 };
	int status = mount_all(s, root, &k, e);

	io_cleanup_fd(&k.proc);
	io_cleanup_fd(&k.sys);
	return status;
}
