#include "sandbox_inside.h"

#include "io.h"
#include "overlay.h"
#include "sandbox_output.h"
#include "sandbox_stdio.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PATIENCE 1000 /* milliseconds */

const enum sandbox_isolation sandbox_isolation_default = SANDBOX_NAMESPACES;

/* The supervisor's view of a run. */
struct run {
	const struct sandbox *s;
	pid_t init;	/* process 1 of the container, or our man who joins one */
	int socket;	/* messages from inside; -1: ended */
	int signals;	/* signalfd */
	int executing;	/* ends when the command executes; -1: it does, or nobody wants to know */
	int claim;	/* on the overlay; -1: there is none */
	struct output output;
	struct terminal terminal;
	struct sandbox_namespaces namespaces; /* held for those who want to join */
	bool started;	/* the command was about to execute */
	bool told;	/* a signal that asks for the end was passed on */
	bool failed;	/* err and status say why it did not run */
	int status;
	struct err err;
};

void sandbox_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Descriptors come with the messages that are about them, and with no others. */
static void take_descriptors(struct run *r, struct sandbox_received *m)
{
	if (m->message.event == SANDBOX_EVENT_TERMINAL && m->count == 2 && r->terminal.master == -1) {
		terminal_start(&r->terminal, m->fds[0], m->fds[1], r->s);
		m->count = 0;
	}
	if (m->message.event == SANDBOX_EVENT_NAMESPACES && m->count == SANDBOX_NAMESPACES && r->namespaces.fd[0] == -1)
		while (m->count > 0) {
			m->count--;
			r->namespaces.fd[m->count] = m->fds[m->count];
		}
	while (m->count > 0)
		close(m->fds[--m->count]);
}

static void handle_messages(struct run *r)
{
	struct sandbox_received m;

	while (r->socket != -1 && sandbox_receive(r->socket, &m)) {
		if (m.message.event == SANDBOX_EVENT_FAILED) {
			r->failed = true;
			r->status = m.message.status;
			r->err = m.message.err;
		}
		if (m.message.event == SANDBOX_EVENT_STARTED) {
			r->started = true;
			if (!r->s->terminal)
				io_put_null(STDIN_FILENO, STDOUT_FILENO); /* what is there to say yet is said on descriptor 2 */
			if (r->s->started)
				r->s->started(r->s->ctx, m.sender, r->init);
		}
		take_descriptors(r, &m);
	}
}

/* Process 1 passes it on; where that is the command itself, nothing that it can ignore is sent in place of a stop. */
static void signal_inside(const struct run *r, int sig)
{
	kill(r->init, r->s->no_init && !r->s->join && sig == SIGTSTP ? SIGSTOP : sig);
}

/* ^Z and fg: the container stops and goes on with us. */
static void stop_ourselves(struct run *r)
{
	signal_inside(r, SIGTSTP);
	terminal_suspend(&r->terminal);
	raise(SIGSTOP);
	if (r->terminal.master != -1)
		terminal_resume(&r->terminal);
}

/* What process 1 ended with is the command's status; but one that never came to execute anything said nothing of it. */
static void end(struct run *r, int wait_status)
{
	r->status = sandbox_exit_status(wait_status);
	if (r->started)
		return;
	r->failed = true;
	err_set(&r->err, ERR_IO, "the container ended with status %d before the command ran%s", r->status,
		r->s->filter ? ": does its filter of system calls let it begin?" : "");
	r->status = SANDBOX_FAILED;
}

static bool asks_for_end(int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT;
}

/* Returns true when process 1 has ended, with r->status set. */
static bool handle_signal(struct run *r)
{
	struct signalfd_siginfo info;
	int status;

	if (read(r->signals, &info, sizeof info) != sizeof info)
		return false;
	switch (info.ssi_signo) {
	case SIGCHLD:
		if (waitpid(r->init, &status, WNOHANG) != r->init)
			return false;
		handle_messages(r);
		if (!r->failed)
			end(r, status);
		return true;
	case SIGWINCH:
		if (r->s->terminal)
			terminal_resize(&r->terminal);
		else
			signal_inside(r, SIGWINCH);
		return false;
	case SIGTSTP:
		stop_ourselves(r);
		return false;
	default:
		r->told = r->told || asks_for_end((int)info.ssi_signo);
		signal_inside(r, (int)info.ssi_signo);
		return false;
	}
}

/* It executes, or has failed, which it has said before. */
static void handle_execution(struct run *r)
{
	handle_messages(r);
	io_cleanup_fd(&r->executing);
	if (!r->failed)
		r->s->executed(r->s->ctx);
}

static void supervise(struct run *r)
{
	for (;;) {
		struct pollfd fds[] = {
			{ r->signals, POLLIN, 0 },
			{ r->socket, POLLIN, 0 },
			{ terminal_wants_input(&r->terminal) ? STDIN_FILENO : -1, POLLIN, 0 },
			{ terminal_wants_master(&r->terminal) ? r->terminal.master : -1, terminal_wants_master(&r->terminal), 0 },
			{ r->executing, POLLIN, 0 },
			{ r->output.from[0], POLLIN, 0 },
			{ r->output.from[1], POLLIN, 0 },
			{ terminal_wants_output(&r->terminal) ? r->terminal.out : -1, POLLOUT, 0 },
		};

		if (poll(fds, sizeof fds / sizeof *fds, -1) == -1)
			continue;
		if (fds[1].revents)
			handle_messages(r);
		if (fds[1].revents & (POLLHUP | POLLERR))
			io_cleanup_fd(&r->socket);
		if (fds[2].revents)
			terminal_input(&r->terminal);
		if (fds[3].revents)
			terminal_master(&r->terminal, fds[3].revents);
		if (fds[4].revents)
			handle_execution(r);
		for (int which = 1; which <= 2; which++)
			if (fds[4 + which].revents)
				output_move(&r->output, r->s, which);
		if (fds[7].revents)
			terminal_output(&r->terminal);
		if (fds[0].revents && handle_signal(r))
			return;
	}
}

/* Process 1 is gone: a signal is our own. Returns true for one that would end a program. */
static bool handle_late_signal(struct run *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof info) != sizeof info)
		return false;
	switch (info.ssi_signo) {
	case SIGTSTP:
		terminal_suspend(&r->terminal);
		raise(SIGSTOP);
		return false;
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return false;
	default:
		return true;
	}
}

/*
 * What is left of the terminal's output. patience: milliseconds to wait for who does not read; 0: not at all; -1: for ever, or
 * until a signal comes.
 */
static void deliver(struct run *r, int patience)
{
	while (terminal_rest(&r->terminal)) {
		struct pollfd fds[] = {
			{ r->terminal.out, POLLOUT, 0 },
			{ patience ? r->signals : -1, POLLIN, 0 },
		};
		int n = poll(fds, 2, patience);

		if (n == 0 || (n > 0 && fds[1].revents && handle_late_signal(r)))
			return;
		if (n > 0 && fds[0].revents)
			terminal_output(&r->terminal);
	}
}

/*
 * The rest is for who reads, whenever that is: a pager may show the first page yet. Not if somebody has asked for the end: then
 * who has stopped reading is not waited for.
 */
static void deliver_late(struct run *r)
{
	if (!terminal_rest(&r->terminal))
		return;
	if (r->s->ended)
		r->s->ended(r->s->ctx, r->status);
	terminal_give_keys(&r->terminal);
	deliver(r, r->told ? PATIENCE : -1);
}

/* A directory of the host as standard input would be a way to the rest of it. */
static int check_descriptors(struct err *e)
{
	struct stat st;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
			return err_set(e, ERR_USAGE, "descriptor %d is a directory: not passed on into a container", fd);
	return 0;
}

/* A pipe whose writing end only the command will hold, and only until it executes. */
static int open_exec_pipe(struct run *r, int *exec, struct err *e)
{
	int ends[2];

	if (!r->s->executed)
		return 0;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_errno(e, errno, "pipe");
	r->executing = ends[0];
	*exec = fcntl(ends[1], F_DUPFD_CLOEXEC, SANDBOX_EXEC_FD);
	close(ends[1]);
	return *exec == -1 ? err_errno(e, errno, "pipe") : 0;
}

static int open_channels(struct run *r, int *inner, const sigset_t *signals, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return err_errno(e, errno, "socketpair");
	r->socket = pair[0];
	*inner = pair[1];
	/* Messages then come with their sender's pid, as we see it. */
	if (setsockopt(r->socket, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)) == -1)
		return err_errno(e, errno, "socketpair");
	r->signals = signalfd(-1, signals, SFD_CLOEXEC);
	return r->signals == -1 ? err_errno(e, errno, "signalfd") : 0;
}

/* Ours, not the container's, which gets no directory of the host. */
static int claim_overlay(struct run *r, struct err *e)
{
	if (!r->s->work || r->s->join)
		return 0;
	r->claim = overlay_claim(r->s->work, e);
	return r->claim == -1 ? -1 : 0;
}

static int start(struct run *r, const sigset_t *signals, struct err *e)
{
	const int namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	cleanup_fd int inner = -1, exec = -1;
	struct stdio stdio = STDIO_INIT;

	if (check_descriptors(e) == -1 || claim_overlay(r, e) == -1 || open_channels(r, &inner, signals, e) == -1 ||
	    open_exec_pipe(r, &exec, e) == -1 || output_open(&r->output, r->s, e) == -1)
		return -1;
	stdio_open(&stdio, r->s);
	r->init = r->s->join ? fork() : userns_fork(&r->s->userns, namespaces, e);
	if (r->init == 0) {
		io_cleanup_fd(&r->socket);
		io_cleanup_fd(&r->signals);
		stdio_take(&stdio);
		output_take(&r->output);
		sandbox_be_init(r->s, inner, exec);
	}
	stdio_close(&stdio);
	if (r->init == -1 && e->kind == ERR_NONE)
		return err_errno(e, errno, "new process");
	output_start(&r->output);
	return r->init == -1 ? -1 : 0;
}

static int run(const struct sandbox *s, const sigset_t *signals, struct err *e)
{
	struct run r = { .s = s, .socket = -1, .signals = -1, .executing = -1, .claim = -1, .output = OUTPUT_INIT,
			 .terminal = TERMINAL_INIT, .namespaces = SANDBOX_NAMESPACES_INIT };

	if (start(&r, signals, e) == 0) {
		supervise(&r);
		terminal_end(&r.terminal);
		deliver(&r, 0);
		if (r.failed)
			*e = r.err;
	} else {
		r.status = SANDBOX_FAILED;
	}
	output_end(&r.output, s);
	sandbox_namespaces_close(&r.namespaces);
	io_cleanup_fd(&r.socket);
	io_cleanup_fd(&r.executing);
	io_cleanup_fd(&r.claim);
	deliver_late(&r); /* with nothing held that is the container's */
	terminal_stop(&r.terminal);
	io_cleanup_fd(&r.signals);
	return r.status;
}

int sandbox_run(const struct sandbox *s, struct err *e)
{
	sigset_t signals, before;
	int status;

	if (sandbox_set_oom_score(s, e) == -1)
		return SANDBOX_FAILED;
	if (s->isolation == SANDBOX_CHROOT)
		return sandbox_run_chroot(s, e);
	signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may leave it, there would be nothing to wait for */
	signals_passed_on(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	status = run(s, &signals, e);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}
