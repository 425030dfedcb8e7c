/* probe_process - the namespaces, the processes of others, and process 1 */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

void try_namespaces(void)
{
	static const struct {
		const char *id, *kind;
	} ns[] = { { "X01", "mnt" }, { "X02", "pid" }, { "X03", "uts" }, { "X04", "ipc" }, { "X05", "user" } };
	char path[64], here[64], name[] = "escaped";
	bool same;

	for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
		snprintf(path, sizeof path, "/proc/self/ns/%s", ns[i].kind);
		memset(here, 0, sizeof here);
		same = readlink(path, here, sizeof here - 1) <= 0 || strcmp(here, host(ns[i].kind)) == 0;
		tell(ns[i].id, same, ns[i].kind);
		if (strcmp(ns[i].kind, "uts") == 0) /* its own name, at most; the test looks at the host's, too */
			tell("X36", sethostname(name, sizeof name - 1) == 0 && same, "set the host's name");
	}
	/* By its number: all may read it. */
	tell("X04", shmat((int)host_number("shm"), NULL, SHM_RDONLY) != (void *)-1, "shared memory of the host");
}

/* Whether a number in /proc is anybody's but process 1's, our own or our parent's, or the container's, where we came later: of those, `known`. */
static bool sees_others(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	bool others = false, any = false;

	while (proc && (d = readdir(proc))) {
		long pid = strtol(d->d_name, NULL, 10);

		any = any || pid;
		others = others || (pid > 1 && pid > host_number("known") && pid != getpid() && pid != getppid());
	}
	if (proc)
		closedir(proc);
	return others || !any;
}

static bool can_trace(pid_t pid)
{
	if (ptrace(PTRACE_ATTACH, pid, 0, 0) == -1)
		return false;
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return true;
}

static bool names_host_path(const char *file)
{
	const char *canary = host("canary");
	size_t top = (size_t)(strrchr(canary, '/') - canary);
	char text[4096];
	int fd = open(file, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(text, (size_t)n, canary, top);
}

/* Whether a link in a directory of /proc can be read or followed. */
static bool leads_anywhere(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char target[4096];
	bool leads = false;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			leads = leads || readlinkat(dirfd(dir), d->d_name, target, sizeof target) > 0 ||
				openat(dirfd(dir), d->d_name, O_PATH) >= 0;
	if (dir)
		closedir(dir);
	return leads;
}

static void try_init(void)
{
	char path[4096];

	if (getpid() == 1) {
		not_applicable("X33", "process 1 is ourselves");
		not_applicable("X53", "process 1 is ourselves");
		not_applicable("X55", "process 1 is ourselves");
		return;
	}
	tell("X33", can_trace(1), "trace process 1");
	tell("X53", can_open("/proc/1/exe", O_WRONLY), "open the runtime for writing");
	tell("X53", can_open("/proc/1/exe", O_RDONLY) || can_open("/proc/1/exe", O_PATH), "open the runtime");
	tell("X53", readlink("/proc/1/exe", path, sizeof path) > 0, "name of the runtime");
	tell("X53", leads_anywhere("/proc/1/fd"), "descriptors of process 1");
	tell("X53", leads_anywhere("/proc/1/map_files"), "mapped files of process 1");
	tell("X53", leads_anywhere("/proc/1/task/1/fd"), "descriptors of its thread");
	tell("X55", can_read("/proc/1/environ"), "environment of process 1");
	tell("X55", can_open("/proc/1/mem", O_RDWR) || can_open("/proc/1/mem", O_RDONLY), "memory of process 1");
}

void try_processes(void)
{
	struct iovec here = { (char[8]){ 0 }, 8 }, there = { (void *)0x1000, 8 };
	pid_t pid = (pid_t)host_number("process");

	tell("X06", sees_others(), "processes of others in /proc");
	tell("X32", kill(pid, 0) == 0 || errno != ESRCH, "kill a process of the host");
	tell("X32", kill(-pid, 0) == 0 || errno != ESRCH, "kill a group of the host");
	tell("X33", process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno != ESRCH, "read its memory");
	tell("X33", can_trace(pid), "trace it");
	try_init();
	tell("X54", names_host_path("/proc/1/cmdline"), "paths of the host in /proc/1/cmdline");
}
