/*
 * probe - tries to get out of a container, a way at a time
 *
 *	probe host NAME		listens on the abstract socket NAME and on a port of loopback; prints its pid and the port
 *	probe CANARY NAME PID PORT NS...
 *				inside: CANARY is a file of the host, PID and PORT are those of the above, NS... what
 *				/proc/self/ns/{mnt,pid,uts,ipc,user} are there
 *
 * Not for the host itself: it tries what it says. A line for each: its number, SAFE or OPEN, what was tried. Static, and of nothing but the C library: any image will do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const char *prefix = "";

static void tell(const char *id, bool open, const char *what)
{
	printf("%s%s %s %s\n", prefix, id, open ? "OPEN" : "SAFE", what);
	fflush(stdout);
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Whether anything can be read there: a file may be there, masked by an empty one. */
static bool can_read(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool got = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return got;
}

static int listen_on(int family, struct sockaddr *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd >= 0 && bind(fd, address, len) == 0 && listen(fd, 8) == 0 ? fd : -1;
}

static struct sockaddr_un abstract(const char *name, socklen_t *len)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path + 1, name, sizeof a.sun_path - 2);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
	return a;
}

static int be_host(const char *name)
{
	struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len, in_len = sizeof loopback;
	struct sockaddr_un a = abstract(name, &len);
	int tcp = listen_on(AF_INET, (struct sockaddr *)&loopback, sizeof loopback);

	if (tcp == -1 || listen_on(AF_UNIX, (struct sockaddr *)&a, len) == -1)
		return 1;
	getsockname(tcp, (struct sockaddr *)&loopback, &in_len);
	printf("%d %d\n", getpid(), ntohs(loopback.sin_port));
	fflush(stdout);
	fclose(stdout);
	alarm(300);
	pause();
	return 0;
}

static void namespaces(char **host)
{
	static const char *const kinds[] = { "mnt", "pid", "uts", "ipc", "user" };
	static const char *const ids[] = { "X01", "X02", "X03", "X04", "X05" };
	char path[64], here[64];

	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
		memset(here, 0, sizeof here);
		tell(ids[i], readlink(path, here, sizeof here - 1) <= 0 || strcmp(here, host[i]) == 0, kinds[i]);
	}
}

static void processes(pid_t host)
{
	struct iovec here = { (char[8]){ 0 }, 8 }, there = { (void *)0x1000, 8 };
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int n = 0;

	while (proc && (d = readdir(proc)))
		n += d->d_name[0] >= '1' && d->d_name[0] <= '9';
	if (proc)
		closedir(proc);
	tell("X06", n > 4 || n == 0, "processes of others in /proc");
	tell("X32", kill(host, 0) == 0 || errno != ESRCH, "kill a process of the host");
	tell("X33", process_vm_readv(host, &here, 1, &there, 1, 0) >= 0 || errno != ESRCH, "read its memory");
	tell("X33b", ptrace(PTRACE_ATTACH, host, 0, 0) == 0 || errno != ESRCH, "trace it");
	tell("X33c", ptrace(PTRACE_ATTACH, 1, 0, 0) == 0, "trace process 1");
	tell("X53", can_open("/proc/1/exe", O_WRONLY) || can_open("/proc/1/exe", O_RDONLY), "open the runtime");
	tell("X53b", can_read("/proc/1/environ") || can_open("/proc/1/mem", O_RDWR), "environment and memory of process 1");
}

static void host_path_of_init(const char *canary)
{
	char text[4096];
	int fd = open("/proc/1/cmdline", O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
	size_t top = (size_t)(strrchr(canary, '/') - canary);

	tell("X54", n > 0 && memmem(text, (size_t)n, canary, top), "paths of the host in /proc/1/cmdline");
	if (fd >= 0)
		close(fd);
}

static void files(const char *canary)
{
	char path[4200];
	bool open = false;

	tell("X07", can_open(canary, O_RDONLY), "the canary by its name");
	for (int pid = 1; pid < 64; pid++) {
		snprintf(path, sizeof path, "/proc/%d/root%s", pid, canary);
		open = open || can_open(path, O_RDONLY);
		snprintf(path, sizeof path, "/proc/%d/cwd/../../../../../..%s", pid, canary);
		open = open || can_open(path, O_RDONLY);
	}
	tell("X08", open, "the canary through /proc");
	open = false;
	for (int fd = 3; fd < 1024; fd++)
		open = open || fcntl(fd, F_GETFD) != -1;
	tell("X09", open, "descriptors that were left open");
	open = false;
	for (int fd = 0; fd < 256; fd++)
		open = open || openat(fd, canary + 1, O_RDONLY) >= 0 || openat(fd, "..", O_RDONLY) >= 0;
	tell("X09b", open, "openat by them");
}

static void leave_root(const char *canary)
{
	bool out = false;
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		int fd = open("/", O_RDONLY);
		mkdir("/tmp/root", 0700);
		if (chroot("/tmp/root") == 0 && fchdir(fd) == 0)
			for (int i = 0; i < 64; i++)
				if (chdir("..") == -1)
					break;
		_exit(chroot(".") == 0 && access(canary, F_OK) == 0);
	}
	waitpid(pid, &status, 0);
	out = !WIFEXITED(status) || WEXITSTATUS(status);
	tell("X10", out, "double chroot");
}

static void privileges(void)
{
	static const int bad[] = { CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE, CAP_NET_ADMIN, CAP_SYS_BOOT,
				   CAP_DAC_READ_SEARCH, CAP_SYS_TIME, CAP_SYSLOG, CAP_BPF, CAP_MAC_ADMIN, CAP_PERFMON };
	unsigned long long set = 0, wrong = 0;
	char line[256], name[32];
	FILE *f = fopen("/proc/self/status", "r");
	gid_t groups[64];
	struct rlimit core;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		wrong |= 1ull << bad[i];
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%31[^:]:%llx", name, &set) != 2)
			continue;
		if (strcmp(name, "CapEff") == 0 || strcmp(name, "CapPrm") == 0)
			tell("X11", set & wrong, name);
		if (strcmp(name, "CapBnd") == 0)
			tell("X12", set & wrong, name);
		if (strcmp(name, "CapInh") == 0 || strcmp(name, "CapAmb") == 0)
			tell(name[3] == 'I' ? "X13" : "X13b", set, name);
		if (strcmp(name, "NoNewPrivs") == 0)
			tell("X14", set != 1, name);
		if (strcmp(name, "Seccomp") == 0)
			tell("X15", set != 2, name);
	}
	tell("X16", getgroups(64, groups) > 1, "supplementary groups");
	tell("X51", getrlimit(RLIMIT_CORE, &core) || core.rlim_cur, "core dumps");
	if (f)
		fclose(f);
}

static void devices(void)
{
	const dev_t some[] = { makedev(1, 11), makedev(1, 1), makedev(254, 0), makedev(8, 0) };
	bool made = false;

	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		mode_t type = i < 2 ? S_IFCHR : S_IFBLK;
		made = made || (mknod("/tmp/node", type | 0666, some[i]) == 0 && can_open("/tmp/node", O_RDONLY));
		unlink("/tmp/node");
	}
	tell("X17", made, "make a device, and open it");
}

static void mounts(void)
{
	char line[4096];
	FILE *f;
	bool shared = false;

	mkdir("/tmp/m", 0700);
	tell("X19", mount("x", "/tmp/m", "tmpfs", 0, NULL) == 0, "mount a tmpfs");
	tell("X20", mount("x", "/tmp/m", "proc", 0, NULL) == 0, "mount a proc");
	tell("X21", mount("x", "/tmp/m", "sysfs", 0, NULL) == 0, "mount a sysfs");
	tell("X22", mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0, "remount /proc/sys");
	tell("X23", umount2("/proc/sys", MNT_DETACH) == 0 || umount2("/proc/kcore", MNT_DETACH) == 0, "unmount masks");
	tell("X23b", syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* CLONE */) >= 0, "clone a mount");
	f = fopen("/proc/self/mountinfo", "r");
	while (f && fgets(line, sizeof line, f))
		shared = shared || strstr(line, " shared:");
	tell("X52", shared, "shared mounts");
	if (f)
		fclose(f);
}

static void kernel_files(void)
{
	static const struct {
		const char *id, *path;
	} written[] = {
		{ "X24", "/proc/sys/kernel/core_pattern" }, { "X25", "/proc/sysrq-trigger" },
		{ "X26", "/proc/sys/kernel/modprobe" },     { "X27", "/sys/kernel/uevent_helper" },
		{ "X31", "/sys/fs/cgroup/cgroup.procs" },   { "X31b", "/sys/fs/cgroup/release_agent" },
	}, shown[] = {
		{ "X28", "/proc/kcore" }, { "X29", "/proc/keys" }, { "X30", "/proc/kmsg" }, { "X30b", "/dev/kmsg" },
		{ "X30c", "/proc/timer_list" }, { "X30d", "/sys/kernel/debug/sched" }, { "X30e", "/sys/firmware/acpi" },
	};

	for (size_t i = 0; i < sizeof written / sizeof *written; i++)
		tell(written[i].id, can_open(written[i].path, O_WRONLY), written[i].path);
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		tell(shown[i].id, can_read(shown[i].path), shown[i].path);
	tell("X40", klogctl(3, (char[64]){ 0 }, 64) >= 0, "syslog");
}

static void system_calls(void)
{
	struct { unsigned bytes; int type; unsigned char handle[8]; } h = { 8, 1, { 2 } };
	struct timeval now;
	char attr[128] = { 0 };

	tell("X34", syscall(SYS_open_by_handle_at, open("/", O_RDONLY), &h, O_RDONLY) >= 0 || errno != EPERM, "Shocker");
	gettimeofday(&now, NULL); /* harmless where it works */
	tell("X37", settimeofday(&now, NULL) == 0, "set the time");
	tell("X38", syscall(SYS_init_module, "", 0, "") == 0 || errno == ENOEXEC, "load a module");
	tell("X39", syscall(SYS_bpf, 5 /* PROG_LOAD */, attr, sizeof attr) >= 0, "bpf");
	tell("X41", swapon("/tmp/none", 0) == 0 || errno == ENOENT, "swapon");
	tell("X42", syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0, "kexec");
#ifdef SYS_iopl
	tell("X43", syscall(SYS_iopl, 3) == 0, "iopl");
#endif
	tell("X44", syscall(SYS_request_key, "user", "cr-probe", NULL, 0) >= 0, "a key of the host's session");
}

static void network(const char *name, int port)
{
	struct sockaddr_in loopback = { AF_INET, htons((uint16_t)port), { htonl(INADDR_LOOPBACK) }, { 0 } };
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len;
	struct sockaddr_un a = abstract(name, &len);

	tell("X46", connect(local, (struct sockaddr *)&a, len) == 0, "an abstract socket of the host");
	tell("X47", connect(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0, "a port on loopback");
	ioctl(fd, SIOCGIFFLAGS, &lo);
	tell("X48", ioctl(fd, SIOCSIFFLAGS, &lo) == 0, "set an interface's flags");
	close(fd);
	close(local);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	tell("X49", fd >= 0, "a packet socket");
	if (fd >= 0)
		close(fd);
}

static void terminal(void)
{
	int fd = isatty(0) ? 0 : open("/dev/tty", O_RDWR | O_NOCTTY);

	tell("X50", fd >= 0 && (ioctl(fd, TIOCSTI, "#") == 0 || ioctl(fd, TIOCLINUX, (char[]){ 3 }) == 0), "type for the caller");
}

static void host_name(void)
{
	char name[] = "escaped";

	sethostname(name, sizeof name - 1); /* its own, at most; the test looks at the host's */
}

static void nested(void)
{
	bool open = unshare(CLONE_NEWUSER) == 0;

	tell("X45", open, "a nested user namespace");
	if (!open || unshare(CLONE_NEWNS) == -1)
		return;
	prefix = "nested-";
	tell("X20", mount("x", "/tmp/m", "proc", 0, NULL) == 0, "mount a proc");
	tell("X22", mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0, "remount /proc/sys");
	tell("X23", umount2("/proc/sys", MNT_DETACH) == 0 || umount2("/proc/kcore", MNT_DETACH) == 0, "unmount masks");
	prefix = "";
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "host") == 0)
		return be_host(argv[2]);
	if (argc != 10)
		return 2;
	namespaces(argv + 5);
	files(argv[1]);
	processes(atoi(argv[3]));
	host_path_of_init(argv[1]);
	leave_root(argv[1]);
	privileges();
	devices();
	mounts();
	kernel_files();
	system_calls();
	network(argv[2], atoi(argv[4]));
	terminal();
	host_name();
	nested();
	return 0;
}
