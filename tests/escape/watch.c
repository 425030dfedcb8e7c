/*
 * watch - waits inside a container for whoever joins it, and tries to get hold of him before he has executed his command (CVE-2016-9962, CVE-2019-5736)
 *
 *	watch SECONDS COMM	COMM: what the processes that join are called once they are harmless
 *
 * For every other process, over and over: its program, memory, environment, descriptors, root; and to trace it. Prints a line for each thing that was got of
 * a process whose program is neither ours nor that of COMM, and at last how often it looked at such a one.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char own[4096];
static long looks;

static void got(int pid, const char *what, const char *detail)
{
	printf("OPEN %d %s %s\n", pid, what, detail);
	fflush(stdout);
}

static bool read_comm(int pid, char comm[64])
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY);
	n = fd >= 0 ? read(fd, comm, 63) : -1;
	if (fd >= 0)
		close(fd);
	comm[n > 0 ? n : 0] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	return n > 0;
}

/* Whether it has executed its command by now: then its program can be named. It lives for a while, and is given some of that. */
static bool is_harmless(int pid)
{
	char path[64], link[4096] = "";

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	for (int i = 0; i < 20; i++) {
		if (readlink(path, link, sizeof link - 1) > 0)
			return strncmp(link, "/bin/", 5) == 0 || strcmp(link, own) == 0;
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	return false;
}

/* What was got may have been got just after it became harmless: what counts is whether it was before. */
static void look(int pid)
{
	static const char *const files[] = { "exe", "mem", "environ", "maps", "fd/0", "root/", "cwd/", "auxv", "stack", "syscall" };
	char path[64], link[4096] = "", byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x400000, 1 };

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	if (readlink(path, link, sizeof link - 1) > 0) {
		if (!is_harmless(pid))
			got(pid, "name of its program", link);
		return;
	}
	looks++;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		int fd;

		snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_NONBLOCK);
		if (fd < 0)
			continue;
		if ((read(fd, &byte, 1) == 1 || strchr(files[i], '/')) && !is_harmless(pid))
			got(pid, "opened", files[i]);
		close(fd);
	}
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) > 0 && !is_harmless(pid))
		got(pid, "memory", "");
}

static void look_at_all(const char *harmless)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	char comm[64];

	while (proc && (d = readdir(proc))) {
		int pid = atoi(d->d_name);

		if (pid <= 1 || pid == getpid() || !read_comm(pid, comm) || strcmp(comm, harmless) == 0 || strcmp(comm, "watch") == 0)
			continue;
		look(pid);
	}
	if (proc)
		closedir(proc);
}

int main(int argc, char **argv)
{
	time_t until;

	if (argc != 3)
		return 2;
	until = time(NULL) + atol(argv[1]);
	(void)!readlink("/proc/self/exe", own, sizeof own - 1);
	printf("up\n");
	fflush(stdout);
	while (time(NULL) < until)
		look_at_all(argv[2]);
	printf("looks %ld\n", looks);
	return 0;
}
