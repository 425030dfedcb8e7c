#include "sandbox_mount.h"

#include "io.h"
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

/* A tree, bound onto the place where the bundle has its rootfs. */
static int bind_root(const char *tree, const char *where, struct err *e)
{
	cleanup_fd int mount = mount_clone(tree, true, e), target = -1;

	if (mount == -1)
		return -1;
	target = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target == -1)
		return err_errno(e, errno, "%s", where);
	if (mount_attach(mount, target, where, e) == -1)
		return -1;
	return steal_fd(&mount);
}

static int overlay_root(const struct sandbox *s, struct err *e)
{
	const struct overlay overlay = { s->rootfs, s->lower, s->lower_count, s->upper, s->work, MS_NODEV, s->discard };
	cleanup_fd int root = -1;
	struct statfs fs;

	if (overlay_mount(&overlay, e) == -1)
		return -1;
	root = open(s->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root == -1 || fstatfs(root, &fs) == -1)
		return err_errno(e, errno, "%s", s->rootfs);
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return err_set(e, ERR_IO, "%s: the overlay is not where it was mounted", s->rootfs);
	return steal_fd(&root);
}

int sandbox_mount_root(const struct sandbox *s, struct err *e)
{
	cleanup_fd int root = -1;
	uint64_t attributes = MOUNT_ATTR_NODEV | (s->no_new_privs ? MOUNT_ATTR_NOSUID : 0);

	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return err_errno(e, errno, "make the mounts private");
	if (s->lower_count == 0)
		root = bind_root(s->rootfs, s->rootfs, e);
	else if (s->lower_count == 1 && !s->upper) /* an overlay of one layer is refused by the kernel */
		root = bind_root(s->lower[0], s->rootfs, e);
	else
		root = overlay_root(s, e);
	if (root == -1 || mount_attributes(root, attributes, 0, true, e) == -1)
		return -1;
	return steal_fd(&root);
}

int sandbox_pivot(int root, struct err *e)
{
	/* The old root is stacked upon the new one for a moment (pivot_root(2), NOTES), so no directory is needed for it. */
	if (fchdir(root) == -1 || syscall(SYS_pivot_root, ".", ".") == -1)
		return err_errno(e, errno, "pivot_root");
	if (umount2(".", MNT_DETACH) == -1)
		return err_errno(e, errno, "let go of the old root");
	if (chdir("/") == -1)
		return err_errno(e, errno, "/");
	return 0;
}
