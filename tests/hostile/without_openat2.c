/*
 * without_openat2 - runs a program as a kernel without openat2(2) would: the call fails with ENOSYS
 *
 *	without_openat2 [--kill] PROGRAM [ARGUMENT]...
 *
 * With --kill the call ends whoever makes it (SIGSYS) instead: that shows that it is made at all. As root the program
 * may still have setuid helpers; as another user it may not, for the kernel would have no filter else.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int filter(unsigned answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
	if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	unsigned answer = SECCOMP_RET_ERRNO | ENOSYS;

	if (argc > 1 && strcmp(argv[1], "--kill") == 0) {
		answer = SECCOMP_RET_KILL_PROCESS;
		argv++;
		argc--;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: without_openat2 [--kill] PROGRAM [ARGUMENT]...\n");
		return 125;
	}
	if (filter(answer) == -1) {
		perror("without_openat2");
		return 125;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
