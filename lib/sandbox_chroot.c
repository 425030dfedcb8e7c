#include "sandbox_process.h"

#include "io.h"
#include "sandbox_output.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
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
	struct pollfd reader = { REPORT_FD, 0, 0 };
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
	sandbox_die_with_parent();
	if (poll(&reader, 1, 0) == 1 && reader.revents & POLLERR) /* it has died before that */
		_exit(SANDBOX_FAILED);
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

/* Passes the signal on. True when it says that the child has ended. */
static bool handle_signal(pid_t pid, int sig, int *status)
{
	siginfo_t ended = { 0 };

	if (sig != SIGCHLD) {
		sandbox_pass_on(pid, sig);
		return false;
	}
	if (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) == -1 || ended.si_pid != pid)
		return false;
	kill(-pid, SIGKILL); /* its group, as long as the number is its own: what a process namespace would take along */
	return waitpid(pid, status, 0) == pid;
}

/* Passes every signal on until the child has ended. */
static int wait_for(pid_t pid, const sigset_t *signals)
{
	int sig, status;

	for (;;)
		if (sigwait(signals, &sig) == 0 && handle_signal(pid, sig, &status))
			return sandbox_exit_status(status);
}

static volatile sig_atomic_t arrived[NSIG]; /* signals that have not been looked at yet */

static void note_signal(int sig)
{
	arrived[sig] = 1;
}

/* Waits until there is output, or a signal comes. */
static void wait_for_either(const struct output *o)
{
	sigset_t none;
	fd_set fds;
	int last = -1;

	FD_ZERO(&fds);
	for (int i = 0; i < 2; i++) {
		if (o->from[i] != -1)
			FD_SET(o->from[i], &fds);
		last = o->from[i] > last ? o->from[i] : last;
	}
	sigemptyset(&none);
	pselect(last + 1, &fds, NULL, NULL, NULL, &none);
}

/* The same, and hands on what the child writes. */
static int wait_and_move(const struct sandbox *s, struct output *o, pid_t pid, const sigset_t *signals)
{
	struct sigaction action = { .sa_handler = note_signal };
	int status;

	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(signals, sig) == 1)
			sigaction(sig, &action, NULL);
	for (;;) {
		wait_for_either(o);
		for (int which = 1; which <= 2; which++)
			output_move(o, s, which);
		for (int sig = 1; sig < NSIG; sig++) {
			if (!arrived[sig])
				continue;
			arrived[sig] = 0;
			if (handle_signal(pid, sig, &status))
				return sandbox_exit_status(status);
		}
	}
}

static int supervise(const struct sandbox *s, struct output *o, int from, int to, const sigset_t *signals, struct err *e)
{
	cleanup_fd int report = to;
	struct sandbox_message m;
	pid_t pid = output_open(o, s, e) == -1 ? -1 : userns_fork(&s->userns, 0, e);

	if (pid == -1)
		return SANDBOX_FAILED;
	if (pid == 0) {
		output_take(o);
		child(s, report);
	}
	output_start(o);
	io_cleanup_fd(&report);
	/* The end of the file: it executes. */
	if (io_read_full(from, &m, sizeof m) == sizeof m) {
		waitpid(pid, NULL, 0);
		*e = m.err;
		return m.status;
	}
	if (s->started)
		s->started(s->ctx, pid, pid);
	if (s->executed)
		s->executed(s->ctx);
	return s->output ? wait_and_move(s, o, pid, signals) : wait_for(pid, signals);
}

int sandbox_run_chroot(const struct sandbox *s, struct err *e)
{
	struct output output = OUTPUT_INIT;
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
	signals_passed_on(&signals);
	if (!s->output) /* in the background there is no terminal at which we could be stopped instead */
		sigdelset(&signals, SIGTSTP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	status = supervise(s, &output, ends[0], ends[1], &signals, e);
	output_end(&output, s);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	return status;
}
