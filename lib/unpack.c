#include "unpack.h"

#include "beneath.h"
#include "confine.h"
#include "fsext.h"
#include "hash.h"
#include "inflate.h"
#include "metadata.h"
#include "notes.h"
#include "overlay.h"
#include "pump.h"
#include "rootfs.h"
#include "stack.h"
#include "tar.h"
#include "unpacked.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/mount.h>
#endif

#define KEEP_MAX 6 /* descriptors */

static int check_diff_id(const struct digest *expected, struct hash *h, struct err *e)
{
	struct digest actual;

	hash_final(h, &actual);
	if (digest_equal(&actual, expected))
		return 0;
	return err_set(e, ERR_CONTENT, "its diff_id is %s, not %s", digest_str(&actual).text, digest_str(expected).text);
}

/* In the process that decompresses. */
static struct source *open_plain(void *ctx, struct err *e)
{
	static struct source_fd raw;
	const struct unpack_input *in = ctx;
	struct inflate *z;

	source_fd_init(&raw, in->fd, in->what);
	z = inflate_new(&raw.source, in->window_max, e);
	return z ? inflate_source(z) : NULL;
}

/* The whole world becomes the tree: what slips through the walk beneath the root still cannot leave it. */
static int confine_to_tree(int in, int root, const int *keep, size_t keep_count, struct err *e)
{
	int all[KEEP_MAX] = { in };

	if (keep_count > KEEP_MAX - 1)
		return err_set(e, ERR_IO, "too many descriptors to keep");
	for (size_t i = 0; i < keep_count; i++)
		all[i + 1] = keep[i];
	return confine(root, all, keep_count + 1, e);
}

int unpack_stream(const struct unpack_input *in, int root, const struct layer_options *options, const int *keep,
		  size_t keep_count, struct err *e)
{
	cleanup_hash struct hash *plain = hash_new(e); /* which opens files: not possible later */
	cleanup_pump struct pump *pump = NULL;
	cleanup_tar struct tar *t = NULL;
	struct source_hash hashed;

	if (!plain || confine_to_tree(in->fd, root, keep, keep_count, e) == -1)
		return -1;
	if (!(pump = pump_new(&(struct pump_job){ open_plain, (void *)(uintptr_t)in, in->fd }, e)))
		return -1;
	source_hash_init(&hashed, pump_source(pump), plain);
	if (!(t = tar_new(&hashed.source, e)) || layer_apply(t, root, options, e) == -1)
		return -1;
	return in->diff_id ? check_diff_id(in->diff_id, plain, e) : 0;
}

static int open_below(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd == -1 ? err_errno(e, errno, "%s", name) : fd;
}

static int write_note(void *ctx, enum layer_note kind, const char *path, const char *link,
		      const struct tar_entry *entry, struct err *e)
{
	return notes_write(ctx, kind, path, link, entry, e);
}

/* Opens <dir>/notes as a stdio stream. */
static FILE *open_notes(int dir, bool fresh, struct err *e)
{
	int fd = openat(dir, "notes", fresh ? O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
	FILE *f = fd == -1 ? NULL : fdopen(fd, fresh ? "w" : "r");

	if (!f)
		err_errno(e, errno, "notes");
	return f;
}

/*
 * The blob onto `root`; notes go to <dir>/notes. All of it is hashed first: no byte is parsed before its digest is known to be
 * right (DESIGN §4, promise 2).
 */
static int unpack_to(struct unpack *u, int dir, int root, struct err *e)
{
	const struct descriptor *blob = u->blob;
	cleanup_fd int fd = -1, paths = io_scratch(dir), spool = io_scratch(dir);
	cleanup_file FILE *notes = NULL;

	if (paths == -1 || spool == -1)
		return err_errno(e, errno, "make a scratch file");
	if (store_verify_blob(u->store, &blob->digest, blob->size, e) == -1 ||
	    (fd = store_open_blob(u->store, &blob->digest, blob->size, e)) == -1 || !(notes = open_notes(dir, true, e)))
		return -1;
	if (!u->options.chown && notes_write(notes, LAYER_NOTE_SINGLE, "", NULL, NULL, e) == -1)
		return -1;
	u->options.note = write_note;
	u->options.ctx = notes;
	u->options.scratch = (int[]){ paths, spool };
	if (unpack_stream(&(struct unpack_input){ fd, "the blob", u->window_max, u->diff_id }, root, &u->options,
			  (int[]){ fileno(notes), worker_report(), paths, spool }, 4, e) == -1)
		return -1;
	return fflush(notes) == EOF ? err_errno(e, errno, "notes") : 0;
}

int unpack_alone(void *ctx, struct err *e)
{
	struct unpack *u = ctx;
	cleanup_fd int dir = open_below(u->store->tmp, u->dir, e), root = -1;

	umask(0);
	if (dir == -1)
		return -1;
	if (mkdirat(dir, "fs", 0755) == -1)
		return err_errno(e, errno, "mkdir fs");
	if ((root = open_below(dir, "fs", e)) == -1)
		return -1;
	u->options.form = LAYER_ALONE;
	return unpack_to(u, dir, root, e);
}

int unpack_remove(void *ctx, struct err *e)
{
	const struct unpack *u = ctx;

	return beneath_remove(u->store->tmp, u->dir, e);
}

/* --- settling --- */

struct settling {
	const struct stack *below;
	int root;
};

static int settle_implied(const struct settling *s, enum layer_note kind, const char *path, struct err *e)
{
	struct err inner = ERR_INIT;
	struct stat st;
	cleanup_fd int from = stack_lookup(s->below, path, &st, &inner), to = -1;

	if (from == -1 && inner.kind == ERR_NOT_FOUND)
		return UNPACK_SETTLED;
	if (from == -1) {
		*e = inner;
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return UNPACK_AGAIN;
	if (kind == LAYER_NOTE_PASSED)
		return UNPACK_SETTLED;
	to = beneath_open(s->root, *path ? path : ".", O_RDONLY | O_DIRECTORY, e);
	if (to == -1)
		return -1;
	return metadata_copy(from, "", &st, to, "", e);
}

/*
 * A whiteout of what no layer below has goes: overlayfs would list its name in a directory that it does not merge.
 */
static int settle_whiteout(const struct settling *s, const char *path, struct err *e)
{
	char name[BENEATH_NAME_MAX];
	struct err inner = ERR_INIT;
	struct stat st;
	cleanup_fd int below = stack_lookup(s->below, path, &st, &inner), dir = -1;

	if (below != -1)
		return UNPACK_SETTLED;
	if (inner.kind != ERR_NOT_FOUND) {
		*e = inner;
		return -1;
	}
	if ((dir = beneath_parent(s->root, path, NULL, name, e)) == -1)
		return -1;
	if (fstat(dir, &st) == -1 || fsext_remove_whiteout(dir, name) == -1 ||
	    utimensat(dir, ".", (struct timespec[2]){ st.st_atim, st.st_mtim }, 0) == -1)
		return err_errno(e, errno, "%s: whiteout", path);
	return UNPACK_SETTLED;
}

static int settle_note(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e)
{
	(void)argument;
	if (kind == LAYER_NOTE_HARDLINK)
		return UNPACK_AGAIN;
	if (kind == LAYER_NOTE_WHITEOUT)
		return settle_whiteout(ctx, path, e);
	if (kind == LAYER_NOTE_IMPLIED || kind == LAYER_NOTE_PASSED)
		return settle_implied(ctx, kind, path, e);
	return UNPACK_SETTLED;
}

static int settle_against(struct unpack *u, int dir, int *roots, struct err *e)
{
	struct stack below = { roots, u->below };
	cleanup_fd int root = open_below(dir, "fs", e);
	cleanup_file FILE *notes = root == -1 ? NULL : open_notes(dir, false, e);
	struct settling s = { &below, root };

	if (!notes)
		return -1;
	return notes_read(notes, settle_note, &s, e);
}

int unpack_settle(void *ctx, struct err *e)
{
	struct unpack *u = ctx;
	cleanup_fd int dir = open_below(u->store->tmp, u->dir, e);
	int *roots = dir == -1 ? NULL : unpacked_open_all(u->store, u->chain_ids, u->below, e);
	int status = roots ? settle_against(u, dir, roots, e) : -1;

	unpacked_close_all(roots, u->below);
	return status;
}

/* --- once more, on the layers below --- */

static int fresh_directory(int dir, const char *name, struct err *e)
{
	if (beneath_remove(dir, name, e) == -1)
		return -1;
	return mkdirat(dir, name, 0755) == -1 ? err_errno(e, errno, "mkdir %s", name) : 0;
}

static void free_paths(char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}

static int mount_below(const struct unpack *u, const char *base, struct err *e)
{
	cleanup_buf struct buf target = BUF_INIT, upper = BUF_INIT, work = BUF_INIT;
	char **lower = calloc(u->below, sizeof *lower);
	int status = lower ? 0 : err_nomem(e);

	for (size_t i = 0; i < u->below && status == 0; i++) {
		struct buf path = BUF_INIT;
		unpacked_path(u->store, &u->chain_ids[u->below - 1 - i], &path);
		if (!(lower[i] = buf_steal(&path)))
			status = err_nomem(e);
	}
	buf_addf(&target, "%s/merged", base);
	buf_addf(&upper, "%s/fs", base);
	buf_addf(&work, "%s/work", base);
#ifdef __linux__
	if (status == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		status = err_errno(e, errno, "private mounts");
#endif
	if (status == 0 && buf_check(&work, e) == 0)
		status = overlay_mount(buf_text(&target), (const char *const *)lower, u->below, buf_text(&upper),
				       buf_text(&work), 0, e);
	if (lower)
		free_paths(lower, u->below);
	return status;
}

/* An overlay's root looks as its upper directory does: so that has to look like the root below. */
static int dress_upper(const struct unpack *u, int dir, struct err *e)
{
	cleanup_fd int below = unpacked_open(u->store, &u->chain_ids[u->below - 1], e), upper = -1;
	struct stat st;

	if (below == -1 || (upper = open_below(dir, "fs", e)) == -1)
		return -1;
	if (fstat(below, &st) == -1)
		return err_errno(e, errno, "layer");
	return metadata_copy(below, "", &st, upper, "", e);
}

/* Without overlays: the layers below are copied, and the result hides them. */
static int copy_below(const struct unpack *u, int root, struct err *e)
{
	int *roots = unpacked_open_all(u->store, u->chain_ids, u->below, e);
	int status = roots ? rootfs_copy(roots, u->below, root, e) : -1;
	struct stat st;

	unpacked_close_all(roots, u->below);
	if (status == -1 || u->below == 0)
		return status;
	if (fstat(root, &st) == -1 || fsext_make_opaque(root) == -1 ||
	    futimens(root, (struct timespec[2]){ st.st_atim, st.st_mtim }) == -1)
		return err_errno(e, errno, "mark the layer as opaque");
	return 0;
}

/* Makes the tree that the layer is to be applied on. Its descriptor, or -1. */
static int make_base(const struct unpack *u, int dir, const char *path, struct err *e)
{
	cleanup_fd int fs = -1;

	if (overlay_exists && u->below > 0) {
		if (dress_upper(u, dir, e) == -1 || mount_below(u, path, e) == -1)
			return -1;
		return open_below(dir, "merged", e);
	}
	if ((fs = open_below(dir, "fs", e)) == -1 || copy_below(u, fs, e) == -1)
		return -1;
	return steal_fd(&fs);
}

int unpack_onto(void *ctx, struct err *e)
{
	struct unpack *u = ctx;
	cleanup_fd int dir = -1, root = -1;
	cleanup_buf struct buf base = BUF_INIT;

	umask(0);
	buf_addf(&base, "%s/tmp/%s", u->store->path, u->dir);
	if (buf_check(&base, e) == -1)
		return -1;
	/* By its path: the store's descriptors are of another mount namespace, and would not see what is mounted here. */
	if ((dir = open_below(AT_FDCWD, buf_text(&base), e)) == -1)
		return -1;
	if (fresh_directory(dir, "fs", e) == -1 || fresh_directory(dir, "work", e) == -1 ||
	    fresh_directory(dir, "merged", e) == -1 || (root = make_base(u, dir, buf_text(&base), e)) == -1)
		return -1;
	u->options.form = LAYER_MERGE;
	return unpack_to(u, dir, root, e);
}
