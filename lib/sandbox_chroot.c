#include "sandbox_process.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define REPORT_FD 3 /* in the child, until it executes */

static int check(const struct sandbox *s, struct err *e)
{
	if (s->lower_count > 0)
		return err_set(e, ERR_USAGE, "an overlay bundle cannot run with --isolation=chroot: make it with -m copy");
	if (s->terminal)
		return err_set(e, ERR_USAGE, "no terminal of its own with --isolation=chroot");
	if (s->readonly_root)
		return err_set(e, ERR_USAGE, "no read-only root with --isolation=chroot");
	return 0;
}

static int enter(const struct sandbox *s, struct err *e)
{
	cleanup_fd int root = open(s->rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct user user;

	if (root == -1)
		return err_errno(e, errno, "%s", s->rootfs);
	if (sandbox_find_user(s, root, &user, e) == -1 || sandbox_make_cwd(s, root, e) == -1)
		return -1;
	if (fchdir(root) == -1 || chroot(".") == -1)
		return err_errno(e, errno, "chroot to %s", s->rootfs);
	io_cleanup_fd(&root);
	umask(s->umask);
	if (sandbox_limit(s, e) == -1 || sandbox_become(s, &user, e) == -1 || sandbox_enter_cwd(s, e) == -1)
		return -1;
	sandbox_default_signals();
	return sandbox_execute(s, &user, e);
}

static _Noreturn void child(const struct sandbox *s, int report)
{
	struct err e = ERR_INIT;
	int status;

	setsid();
	if (report != REPORT_FD && dup2(report, REPORT_FD) == -1)
		_exit(SANDBOX_FAILED);
	fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
	sandbox_close_from(REPORT_FD + 1);
	status = enter(s, &e);
	sandbox_fail(REPORT_FD, status == -1 ? SANDBOX_FAILED : status, &e);
}

/* Passes every signal on until the child has ended. */
static int wait_for(pid_t pid, const sigset_t *signals)
{
	int sig, status;

	for (;;) {
		if (sigwait(signals, &sig) != 0)
			continue;
		if (sig != SIGCHLD)
			kill(pid, sig);
		else if (waitpid(pid, &status, WNOHANG) == pid)
			return sandbox_exit_status(status);
	}
}

static void signals_to_pass_on(sigset_t *set)
{
	sigfillset(set);
	sigdelset(set, SIGKILL);
	sigdelset(set, SIGSTOP);
	sigdelset(set, SIGTSTP);
	sigdelset(set, SIGTTIN);
	sigdelset(set, SIGTTOU);
	sigdelset(set, SIGSEGV);
	sigdelset(set, SIGBUS);
	sigdelset(set, SIGILL);
	sigdelset(set, SIGFPE);
}

static int supervise(const struct sandbox *s, int from, int to, const sigset_t *signals, struct err *e)
{
	cleanup_fd int report = to;
	struct sandbox_message m;
	pid_t pid = userns_fork(&s->userns, 0, e);

	if (pid == -1)
		return SANDBOX_FAILED;
	if (pid == 0)
		child(s, report);
	io_cleanup_fd(&report);
	/* The end of the file: it executes. */
	if (io_read_full(from, &m, sizeof m) == sizeof m) {
		waitpid(pid, NULL, 0);
		*e = m.err;
		return m.status;
	}
	if (s->started)
		s->started(s->ctx, pid, pid);
	return wait_for(pid, signals);
}

int sandbox_run_chroot(const struct sandbox *s, struct err *e)
{
	sigset_t signals, before;
	int ends[2], status;

	if (check(s, e) == -1)
		return SANDBOX_FAILED;
	if (pipe(ends) == -1) {
		err_errno(e, errno, "pipe");
		return SANDBOX_FAILED;
	}
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may leave it, there would be nothing to wait for */
	signals_to_pass_on(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	status = supervise(s, ends[0], ends[1], &signals, e);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	return status;
}
