#include "sandbox_inside.h"

#include "io.h"
#include "sandbox_mount.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define REPORT_FD 3 /* the supervisor's end of us; the command has it too, until it executes */

/* What process 1, or who joined it, has made ready for the command. */
struct inside {
	const struct sandbox *s;
	int terminal;	       /* the command's end, or -1 */
	int last;	       /* the highest descriptor that the command keeps until it executes */
	struct user user;
	struct rlimit files;   /* as the caller had it: mounting many layers needs more */
};

static int set_up_terminal(struct inside *in, int root, struct err *e)
{
	cleanup_fd int master = sandbox_open_terminal(in->s, root, in->user.uid, &in->terminal, e);

	if (master == -1 || (!in->s->join && sandbox_put_console(root, in->terminal, e) == -1))
		return -1;
	return sandbox_send(REPORT_FD, SANDBOX_EVENT_TERMINAL, (int[]){ master, in->terminal }, 2, e);
}

/* In a container that somebody else has set up. */
static int set_up_joined(struct inside *in, struct err *e)
{
	const struct sandbox *s = in->s;
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root == -1)
		return err_errno(e, errno, "/");
	if (sandbox_find_user(s, root, &in->user, e) == -1)
		return -1;
	return s->terminal ? set_up_terminal(in, root, e) : 0;
}

static int set_up_container(struct inside *in, struct err *e)
{
	const struct sandbox *s = in->s;
	cleanup_fd int root = sandbox_mount_root(s, e);

	if (root == -1)
		return err_context(e, "root filesystem");
	/* Before /proc and /dev are there: no file of the image can be one of theirs. */
	if (sandbox_find_user(s, root, &in->user, e) == -1 || sandbox_mount_all(s, root, e) == -1)
		return -1;
	if (sandbox_make_cwd(s, root, e) == -1)
		return -1;
	if (s->terminal && set_up_terminal(in, root, e) == -1)
		return -1;
	if (s->readonly_root && mount_attributes(root, MOUNT_ATTR_RDONLY, 0, false, e) == -1)
		return err_context(e, "read-only root");
	if (sandbox_set_kernel(s, e) == -1 || sandbox_pivot(root, e) == -1)
		return -1;
	if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) == -1)
		return err_errno(e, errno, "host name %s", s->hostname);
	return 0;
}

static int set_up(struct inside *in, struct err *e)
{
	if (sandbox_harden(e) == -1)
		return -1;
	sandbox_forget_arguments();
	if (getrlimit(RLIMIT_NOFILE, &in->files) == -1)
		return err_errno(e, errno, "limit of open files");
	umask(0);
	if (in->s->joinable && sandbox_send_namespaces(REPORT_FD, e) == -1)
		return -1;
	if ((in->s->join ? set_up_joined(in, e) : set_up_container(in, e)) == -1)
		return -1;
	return sandbox_use_own_devices(e);
}

/* Standard descriptors on the terminal, and it in control of the session. */
static int take_terminal(int terminal, struct err *e)
{
	if (ioctl(terminal, TIOCSCTTY, 0) == -1)
		return err_errno(e, errno, "controlling terminal");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(terminal, fd) == -1)
			return err_errno(e, errno, "terminal");
	return 0;
}

static int become_command(const struct inside *in, struct err *e)
{
	/* A session of its own: the caller's terminal takes no input from it (CVE-2017-5226). */
	if (setsid() == -1)
		return err_errno(e, errno, "new session");
	if (in->terminal != -1 && take_terminal(in->terminal, e) == -1)
		return -1;
	sandbox_close_from(in->last + 1);
	umask(in->s->umask);
	if (setrlimit(RLIMIT_NOFILE, &in->files) == -1)
		return err_errno(e, errno, "limit of open files");
	if (sandbox_limit(in->s, e) == -1 || sandbox_drop_privileges(in->s, &in->user, e) == -1)
		return -1;
	/* Process 1 would take it along when it dies; else its parent is somebody whose end it would not notice. */
	if ((in->s->no_init || in->s->join) && sandbox_harden(e) == -1)
		return -1;
	if (sandbox_enter_cwd(in->s, e) == -1)
		return -1;
	if (sandbox_send(REPORT_FD, SANDBOX_EVENT_STARTED, NULL, 0, e) == -1)
		return -1;
	sandbox_default_signals();
	return sandbox_execute(in->s, &in->user, e);
}

static _Noreturn void command(const struct inside *in)
{
	struct err e = ERR_INIT;
	int status = become_command(in, &e);

	sandbox_fail(REPORT_FD, status == -1 ? SANDBOX_FAILED : status, &e);
}

/* Reaps whoever has ended. Exits with the command's status when it was the command. */
static void reap(pid_t command_pid)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command_pid)
			_exit(sandbox_exit_status(status));
}

static _Noreturn void watch(pid_t pid, int signals)
{
	struct pollfd fds[] = { { signals, POLLIN, 0 }, { REPORT_FD, 0, 0 } };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			_exit(SANDBOX_FAILED);
		if (fds[1].revents) /* the supervisor is gone: so are we, and with us all that is in the namespace */
			_exit(SANDBOX_FAILED);
		if (!(fds[0].revents & POLLIN) || read(signals, &info, sizeof info) != sizeof info)
			continue;
		if (info.ssi_signo == SIGCHLD)
			reap(pid);
		else
			sandbox_pass_on(pid, (int)info.ssi_signo);
	}
}

void sandbox_be_init(const struct sandbox *s, int report, int exec)
{
	struct inside in = { .s = s, .terminal = -1, .last = exec == -1 ? REPORT_FD : SANDBOX_EXEC_FD };
	struct err e = ERR_INIT;
	sigset_t set;
	int signals;
	pid_t pid;

	if ((s->join && sandbox_enter(s, &e) == -1) || sandbox_finish_seal(&e) == -1)
		sandbox_fail(report, SANDBOX_FAILED, &e);
	/* Nothing of the caller's but the standard descriptors goes any further (CVE-2024-21626). */
	if (dup3(report, REPORT_FD, O_CLOEXEC) == -1 && errno != EINVAL) /* EINVAL: there already, with O_CLOEXEC */
		_exit(SANDBOX_FAILED);
	if (exec != -1 && dup3(exec, SANDBOX_EXEC_FD, O_CLOEXEC) == -1 && errno != EINVAL)
		_exit(SANDBOX_FAILED);
	sandbox_close_from(in.last + 1);
	if (set_up(&in, &e) == -1)
		sandbox_fail(REPORT_FD, SANDBOX_FAILED, &e);
	if (s->no_init && !s->join)
		command(&in);
	signals_passed_on(&set); /* blocked already, by the supervisor */
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	pid = signals == -1 ? -1 : fork();
	if (pid == -1) {
		err_errno(&e, errno, "new process");
		sandbox_fail(REPORT_FD, SANDBOX_FAILED, &e);
	}
	if (pid == 0)
		command(&in);
	if (exec != -1)
		close(SANDBOX_EXEC_FD);
	io_put_null(STDIN_FILENO, STDERR_FILENO); /* a pipe ends when the command is done with it, and not before */
	io_cleanup_fd(&in.terminal);
	watch(pid, signals);
}
