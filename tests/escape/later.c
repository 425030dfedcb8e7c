/*
 * later - runs a program, and sends it a signal at some moment
 *
 *	later kill|stop MICROSECONDS PROGRAM [ARGUMENT]...
 *
 * At random, in that time. "stop": it is continued 10 ms afterwards. Exits as the program does.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void rest(long us)
{
	nanosleep(&(struct timespec){ us / 1000000, us % 1000000 * 1000 }, NULL);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 4)
		return 125;
	srand((unsigned)getpid() ^ (unsigned)time(NULL));
	pid = fork();
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(127);
	}
	rest(rand() % atol(argv[2]));
	if (strcmp(argv[1], "kill") == 0) {
		kill(pid, SIGKILL);
	} else {
		kill(pid, SIGSTOP);
		rest(10000);
		kill(pid, SIGCONT);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
