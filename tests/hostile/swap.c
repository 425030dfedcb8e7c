/*
 * swap - exchanges two names over and over while a program runs, and puts them back
 *
 *	swap COUNT A B PROGRAM [ARGUMENT]...
 *
 * Exits as the program does, and writes to the file COUNT how often the two changed places while it ran.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MAX 60000 /* ns between two swaps */

static int exchange(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

/* Not asleep: that would take as long as all the program does. */
static void idle(long ns)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec < ns);
}

int main(int argc, char **argv)
{
	long swaps = 0;
	int status = 0, running = 1;
	FILE *count;
	pid_t pid;

	if (argc < 5)
		return 125;
	srand((unsigned)getpid());
	pid = fork();
	if (pid == 0) {
		execvp(argv[4], argv + 4);
		perror(argv[4]);
		_exit(127);
	}
	while (running) {
		if (exchange(argv[2], argv[3]) == 0)
			swaps++;
		idle(rand() % PAUSE_MAX);
		running = waitpid(pid, &status, WNOHANG) == 0;
	}
	if (swaps % 2 && exchange(argv[2], argv[3]) == -1)
		perror("swap back");
	count = fopen(argv[1], "w");
	if (!count || fprintf(count, "%ld\n", swaps) < 0 || fclose(count) == EOF)
		perror(argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
