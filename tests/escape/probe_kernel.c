/* probe_kernel - what the kernel shows in files, and does when it is asked */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

const struct kernel_file kernel_files[] = {
	{ "X24", "/proc/sys/kernel/core_pattern", true }, { "X25", "/proc/sysrq-trigger", true },
	{ "X26", "/proc/sys/kernel/modprobe", true },	  { "X27", "/sys/kernel/uevent_helper", true },
	{ "X28", "/proc/kcore", false },		  { "X29", "/proc/keys", false },
	{ "X30", "/proc/kmsg", false },			  { "X30b", "/dev/kmsg", false },
	{ "X30c", "/proc/timer_list", false },		  { "X30d", "/proc/interrupts", false },
	{ "X30e", "/sys/firmware/acpi/tables/DSDT", false },
};
const int kernel_file_count = sizeof kernel_files / sizeof *kernel_files;

/* cgroup v1 and v2: in the directory, and one below it. */
static bool can_change_cgroup(const char *dir, int depth)
{
	static const char *const files[] = { "cgroup.procs", "release_agent", "notify_on_release", "tasks" };
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[512];
	bool open = false;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%.200s/%s", dir, files[i]);
		open = open || can_open(path, O_WRONLY);
	}
	while (depth && d && (entry = readdir(d))) {
		snprintf(path, sizeof path, "%.200s/%.255s", dir, entry->d_name);
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			open = open || can_change_cgroup(path, depth - 1);
	}
	if (d)
		closedir(d);
	return open;
}

static char writable[256]; /* the first that could be opened for writing */

static int try_writing(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)where;
	if (kind != FTW_F || !can_open(path, O_WRONLY))
		return 0;
	snprintf(writable, sizeof writable, "open for writing %s", path);
	return 1;
}

/* The whole of it: names change with kernels. */
static void try_writing_below(const char *id, const char *dir)
{
	bool open = nftw(dir, try_writing, 16, FTW_PHYS) == 1;
	char what[256];

	snprintf(what, sizeof what, "open for writing any file below %s", dir);
	tell(id, open, open ? writable : what);
}

void try_kernel_files(void)
{
	for (int i = 0; i < kernel_file_count; i++) {
		const struct kernel_file *f = &kernel_files[i];

		if (!host_has(f->id))
			not_applicable(f->id, "this kernel has no such file");
		else
			tell(f->id, f->write ? can_open(f->path, O_WRONLY) : can_read(f->path), f->path);
	}
	try_writing_below("X24b", "/proc/sys");
	try_writing_below("X25b", "/proc/irq");
	try_writing_below("X25c", "/proc/bus");
	try_writing_below("X27b", "/sys");
	tell("X31", can_change_cgroup("/sys/fs/cgroup", 1), "change a cgroup");
	tell("X40", klogctl(3, (char[64]){ 0 }, 64) >= 0, "syslog");
}

/* Two instructions: return 0. */
static bool can_load_bpf(void)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 }, { .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };
	long fd;

	attr.insns = (unsigned long)program;
	attr.insn_cnt = sizeof program / sizeof *program;
	attr.license = (unsigned long)"";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

/* CVE-2014-3625, "Shocker": inode 2 is the root of a host's ext4. */
static bool can_open_by_handle(void)
{
	struct {
		unsigned int bytes;
		int type;
		unsigned char handle[8];
	} h = { 8, 1, { 2 } };
	int root = open("/", O_RDONLY);
	long fd = syscall(SYS_open_by_handle_at, root, &h, O_RDONLY);

	return fd >= 0 || (errno != EPERM && errno != ENOSYS);
}

void try_system_calls(void)
{
	struct timeval now;

	tell("X34", can_open_by_handle(), "open by a handle");
	gettimeofday(&now, NULL); /* harmless where it works */
	tell("X37", settimeofday(&now, NULL) == 0, "set the time");
	tell("X38", syscall(SYS_init_module, "", 0, "") == 0 || (errno != EPERM && errno != ENOSYS), "load a module");
	tell("X39", can_load_bpf(), "load a program into the kernel");
	tell("X41", swapon("/tmp/none", 0) == 0 || errno != EPERM, "swap");
	tell("X42", syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0 || (errno != EPERM && errno != ENOSYS), "load a kernel");
#ifdef SYS_iopl
	tell("X43", syscall(SYS_iopl, 3) == 0, "ports of devices");
#else
	not_applicable("X43", "this architecture has no ports");
#endif
}

/* Found, or there and not to be had: either way it was looked for where it lies. */
static bool finds_key(int keyring)
{
	return syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", host("key"), 0) != -1;
}

void try_keys(void)
{
	static const char *const what = "a key of the caller's session", *const users = "a key of the caller's user";

	if (!*host("key")) {
		not_applicable("X44", "no key was planted");
		return;
	}
	tell("X44", syscall(SYS_request_key, "user", host("key"), NULL, 0) != -1, what);
	tell("X44", finds_key(KEY_SPEC_SESSION_KEYRING), what);
	tell("X44b", finds_key(KEY_SPEC_USER_SESSION_KEYRING), users);
	tell("X44b", finds_key(KEY_SPEC_USER_KEYRING), users);
}
