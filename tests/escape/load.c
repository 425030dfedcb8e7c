/*
 * load - uses up what a container can have of something, and says how much it got
 *
 *	load processes MAX	starts that many at most, which wait for ever; prints how many there are, and waits too
 *	load bomb		processes that start processes, and end, for ever: only where their number is limited
 *	load descriptors MAX	opens that many at most, having raised the limit as far as it goes; prints how many
 *	load file PATH MAX	writes that many MiB at most; prints how many
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static long processes(long max)
{
	long n = 0;

	for (; n < max; n++) {
		pid_t pid = fork();

		if (pid == -1)
			break;
		while (pid == 0)
			pause();
	}
	return n;
}

static void bomb(void)
{
	signal(SIGCHLD, SIG_IGN);
	printf("0\n");
	fflush(stdout);
	for (;;)
		if (fork() == 0 && rand() % 4 == 0)
			_exit(0);
}

static long descriptors(long max)
{
	struct rlimit limit;
	long n = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)max, (rlim_t)max });
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ limit.rlim_max, limit.rlim_max });
	while (n < max && open("/dev/null", O_RDONLY) >= 0)
		n++;
	return n;
}

static long file(const char *path, long max)
{
	static char data[1 << 20];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	long n = 0;

	memset(data, 'x', sizeof data);
	while (n < max && write(fd, data, sizeof data) == sizeof data)
		n++;
	return n;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 3 && strcmp(what, "processes") == 0)
		printf("%ld\n", processes(atol(argv[2])));
	else if (argc == 2 && strcmp(what, "bomb") == 0)
		bomb();
	else if (argc == 3 && strcmp(what, "descriptors") == 0)
		printf("%ld\n", descriptors(atol(argv[2])));
	else if (argc == 4 && strcmp(what, "file") == 0)
		printf("%ld\n", file(argv[2], atol(argv[3])));
	else
		return 2;
	fflush(stdout);
	if (strcmp(what, "processes") == 0)
		pause();
	return 0;
}
