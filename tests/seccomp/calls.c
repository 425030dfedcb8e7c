/*
 * calls - makes system calls, and says what came of them: a number, or the name of an error
 *
 *	calls NAME [NUMBER]...		one call by its number for this machine, which NAME stands for below
 *	calls threads			a thread that adds up
 *
 * The names with "32:" go through the 32-bit entry of x86, those with "x32:" are x32's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "unshare", SYS_unshare }, { "setns", SYS_setns }, { "mount", SYS_mount }, { "keyctl", SYS_keyctl }, { "bpf", SYS_bpf },
	{ "personality", SYS_personality }, { "clone3", 435 }, { "getpid", SYS_getpid }, { "ioctl", SYS_ioctl },
	{ "socket", SYS_socket }, { "newer", 480 }, { "getpriority", SYS_getpriority }, { "clone", SYS_clone },
	{ "perf_event_open", SYS_perf_event_open }, { "io_uring_setup", 425 }, { "open_by_handle_at", SYS_open_by_handle_at },
	{ "chroot", SYS_chroot }, { "userfaultfd", SYS_userfaultfd }, { "sethostname", SYS_sethostname },
#ifdef __x86_64__
	{ "32:getpid", 20 }, { "32:unshare", 310 }, { "32:mount", 21 }, { "32:personality", 136 }, { "32:clone3", 435 },
	{ "32:keyctl", 288 }, { "32:newer", 480 }, { "32:getpriority", 96 },
	{ "x32:getpid", 0x40000000 | 39 }, { "x32:unshare", 0x40000000 | 272 },
#endif
};

static long call(const char *name, long number, const long *a)
{
#ifdef __x86_64__
	if (strncmp(name, "32:", 3) == 0) {
		long result;

		__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
				 : "memory", "r8", "r9", "r10", "r11");
		result = (int)result;
		if (result < 0 && result > -4096) {
			errno = (int)-result;
			return -1;
		}
		return result;
	}
#endif
	return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void *add(void *sum)
{
	*(int *)sum += 40;
	return NULL;
}

static int threads(void)
{
	pthread_t thread;
	int sum = 2;

	if (pthread_create(&thread, NULL, add, &sum) != 0 || pthread_join(thread, NULL) != 0)
		return 1;
	return printf("%d\n", sum) < 0;
}

int main(int argc, char **argv)
{
	long args[6] = { 0 }, result;
	size_t i = 0;

	if (argc > 1 && strcmp(argv[1], "threads") == 0)
		return threads();
	while (argc > 1 && i < sizeof calls / sizeof *calls && strcmp(calls[i].name, argv[1]) != 0)
		i++;
	if (argc < 2 || argc > 8 || i == sizeof calls / sizeof *calls)
		return 2;
	for (int n = 2; n < argc; n++)
		args[n - 2] = (long)strtoull(argv[n], NULL, 0);
	result = call(argv[1], calls[i].number, args);
	if (result == -1)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("%ld\n", result);
	return 0;
}
