#include "layer_state.h"

#include "fsext.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define XATTR_LIST_MAX 65536 /* bytes of names, the kernel's own limit */
#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define ACL_VERSION 2
#define ACL_ENTRY 8	   /* bytes */
#define ACL_ENTRIES_MAX 1024
#define ACL_TAGS (0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x20) /* owner user group-owner group mask other */

/* An owner that cannot be had here is noted; whoever set chown to true knows that the namespace may be too small. */
static int owner_result(struct layer *l, int result, const char *path, const struct tar_entry *entry, struct err *e)
{
	if (result == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return err_errno(e, errno, "%s: set the owner", path);
	return layer_note(l, LAYER_NOTE_OWNER, path, "", entry, e);
}

static int refuse_owner(struct layer *l, const char *path, const struct tar_entry *entry, struct err *e)
{
	if (entry->uid == 0 && entry->gid == 0)
		return 0;
	return layer_note(l, LAYER_NOTE_OWNER, path, "", entry, e);
}

static int set_owner_fd(struct layer *l, const char *path, int fd, const struct stat *now, const struct tar_entry *entry,
			struct err *e)
{
	if (!l->options->chown)
		return refuse_owner(l, path, entry, e);
	if (now->st_uid == entry->uid && now->st_gid == entry->gid)
		return 0;
	return owner_result(l, fchown(fd, entry->uid, entry->gid), path, entry, e);
}

static int set_owner_at(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	if (!l->options->chown)
		return refuse_owner(l, s->path, entry, e);
	return owner_result(l, fchownat(s->dir, s->name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW), s->path, entry, e);
}

static unsigned little_endian(const unsigned char *p, int n)
{
	unsigned v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* linux/posix_acl_xattr.h: a version, and entries of a tag, permissions and an id. */
static bool is_valid_acl(const unsigned char *p, size_t n)
{
	if (n < 4 || (n - 4) % ACL_ENTRY || (n - 4) / ACL_ENTRY > ACL_ENTRIES_MAX || little_endian(p, 4) != ACL_VERSION)
		return false;
	for (size_t at = 4; at < n; at += ACL_ENTRY) {
		unsigned tag = little_endian(p + at, 2), permissions = little_endian(p + at + 2, 2);

		if (tag == 0 || tag & ~(unsigned)ACL_TAGS || tag & (tag - 1) || permissions > 7)
			return false;
	}
	return true;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool layer_keeps_xattr(const char *name, const void *value, size_t n, enum tar_type type)
{
	if (type != TAR_FILE && type != TAR_DIRECTORY)
		return false;
	if (has_prefix(name, "user."))
		return !has_prefix(name, "user.overlay.");
	if (strcmp(name, "security.capability") == 0)
		return type == TAR_FILE;
	if (strcmp(name, ACL_ACCESS) == 0)
		return is_valid_acl(value, n);
	if (strcmp(name, ACL_DEFAULT) == 0)
		return type == TAR_DIRECTORY && is_valid_acl(value, n);
	return false;
}

/* Whether a filesystem or a namespace that cannot have the attribute is the reason, and the file goes without it. */
static bool is_tolerable(int errnum)
{
	return errnum == ENOTSUP || errnum == EPERM || errnum == EINVAL || errnum == E2BIG || errnum == ENOSPC ||
	       errnum == ERANGE;
}

static int set_xattrs(struct layer *l, const char *path, int fd, const struct tar_entry *entry, struct err *e)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *x = &entry->xattrs[i];

		if (layer_keeps_xattr(x->name, x->value, x->len, entry->type)) {
			if (fsext_set_xattr(fd, "", x->name, x->value, x->len) == 0)
				continue;
			if (!is_tolerable(errno))
				return err_errno(e, errno, "%s: set the attribute %s", path, x->name);
		}
		if (layer_note(l, LAYER_NOTE_XATTR, path, x->name, entry, e) == -1)
			return -1;
	}
	return 0;
}

static bool entry_has(const struct tar_entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (strcmp(entry->xattrs[i].name, name) == 0)
			return true;
	return false;
}

bool layer_has_default_acl(int dir)
{
	return fsext_get_xattr(dir, "", ACL_DEFAULT, NULL, 0) > 0;
}

/* What was made in a directory with a default ACL has taken it over; its entry tells what it is to have. */
int layer_drop_acls(struct layer *l, const char *path, int fd, struct err *e)
{
	static const char *const names[] = { ACL_ACCESS, ACL_DEFAULT };

	for (size_t i = 0; l->parent_acl && i < 2; i++)
		if (fsext_remove_xattr(fd, "", names[i]) == -1 && errno != ENODATA && !is_tolerable(errno))
			return err_errno(e, errno, "%s: remove the attribute %s", path, names[i]);
	return 0;
}

/* A directory entry over a directory replaces its attributes, of those that layers have. */
static int drop_old_xattrs(const char *path, int fd, const struct tar_entry *entry, struct err *e)
{
	cleanup_free char *list = NULL;
	ssize_t n = fsext_list_xattr(fd, "", NULL, 0);

	if (n <= 0)
		return 0;
	list = calloc(1, XATTR_LIST_MAX + 1);
	if (!list)
		return err_nomem(e);
	n = fsext_list_xattr(fd, "", list, XATTR_LIST_MAX);
	for (const char *name = list; name < list + n; name += strlen(name) + 1) {
		bool ours = has_prefix(name, "system.posix_acl_") ||
			    (has_prefix(name, "user.") && !has_prefix(name, "user.overlay."));

		if (ours && !entry_has(entry, name) && fsext_remove_xattr(fd, "", name) == -1 && !is_tolerable(errno))
			return err_errno(e, errno, "%s: remove the attribute %s", path, name);
	}
	return 0;
}

int layer_set_file(struct layer *l, const struct layer_spot *s, int fd, const struct tar_entry *entry, struct err *e)
{
	struct timespec times[2] = { entry->mtime, entry->mtime };
	struct stat made;

	if (fstat(fd, &made) == -1)
		return err_errno(e, errno, "%s", s->path);
	if (set_owner_fd(l, s->path, fd, &made, entry, e) == -1 || layer_drop_acls(l, s->path, fd, e) == -1)
		return -1;
	/* To have asked is cheaper than to set what is so already; with what a chown takes away no file is made. */
	if ((l->parent_acl || (made.st_mode & 07777) != entry->mode) && fchmod(fd, entry->mode) == -1)
		return err_errno(e, errno, "%s: set the mode", s->path);
	if (set_xattrs(l, s->path, fd, entry, e) == -1)
		return -1;
	if (futimens(fd, times) == -1)
		return err_errno(e, errno, "%s: set the times", s->path);
	return 0;
}

int layer_set_dir(struct layer *l, const char *path, int fd, bool was_there, const struct tar_entry *entry,
		  struct err *e)
{
	struct timespec times[2] = { entry->mtime, entry->mtime };
	struct stat made;

	if (fstat(fd, &made) == -1)
		return err_errno(e, errno, "%s", path);
	if (set_owner_fd(l, path, fd, &made, entry, e) == -1)
		return -1;
	if ((was_there ? drop_old_xattrs(path, fd, entry, e) : layer_drop_acls(l, path, fd, e)) == -1)
		return -1;
	if (layer_set_mode(l, path, fd, entry->mode, e) == -1 || set_xattrs(l, path, fd, entry, e) == -1)
		return -1;
	l->acls = l->acls || entry_has(entry, ACL_DEFAULT);
	return futimens(fd, times) == -1 ? err_errno(e, errno, "%s: set the times", path) : 0;
}

/*
 * The C library goes through /proc to change a mode without following symlinks, and a worker's root may have none. A FIFO
 * can be opened instead; a device cannot without waking it, so it takes the plain call, a moment after it was made.
 */
static int set_mode_at(const struct layer_spot *s, const struct tar_entry *entry)
{
	cleanup_fd int fd = -1;

	if (fchmodat(s->dir, s->name, entry->mode, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return -1;
	if (entry->type != TAR_FIFO)
		return fchmodat(s->dir, s->name, entry->mode, 0);
	fd = openat(s->dir, s->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd == -1 ? -1 : fchmod(fd, entry->mode);
}

int layer_set_other(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e)
{
	struct timespec times[2] = { entry->mtime, entry->mtime };

	if (set_owner_at(l, s, entry, e) == -1)
		return -1;
	if (entry->type != TAR_SYMLINK && set_mode_at(s, entry) == -1)
		return err_errno(e, errno, "%s: set the mode", s->path);
	for (size_t i = 0; i < entry->xattr_count; i++) /* none of those kept can be on such a thing */
		if (layer_note(l, LAYER_NOTE_XATTR, s->path, entry->xattrs[i].name, entry, e) == -1)
			return -1;
	if (utimensat(s->dir, s->name, times, AT_SYMLINK_NOFOLLOW) == -1)
		return err_errno(e, errno, "%s: set the times", s->path);
	return 0;
}
