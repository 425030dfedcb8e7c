/* Once more, on the layers below. */
#include "unpack_parts.h"

#include "beneath.h"
#include "fsext.h"
#include "io.h"
#include "metadata.h"
#include "overlay.h"
#include "rootfs.h"
#include "unpacked.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/mount.h>
#endif

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
	struct overlay overlay;

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
	overlay = (struct overlay){ buf_text(&target), (const char *const *)lower, u->below, buf_text(&upper), buf_text(&work),
				    .flags = 0 };
	if (status == 0 && buf_check(&work, e) == 0)
		status = overlay_mount(&overlay, e);
	if (lower)
		free_paths(lower, u->below);
	return status;
}

/* An overlay's root looks as its upper directory does: so that has to look like the root below. */
static int dress_upper(const struct unpack *u, int dir, struct err *e)
{
	cleanup_fd int below = unpacked_open(u->store, &u->chain_ids[u->below - 1], e), upper = -1;
	struct stat st;

	if (below == -1 || (upper = unpack_open_below(dir, "fs", e)) == -1)
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
		return unpack_open_below(dir, "merged", e);
	}
	if ((fs = unpack_open_below(dir, "fs", e)) == -1 || copy_below(u, fs, e) == -1)
		return -1;
	return steal_fd(&fs);
}

int unpack_onto(void *ctx, struct err *e)
{
	struct unpack *u = ctx;
	cleanup_fd int dir = -1, root = -1;
	cleanup_buf struct buf base = BUF_INIT;

	umask(0);
	io_allow_descriptors(); /* a copy takes three a directory on the way down */
	buf_addf(&base, "%s/tmp/%s", u->store->path, u->dir);
	if (buf_check(&base, e) == -1)
		return -1;
	/* By its path: the store's descriptors are of another mount namespace, and would not see what is mounted here. */
	if ((dir = unpack_open_below(AT_FDCWD, buf_text(&base), e)) == -1)
		return -1;
	if (fresh_directory(dir, "fs", e) == -1 || fresh_directory(dir, "work", e) == -1 ||
	    fresh_directory(dir, "merged", e) == -1 || (root = make_base(u, dir, buf_text(&base), e)) == -1)
		return -1;
	u->options.form = LAYER_MERGE;
	return unpack_to(u, dir, root, e);
}
