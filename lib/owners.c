#include "owners.h"

#include "beneath.h"
#include "fsext.h"
#include "io.h"
#include "notes.h"
#include "unpacked.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CAPABILITY "security.capability"
#define CAPABILITY_MAX 64 /* bytes; the kernel's have 20 or 24 */

/* linux/capability.h, struct vfs_ns_cap_data: its last field is what makes it a third version */
#define CAPABILITY_SIZE 20
#define CAPABILITY_SIZE_ROOTID 24
#define CAPABILITY_VERSION 3 /* offset of the version's byte */

/* A directory that the layer only implies, and whose it was before the layer came. */
struct kept {
	char *path;
	uid_t uid;
	gid_t gid;
	struct kept *next;
};

struct owners {
	int layer, root;
	FILE *notes;
	bool single;
	uid_t unpacker; /* as seen from here */
	struct kept *kept;
};

/* --- in the store --- */

static int find_single(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e)
{
	(void)ctx, (void)path, (void)argument, (void)e;
	return kind == LAYER_NOTE_SINGLE ? 2 : 1; /* it is the first line, if there is one */
}

bool owners_wanted(const struct store *s, const struct digest *chain_id, const struct userns *ns)
{
	struct err ignored = ERR_INIT;
	cleanup_fd int layer = userns_can_chown(ns) ? unpacked_open(s, chain_id, &ignored) : -1;
	cleanup_file FILE *notes = layer == -1 ? NULL : notes_open(layer, "../notes", &ignored);

	return notes && notes_read(notes, find_single, NULL, &ignored) == 2;
}

int owners_replace(const struct store *s, const char *dir, const struct digest *chain_id, struct err *e)
{
	char hex[DIGEST_HEX], aside[DIGEST_HEX + 16];

	digest_hex(chain_id, hex);
	if (fsext_exchange(s->tmp, dir, s->layers, hex) == 0)
		return 0;
	snprintf(aside, sizeof aside, "old-%s", hex);
	if (renameat(s->layers, hex, s->tmp, aside) == -1 || renameat(s->tmp, dir, s->layers, hex) == -1 ||
	    renameat(s->tmp, aside, s->tmp, dir) == -1)
		return err_errno(e, errno, "replace layer %s", digest_str(chain_id).text);
	return 0;
}

/* --- one file --- */

static unsigned little_endian(const unsigned char *p)
{
	return p[0] | (unsigned)p[1] << 8 | (unsigned)p[2] << 16 | (unsigned)p[3] << 24;
}

/* A capability that holds only where `unpacker` is root becomes one that holds where we are. Returns its length. */
static size_t own_capability(const struct owners *o, unsigned char *value, size_t n)
{
	if (n != CAPABILITY_SIZE_ROOTID || value[CAPABILITY_VERSION] != 3 ||
	    little_endian(value + CAPABILITY_SIZE) != o->unpacker)
		return n;
	value[CAPABILITY_VERSION] = 2;
	return CAPABILITY_SIZE;
}

/* chown takes setuid bits and capabilities away: they are set again after it. */
static int set_owner(const struct owners *o, int dir, const char *name, const struct stat *st, uid_t uid, gid_t gid,
		     struct err *e)
{
	unsigned char capability[CAPABILITY_MAX];
	ssize_t n = S_ISREG(st->st_mode) ? fsext_get_xattr(dir, name, CAPABILITY, capability, sizeof capability) : -1;

	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == EINVAL || errno == EPERM)
			return 0;
		return err_errno(e, errno, "%s: owner", name);
	}
	if (!S_ISLNK(st->st_mode) && st->st_mode & (S_ISUID | S_ISGID) && fchmodat(dir, name, st->st_mode & 07777, 0) == -1)
		return err_errno(e, errno, "%s: mode", name);
	if (n > 0 && fsext_set_xattr(dir, name, CAPABILITY, capability, own_capability(o, capability, (size_t)n)) == -1)
		return err_errno(e, errno, "%s: capability", name);
	return 0;
}

/* In the tree of the copy. What is not there any more needs no owner. */
static int set_owner_beneath(const struct owners *o, const char *path, uid_t uid, gid_t gid, struct err *e)
{
	struct err inner = ERR_INIT;
	char name[BENEATH_NAME_MAX];
	cleanup_fd int dir = beneath_parent(o->root, path, NULL, name, &inner);
	struct stat st;

	if (dir == -1 && inner.kind == ERR_NOT_FOUND)
		return 0;
	if (dir == -1)
		return *e = inner, -1;
	if (!*name)
		strcpy(name, ".");
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : err_errno(e, errno, "%s", path);
	return set_owner(o, dir, name, &st, uid, gid, e);
}

/* --- what nobody noted is root's --- */

static int adopt_tree(const struct owners *o, int from, int to, struct err *e);

static int adopt_entry(const struct owners *o, int from, int to, const char *name, struct err *e)
{
	cleanup_fd int sub_from = -1, sub_to = -1;
	char hidden[BENEATH_NAME_MAX];
	struct stat st, copied;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return err_errno(e, errno, "%s", name);
	if (fsext_is_whiteout(from, name, &st, hidden))
		return 0;
	if (fstatat(to, name, &copied, AT_SYMLINK_NOFOLLOW) == -1)
		return err_errno(e, errno, "%s", name);
	if (st.st_uid == o->unpacker && set_owner(o, to, name, &copied, 0, 0, e) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return 0;
	sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub_from == -1 || sub_to == -1)
		return err_errno(e, errno, "%s", name);
	return adopt_tree(o, sub_from, sub_to, e);
}

static int adopt_tree(const struct owners *o, int from, int to, struct err *e)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return err_errno(e, errno, "layer");
	while (status == 0 && (errno = 0, d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			status = adopt_entry(o, from, to, d->d_name, e);
	if (status == 0 && errno)
		status = err_errno(e, errno, "layer");
	closedir(dir);
	return status;
}

/* --- a copy --- */

static int keep(struct owners *o, const char *path, struct err *e)
{
	struct err ignored = ERR_INIT;
	cleanup_fd int dir = beneath_directory(o->root, path, O_RDONLY, &ignored);
	struct kept *k;
	struct stat st;

	if (dir == -1 || fstat(dir, &st) == -1) /* a new one */
		return 0;
	k = calloc(1, sizeof *k);
	if (!k || !(k->path = strdup(path))) {
		free(k);
		return err_nomem(e);
	}
	k->uid = st.st_uid;
	k->gid = st.st_gid;
	k->next = o->kept;
	o->kept = k;
	return 0;
}

static int look_at_note(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e)
{
	struct owners *o = ctx;

	(void)argument;
	if (kind == LAYER_NOTE_SINGLE)
		o->single = true; /* it comes first */
	return o->single && kind == LAYER_NOTE_IMPLIED ? keep(o, path, e) : 0;
}

void owners_free(struct owners *o)
{
	while (o && o->kept) {
		struct kept *next = o->kept->next;

		free(o->kept->path);
		free(o->kept);
		o->kept = next;
	}
	if (o && o->notes)
		fclose(o->notes);
	free(o);
}

void owners_cleanup(struct owners **o)
{
	owners_free(*o);
}

struct owners *owners_begin(int layer, int root, struct err *e)
{
	struct owners *o = calloc(1, sizeof *o);
	struct stat st;

	if (!o) {
		err_nomem(e);
		return NULL;
	}
	o->layer = layer;
	o->root = root;
	if ((o->notes = notes_open(layer, "../notes", e)) && fstat(fileno(o->notes), &st) == -1)
		err_errno(e, errno, "notes");
	if (e->kind == ERR_NONE && notes_read(o->notes, look_at_note, o, e) == 0) {
		o->unpacker = st.st_uid;
		return o;
	}
	owners_free(o);
	return NULL;
}

static int set_noted_owner(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e)
{
	unsigned uid, gid;

	if (kind != LAYER_NOTE_OWNER)
		return 0;
	if (sscanf(argument, "%u:%u", &uid, &gid) != 2)
		return err_set(e, ERR_CONTENT, "notes: a malformed owner");
	return set_owner_beneath(ctx, path, uid, gid, e);
}

int owners_set(struct owners *o, struct err *e)
{
	struct stat st;

	if (o->single && o->unpacker != 0) {
		if (fstat(o->root, &st) == -1)
			return err_errno(e, errno, "root");
		if (set_owner(o, o->root, ".", &st, 0, 0, e) == -1 || adopt_tree(o, o->layer, o->root, e) == -1)
			return -1;
	}
	for (const struct kept *k = o->kept; k; k = k->next)
		if (set_owner_beneath(o, k->path, k->uid, k->gid, e) == -1)
			return -1;
	rewind(o->notes);
	return notes_read(o->notes, set_noted_owner, o, e);
}
