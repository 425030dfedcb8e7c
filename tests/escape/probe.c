/*
 * probe - tries to get out of a container, a way at a time
 *
 *	probe host NAME		something to get at: the abstract socket NAME, a port of loopback, shared memory; prints what the
 *				probe inside has to know, as KEY=VALUE..., and waits to be killed
 *	probe caller KEY CMD...	runs CMD with KEY in its session keyring and in its user's
 *	probe who		fails if it runs as another than who runs it: to be made setuid
 *	probe canary=FILE KEY=VALUE...
 *				inside; FILE is one of the host; terminal=own: descriptor 0 is the container's terminal
 *
 * Not for the host itself: it tries what it says. A line for each try: its number in the list of threats, SAFE, OPEN or NA, and what was
 * tried, or why there was nothing to try. Static, and of nothing but the C library: any image will do.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 300 /* that the host's part lasts, if nobody ends it */

static const char *prefix = "";
static char **said;

void tell_as(const char *word)
{
	prefix = word;
}

void tell(const char *id, bool open, const char *what)
{
	printf("%s%s %s %s\n", prefix, id, open ? "OPEN" : "SAFE", what);
	fflush(stdout);
}

void not_applicable(const char *id, const char *why)
{
	printf("%s%s NA %s\n", prefix, id, why);
	fflush(stdout);
}

const char *host(const char *key)
{
	size_t len = strlen(key);

	for (char **p = said; *p; p++)
		if (strncmp(*p, key, len) == 0 && (*p)[len] == '=')
			return *p + len + 1;
	return "";
}

long host_number(const char *key)
{
	return strtol(host(key), NULL, 10);
}

bool host_has(const char *id)
{
	char word[16];

	snprintf(word, sizeof word, ",%s,", id);
	return strstr(host("has"), word) != NULL;
}

bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool can_read(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool got = fd >= 0 && read(fd, &byte, 1) == 1;

	if (fd >= 0)
		close(fd);
	return got;
}

int apart(int (*try)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try());
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static int listen_on(int family, struct sockaddr *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd >= 0 && bind(fd, address, len) == 0 && listen(fd, 8) == 0 ? fd : -1;
}

static void print_namespaces(void)
{
	static const char *const kinds[] = { "mnt", "pid", "uts", "ipc", "user" };
	char path[64], here[64];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		ssize_t n;

		snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
		n = readlink(path, here, sizeof here - 1);
		here[n > 0 ? n : 0] = '\0';
		printf(" %s=%s", kinds[i], here);
	}
}

/* What is not there on the host either proves nothing by being away inside. */
static void print_kernel_files(void)
{
	printf(" has=,");
	for (int i = 0; i < kernel_file_count; i++)
		if (access(kernel_files[i].path, F_OK) == 0)
			printf("%s,", kernel_files[i].id);
}

static int be_host(const char *name)
{
	struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	socklen_t len = sizeof loopback;
	int tcp = listen_on(AF_INET, (struct sockaddr *)&loopback, len), key = 0x63720000 + getpid() % 0xffff;
	int shared = shmget(key, 4096, IPC_CREAT | 0666);

	strncpy(local.sun_path + 1, name, sizeof local.sun_path - 2);
	if (tcp == -1 || shared == -1 ||
	    listen_on(AF_UNIX, (struct sockaddr *)&local, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == -1)
		return 1;
	shmat(shared, NULL, 0);
	shmctl(shared, IPC_RMID, NULL); /* Linux: it can be found until we are gone */
	getsockname(tcp, (struct sockaddr *)&loopback, &len);
	printf("socket=%s process=%d port=%d shm=%d", name, getpid(), ntohs(loopback.sin_port), shared);
	print_namespaces();
	print_kernel_files();
	printf("\n");
	fflush(stdout);
	fclose(stdout);
	alarm(SECONDS);
	pause();
	return 0;
}

static void add_key(const char *name, int keyring)
{
	long key = syscall(SYS_add_key, "user", name, "secret", 6, keyring);

	if (key == -1)
		perror("probe: add_key");
	syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f3f3f); /* all may do all: what hides it is that it is not found */
	syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, SECONDS);
}

static int be_caller(const char *name, char **command)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) == -1)
		perror("probe: session keyring");
	add_key(name, KEY_SPEC_SESSION_KEYRING);
	add_key(name, KEY_SPEC_USER_KEYRING);
	execvp(command[0], command);
	perror(command[0]);
	return 125;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "host") == 0)
		return be_host(argv[2]);
	if (argc == 2 && strcmp(argv[1], "who") == 0)
		return getuid() != geteuid() || getgid() != getegid();
	if (argc > 3 && strcmp(argv[1], "caller") == 0)
		return be_caller(argv[2], argv + 3);
	said = argv + 1;
	if (argc < 2 || *host("canary") != '/')
		return 2;
	try_namespaces();
	try_processes();
	try_files();
	try_devices();
	try_mounts();
	try_privileges();
	try_kernel_files();
	try_system_calls();
	try_keys();
	try_network();
	try_terminal();
	try_nested();
	return 0;
}
