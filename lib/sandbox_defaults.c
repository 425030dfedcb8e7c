#include "sandbox_defaults.h"

#include <string.h>

/* Here and not from <linux/capability.h>: a config.json reads alike on every platform. */
static const char *const cap_names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
	"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

enum {
	CHOWN = 0, DAC_OVERRIDE = 1, FOWNER = 3, FSETID = 4, KILL = 5, SETGID = 6, SETUID = 7, SETPCAP = 8,
	NET_BIND_SERVICE = 10, NET_RAW = 13, SYS_CHROOT = 18, MKNOD = 27, AUDIT_WRITE = 29, SETFCAP = 31,
};

#define BIT(cap) (UINT64_C(1) << (cap))

const uint64_t sandbox_default_caps = BIT(CHOWN) | BIT(DAC_OVERRIDE) | BIT(FOWNER) | BIT(FSETID) | BIT(KILL) |
				      BIT(SETGID) | BIT(SETUID) | BIT(SETPCAP) | BIT(NET_BIND_SERVICE) | BIT(NET_RAW) |
				      BIT(SYS_CHROOT) | BIT(MKNOD) | BIT(AUDIT_WRITE) | BIT(SETFCAP);

static char *const proc_options[] = { "nosuid", "noexec", "nodev", NULL };
static char *const dev_options[] = { "nosuid", "strictatime", "mode=755", "size=65536k", NULL };
static char *const pts_options[] = { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", NULL };
static char *const shm_options[] = { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k", NULL };
static char *const mqueue_options[] = { "nosuid", "noexec", "nodev", NULL };
static char *const sys_options[] = { "nosuid", "noexec", "nodev", "ro", NULL };

const struct sandbox_mount sandbox_default_mounts[] = {
	{ "/proc", "proc", "proc", proc_options },
	{ "/dev", "tmpfs", "tmpfs", dev_options },
	{ "/dev/pts", "devpts", "devpts", pts_options },
	{ "/dev/shm", "tmpfs", "shm", shm_options },
	{ "/dev/mqueue", "mqueue", "mqueue", mqueue_options },
	{ "/sys", "sysfs", "sysfs", sys_options },
};
const size_t sandbox_default_mount_count = sizeof sandbox_default_mounts / sizeof *sandbox_default_mounts;

const struct sandbox_device sandbox_default_devices[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};
const size_t sandbox_default_device_count = sizeof sandbox_default_devices / sizeof *sandbox_default_devices;

const char *const sandbox_default_masked[] = {
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
	"/sys/firmware", NULL,
};

const char *const sandbox_default_readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

void sandbox_init(struct sandbox *s)
{
	*s = (struct sandbox){
		.caps_bounding = sandbox_default_caps,
		.caps_effective = sandbox_default_caps,
		.caps_permitted = sandbox_default_caps,
		.no_new_privs = true,
		.umask = 022,
	};
}

const char *sandbox_device_path(unsigned int major, unsigned int minor)
{
	for (size_t i = 0; i < sandbox_default_device_count; i++)
		if (sandbox_default_devices[i].major == major && sandbox_default_devices[i].minor == minor)
			return sandbox_default_devices[i].path;
	return major == 10 && minor == 229 ? "/dev/fuse" : NULL;
}

const char *sandbox_cap_name(unsigned int cap)
{
	return cap < sizeof cap_names / sizeof *cap_names ? cap_names[cap] : NULL;
}

int sandbox_cap_number(const char *name)
{
	for (unsigned int cap = 0; sandbox_cap_name(cap); cap++)
		if (strcmp(cap_names[cap], name) == 0)
			return (int)cap;
	return -1;
}
