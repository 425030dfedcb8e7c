/*
 * sandbox_mount - mounting by descriptor (Linux 5.12: fsopen, open_tree, mount_setattr, move_mount). A mount is first a
 * descriptor that belongs to nowhere, gets its attributes, and is then attached to a directory or file that was
 * resolved beneath the container's root: no path is looked up twice, and none outside.
 *
 * Beside it the parts of the sandbox that are made of mounts, in the order in which process 1 calls them.
 */
#ifndef CR_SANDBOX_MOUNT_H
#define CR_SANDBOX_MOUNT_H

#include "sandbox.h"

/* Clones the mount at a path of the host, everything below it included with `recursive`. A descriptor, -1 with the error. */
int mount_clone(const char *path, bool recursive, struct err *e);

/* Sets MOUNT_ATTR_* on a mount, and takes `clear` off; with `recursive` on all below it too. */
int mount_attributes(int mount, uint64_t set, uint64_t clear, bool recursive, struct err *e);

/*
 * A new filesystem. options: NULL-terminated "key=value" or "key" of the filesystem's own, or NULL.
 * attributes: MOUNT_ATTR_*.
 */
int mount_new(const char *type, const char *source, char *const *options, uint64_t attributes, struct err *e);

/* Attaches a mount to `target` (which may be O_PATH), and closes neither. `path` is for the message. */
int mount_attach(int mount, int target, const char *path, struct err *e);

/*
 * A device of the host, checked to be the one of that number: what stands in an image's /dev is never trusted. Its node cannot be
 * changed. (The host's own /dev may be nodev where it is a container itself: that stays.)
 */
int mount_clone_device(const char *path, unsigned int major, unsigned int minor, struct err *e);

enum mount_target {
	MOUNT_ON_DIRECTORY,	 /* made where missing */
	MOUNT_ON_REAL_DIRECTORY, /* the same, and a symlink is refused (CVE-2019-19921) */
	MOUNT_ON_FILE,		 /* an empty file is made where missing */
};

/*
 * Opens (O_PATH) what a mount goes on: `path` beneath `root`, symlinks followed inside of it alone, even dangling ones.
 */
int mount_target(int root, const char *path, enum mount_target kind, struct err *e);

/*
 * Both: attaches a mount, which stays the caller's, to what `path` beneath `root` is. ERR_USAGE where that is in a proc
 * filesystem, and the mount is none.
 */
int mount_put(int root, int mount, const char *path, enum mount_target kind, struct err *e);

/* Mounts the root where the bundle has it, private and nodev: a descriptor of it. Needs a mount namespace of its own. */
int sandbox_mount_root(const struct sandbox *s, struct err *e);

/* s->mounts in their order, /dev filled in, masked and read-only paths, the host's resolv.conf and hosts. */
int sandbox_mount_all(const struct sandbox *s, int root, struct err *e);

/*
 * Where the kernel shows itself: the mounts on /proc and /sys; -1: there is none. By descriptor, so that who exchanges directories
 * of the root meanwhile does not lead astray what is put over their parts.
 */
struct sandbox_kernel {
	int proc, sys;
};

/* s->readonly and s->masked, where they are there. */
int sandbox_protect(const struct sandbox *s, int root, const struct sandbox_kernel *k, struct err *e);

/* Hides in a mount of the host's /sys what a container has no business with. */
int sandbox_hide_host(int sys, struct err *e);

/*
 * In a container that maps every id to itself, uid 0 is root for all that the kernel guards by uid and not by capability, as
 * most of /proc/sys. There what runtimes make read-only by default is so in every proc, whatever the bundle says, unless the
 * container has CAP_SYS_ADMIN.
 */
int sandbox_guard_proc(const struct sandbox *s, int proc, const char *destination, struct err *e);

/* The devices and links every container has, and s->devices, into /dev (runtime-spec config-linux.md, Default Devices). */
int sandbox_fill_dev(const struct sandbox *s, int root, struct err *e);

/*
 * Puts the container's own devices in the place of the host's that are standard descriptors, as /dev/null often is: the host's
 * node is what its owner, uid 0 of a container that maps every id to itself, could change by the descriptor. Inside.
 */
int sandbox_use_own_devices(struct err *e);

/* Makes `root` the root of this mount namespace, and lets go of everything else. */
int sandbox_pivot(int root, struct err *e);

/*
 * Opens a terminal in the container's devpts, owned by `uid`, of the size of ours or that of s. Returns the master, and the
 * process's end in *peer; both are the caller's. -1 with the error set.
 */
int sandbox_open_terminal(const struct sandbox *s, int root, uid_t uid, int *peer, struct err *e);

/* Puts a terminal's end on /dev/console. */
int sandbox_put_console(int root, int peer, struct err *e);

#endif
