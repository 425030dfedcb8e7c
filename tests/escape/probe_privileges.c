/* probe_privileges - capabilities, users and groups, core dumps, the filter of system calls, nested user namespaces */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned int bad_caps[] = { CAP_SYS_ADMIN,	      CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE,
					 CAP_NET_ADMIN,	      CAP_SYS_BOOT,   CAP_SYS_TIME,  CAP_DAC_READ_SEARCH,
					 CAP_SYSLOG,	      CAP_BPF,	      CAP_MAC_ADMIN, CAP_MAC_OVERRIDE,
					 CAP_PERFMON,	      CAP_IPC_LOCK,   CAP_SYS_NICE,  CAP_SYS_RESOURCE,
					 CAP_CHECKPOINT_RESTORE };

struct caps {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2];
};

static void get_caps(struct caps *c)
{
	*c = (struct caps){ .header = { _LINUX_CAPABILITY_VERSION_3, 0 } };
	syscall(SYS_capget, &c->header, c->data);
}

/* Whether the kernel lets us take one of them. */
static int take_cap(void)
{
	struct caps now, more;

	get_caps(&now);
	for (size_t i = 0; i < sizeof bad_caps / sizeof *bad_caps; i++) {
		unsigned int word = bad_caps[i] / 32, bit = 1u << bad_caps[i] % 32;

		more = now;
		more.data[word].permitted |= bit;
		more.data[word].effective |= bit;
		if (syscall(SYS_capset, &more.header, more.data) == 0)
			return 1;
	}
	return 0;
}

static void try_capabilities(void)
{
	struct caps now;
	bool bounding = false, ambient = false;

	get_caps(&now);
	tell("X11", apart(take_cap), "take a capability");
	for (size_t i = 0; i < sizeof bad_caps / sizeof *bad_caps; i++)
		bounding = bounding || prctl(PR_CAPBSET_READ, bad_caps[i]) > 0;
	tell("X12", bounding, "the bounding set");
	tell("X13", now.data[0].inheritable || now.data[1].inheritable, "the inheritable set");
	for (unsigned long cap = 0; cap < 64; cap++)
		ambient = ambient || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) > 0;
	tell("X13b", ambient, "the ambient set");
}

/* /setuid says with its status whether it is more than who ran it; on its own it would be its owner. */
static int run_setuid(void)
{
	if (setuid(1000) == -1 && getuid() == 0 && errno != EINVAL) /* EINVAL: there is no such user here; we are nobody outside */
		return 125;
	execl("/setuid", "setuid", "who", (char *)NULL);
	return 125;
}

static void try_setuid(void)
{
	int status = apart(run_setuid);

	tell("X14", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1, "no_new_privs");
	if (status == 125)
		not_applicable("X14", "/setuid cannot be run");
	else
		tell("X14", status != 0, "become another by a setuid program");
}

static int drop_groups(void)
{
	return setgroups(0, NULL) == 0 ? 1 : errno == EPERM ? 0 : 2;
}

/* Whether more than one group was given to this namespace: then its root may choose. */
static bool has_groups(void)
{
	unsigned long inside, outside, count = 0;
	FILE *f = fopen("/proc/self/gid_map", "r");
	bool many = f && (fscanf(f, "%lu %lu %lu", &inside, &outside, &count) != 3 || count > 1 ||
			  fscanf(f, "%lu", &inside) == 1);

	if (f)
		fclose(f);
	return many;
}

static void try_groups(void)
{
	if (has_groups()) {
		tell("X16", getgroups(0, NULL) > 0, "supplementary groups of the caller");
		not_applicable("X35", "groups were granted, to choose from");
		return;
	}
	not_applicable("X16", "the kernel lets nobody with a single group give groups up");
	tell("X35", apart(drop_groups) == 1, "give up a group that denies");
	if (access("/denied", F_OK) == -1)
		not_applicable("X35", "only root can plant a file of another group");
	else
		tell("X35", can_open("/denied", O_RDONLY), "a file that the caller's group is denied");
}

static void try_core(void)
{
	struct rlimit core, more = { RLIM_INFINITY, RLIM_INFINITY };

	tell("X51", getrlimit(RLIMIT_CORE, &core) || core.rlim_cur || core.rlim_max, "core dumps");
	tell("X51", setrlimit(RLIMIT_CORE, &more) == 0, "switch them on");
}

void try_privileges(void)
{
	try_capabilities();
	try_setuid();
	try_groups();
	try_core();
	tell("X15", prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2, "a filter of system calls");
}

/* ---- nested user namespaces ---- */

static int by_unshare(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static int by_unshare_with_more(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) == 0;
}

static int by_clone(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static int by_clone3(void)
{
	unsigned long long args[8] = { CLONE_NEWUSER, [4] = SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof args);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static int by_setns(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY);

	return fd >= 0 && setns(fd, CLONE_NEWNS) == 0;
}

#ifdef __x86_64__
/* The calls of another architecture have other numbers, and the filter has to know them. unshare is 310 there. */
static int by_i386(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(310L), "b"((long)CLONE_NEWUSER) : "memory", "r8", "r9", "r10", "r11");
	return (int)result == 0 ? 1 : (int)result == -ENOSYS ? 2 : 0;
}

static int by_x32(void)
{
	return syscall(0x40000000 | SYS_unshare, CLONE_NEWUSER) == 0 ? 1 : errno == ENOSYS ? 2 : 0;
}
#endif

static void try_ways_of_nesting(void)
{
	tell("X45", apart(by_unshare), "unshare: a nested user namespace");
	tell("X45", apart(by_unshare_with_more), "unshare: with others beside it");
	tell("X45", apart(by_clone), "clone");
	tell("X45", apart(by_clone3), "clone3");
	tell("X45", apart(by_setns), "setns");
#ifdef __x86_64__
	tell("X45", apart(by_i386) == 1, "unshare, as i386 has it");
	tell("X45", apart(by_x32) == 1, "unshare, as x32 has it");
#endif
}

static int nested_mounts(void)
{
	if (unshare(CLONE_NEWUSER) == -1 || unshare(CLONE_NEWNS | CLONE_NEWPID) == -1)
		return 0;
	tell_as("nested-");
	tell("X20", mount("x", "/tmp/m", "proc", 0, NULL) == 0, "mount a proc");
	tell("X21", mount("x", "/tmp/m", "sysfs", 0, NULL) == 0, "mount a sysfs");
	tell("X22", mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0, "remount /proc/sys");
	tell("X23", umount2("/proc/sys", MNT_DETACH) == 0 || umount2("/proc/kcore", MNT_DETACH) == 0, "unmount masks");
	tell("X31", mount("x", "/tmp/m", "cgroup2", 0, NULL) == 0 || mount("x", "/tmp/m", "cgroup", 0, "cpu") == 0, "mount cgroups");
	return 0;
}

void try_nested(void)
{
	try_ways_of_nesting();
	apart(nested_mounts);
}
