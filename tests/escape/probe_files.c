/* probe_files - files, devices and mounts of the host */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FDS 1024
#define PIDS 64

static void try_descriptors(void)
{
	const char *canary = host("canary");
	bool held = false, leads = false;
	struct stat st;

	for (int fd = 3; fd < FDS; fd++)
		held = held || fstat(fd, &st) == 0;
	tell("X09", held, "descriptors that were left open");
	for (int fd = 0; fd < FDS; fd++)
		leads = leads || openat(fd, canary + 1, O_RDONLY) >= 0 || openat(fd, "..", O_RDONLY) >= 0;
	tell("X09b", leads, "openat by them");
}

static int leave_root(void)
{
	const char *canary = host("canary");
	int fd = open("/", O_RDONLY);

	mkdir("/tmp/root", 0700);
	if (chroot("/tmp/root") == 0 && fchdir(fd) == 0)
		for (int i = 0; i < 64 && chdir("..") == 0; i++)
			;
	return chroot(".") == 0 && access(canary, F_OK) == 0;
}

void try_files(void)
{
	const char *canary = host("canary");
	char path[4200];
	bool open = false;

	tell("X07", can_open(canary, O_RDONLY), "the canary by its name");
	for (int pid = 1; pid < PIDS; pid++) {
		snprintf(path, sizeof path, "/proc/%d/root%s", pid, canary);
		open = open || can_open(path, O_RDONLY);
		snprintf(path, sizeof path, "/proc/%d/cwd/../../../../../../../../../../..%s", pid, canary);
		open = open || can_open(path, O_RDONLY);
	}
	tell("X08", open, "the canary through /proc");
	snprintf(path, sizeof path, "/proc/%ld/root%s", host_number("process"), canary);
	tell("X08", can_open(path, O_RDONLY), "the canary through a process of the host");
	try_descriptors();
	tell("X10", apart(leave_root), "double chroot");
}

/* Of a device that is not there the open says ENXIO: that is open, too. */
static bool opens_device(const char *path)
{
	return can_open(path, O_RDONLY) || (errno != EPERM && errno != EACCES);
}

static void try_planted(const char *path, const char *what)
{
	if (access(path, F_OK) == -1)
		not_applicable("X18", "only root can plant a device");
	else
		tell("X18", opens_device(path), what);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static void list_dev(void)
{
	char found[1024] = "", what[1100], wanted[256];
	struct dirent **entries;
	int n = scandir("/dev", &entries, is_visible, by_name);

	for (int i = 0; i < n; i++)
		if (strlen(found) + strlen(entries[i]->d_name) + 2 < sizeof found) {
			strcat(found, entries[i]->d_name);
			strcat(found, " ");
		}
	snprintf(wanted, sizeof wanted, "%sfd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ",
		 strcmp(host("terminal"), "own") == 0 ? "console " : ""); /* one comes with the other */
	snprintf(what, sizeof what, "/dev: %s", found);
	tell("X56", strcmp(found, wanted) != 0, what);
}

void try_devices(void)
{
	const dev_t some[] = { makedev(1, 11), makedev(1, 1), makedev(254, 0), makedev(8, 0) };
	bool made = false;

	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		mode_t type = i < 2 ? S_IFCHR : S_IFBLK;

		made = made || (mknod("/tmp/node", type | 0666, some[i]) == 0 && opens_device("/tmp/node"));
		unlink("/tmp/node");
		made = made || (mknod("/dev/shm/node", type | 0666, some[i]) == 0 && opens_device("/dev/shm/node"));
		unlink("/dev/shm/node");
	}
	tell("X17", made, "make a device, and open it");
	try_planted("/planted-kmsg", "a device node of the image: the kernel's log");
	try_planted("/planted-disk", "a device node of the image: a disk");
	list_dev();
}

/* The masks are undone one by one, in a mount namespace of its own where one is to be had. */
void try_mounts(void)
{
	char line[4096];
	FILE *f;
	bool shared = false;

	mkdir("/tmp/m", 0700);
	tell("X19", mount("x", "/tmp/m", "tmpfs", 0, NULL) == 0, "mount a tmpfs");
	tell("X20", mount("x", "/tmp/m", "proc", 0, NULL) == 0, "mount a proc");
	tell("X21", mount("x", "/tmp/m", "sysfs", 0, NULL) == 0, "mount a sysfs");
	tell("X22", mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0, "remount /proc/sys");
	tell("X22", mount("/proc/sys", "/tmp/m", NULL, MS_BIND, NULL) == 0, "bind /proc/sys elsewhere");
	tell("X23", umount2("/proc/sys", MNT_DETACH) == 0, "unmount /proc/sys");
	tell("X23", umount2("/proc/kcore", MNT_DETACH) == 0, "unmount /proc/kcore");
	tell("X23b", syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE) >= 0, "clone a mount");
	tell("X19", syscall(SYS_fsopen, "tmpfs", 0) >= 0, "open a file system");
	f = fopen("/proc/self/mountinfo", "r");
	while (f && fgets(line, sizeof line, f))
		shared = shared || strstr(line, " shared:") || strstr(line, " master:");
	tell("X52", shared || !f, "shared mounts");
	if (f)
		fclose(f);
}
