#include "container_lock.h"

#include "io.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define START_TRIES 100 /* hundredths of a second that a kill waits for process 1 of a container that starts */

const char *container_state_name(enum container_state state)
{
	static const char *const names[] = { "created", "running", "exited", "died" };

	return names[state];
}

static enum container_state judge(const struct container *c, const char *fact, bool held, int *exit)
{
	enum container_word word = container_get_word(c, exit);
	char text[CONTAINER_FACT_MAX];

	if (word == CONTAINER_WORD_EXIT)
		return CONTAINER_EXITED;
	/* As wrappers before this one have left it. */
	if (word == CONTAINER_WORD_NONE && strcmp(fact, "exited") == 0 && container_fact(c, "exit", text)) {
		*exit = (int)strtol(text, NULL, 10);
		return CONTAINER_EXITED;
	}
	if (word == CONTAINER_WORD_NONE && (!*fact || strcmp(fact, "created") == 0))
		return CONTAINER_CREATED;
	return held ? CONTAINER_RUNNING : CONTAINER_DIED;
}

int container_look(const struct container *c, struct container_status *s, struct err *e)
{
	char fact[CONTAINER_FACT_MAX];
	bool held;
	pid_t holder;

	*s = (struct container_status){ .state = CONTAINER_CREATED };
	if (container_holder(c, &s->held, &s->holder, e) == -1)
		return -1;
	/*
	 * What the fact says is of the time between two looks at the lock: until they are alike, it started or ended
	 * meanwhile.
	 */
	for (;;) {
		container_fact(c, "status", fact);
		if (container_holder(c, &held, &holder, e) == -1)
			return -1;
		if (held == s->held && holder == s->holder)
			break;
		s->held = held;
		s->holder = holder;
	}
	s->state = judge(c, fact, s->held, &s->exit);
	return 0;
}

static int not_running(const struct container *c, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "%s: it is not running", container_id(c));
}

/* The supervisor, who cannot be another by the time the handle is used. */
static int open_holder(const struct container *c, pid_t *pid, struct err *e)
{
	bool held;
	pid_t again;

	for (;;) {
		cleanup_fd int handle = -1;

		if (container_holder(c, &held, pid, e) == -1)
			return -1;
		if (!held)
			return not_running(c, e);
		if (*pid == 0)
			return err_set(e, ERR_IO, "%s: its process is not seen from here", container_id(c));
		handle = container_open_process(*pid);
		if (container_holder(c, &held, &again, e) == -1)
			return -1;
		if (held && again == *pid)
			return steal_fd(&handle);
	}
}

int container_process(const struct container *c, pid_t *pid, struct err *e)
{
	cleanup_fd int holder = -1, process = -1;
	char text[CONTAINER_FACT_MAX];
	pid_t supervisor, again;
	bool held;

	holder = open_holder(c, &supervisor, e);
	if (e->kind != ERR_NONE)
		return -1;
	if (!container_fact(c, "pid", text) || (*pid = (pid_t)strtol(text, NULL, 10)) <= 1)
		return not_running(c, e);
	process = container_open_process(*pid);
	if (container_holder(c, &held, &again, e) == -1)
		return -1;
	if (!held || again != supervisor || !container_is_child(*pid, supervisor))
		return not_running(c, e);
	return steal_fd(&process);
}

static int explain_kill(const struct container *c, int errnum, struct err *e)
{
	if (errnum == ESRCH)
		return not_running(c, e);
	if (errnum == EPERM)
		return err_set(e, ERR_DENIED, "%s: its process is another user's", container_id(c));
	return err_errno(e, errnum, "%s: signal", container_id(c));
}

/* One that stands still, as its command did, could not write anything down. */
static void wake_holder(const struct container *c)
{
	struct err ignored = ERR_INIT;
	cleanup_fd int handle = -1;
	pid_t pid;

	handle = open_holder(c, &pid, &ignored);
	if (ignored.kind == ERR_NONE)
		container_send(handle, pid, SIGCONT);
}

static int kill_init(const struct container *c, int handle, pid_t pid, struct err *e)
{
	if (container_send(handle, pid, SIGKILL) == -1)
		return explain_kill(c, errno, e);
	wake_holder(c);
	return 0;
}

/* Process 1, whose end is that of all in the container; the supervisor writes down how it ended. */
static int kill_all(const struct container *c, struct err *e)
{
	cleanup_fd int handle = -1;
	pid_t pid;

	for (int tries = 0; tries < START_TRIES; tries++) {
		struct err inner = ERR_INIT;
		bool held;

		handle = container_process(c, &pid, &inner);
		if (inner.kind == ERR_NONE)
			return kill_init(c, handle, pid, e);
		if (inner.kind != ERR_NOT_FOUND || container_holder(c, &held, &pid, e) == -1 || !held) {
			*e = inner;
			return -1;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	handle = open_holder(c, &pid, e);
	if (e->kind != ERR_NONE)
		return -1;
	return container_send(handle, pid, SIGKILL) == -1 ? explain_kill(c, errno, e) : 0;
}

bool container_passes_on(int sig)
{
	sigset_t set;

	signals_passed_on(&set);
	/* That of a child is the supervisor's, too; and those of the C library are in no set. */
	return sig != SIGCHLD && sigismember(&set, sig) == 1;
}

int container_signal(const struct container *c, int sig, struct err *e)
{
	cleanup_fd int handle = -1;
	pid_t pid;

	if (!container_passes_on(sig))
		return err_set(e, ERR_USAGE, "%s: %s is not passed on into a container", container_id(c), strsignal(sig));
	if (sig == SIGKILL)
		return kill_all(c, e);
	handle = open_holder(c, &pid, e);
	if (e->kind != ERR_NONE)
		return -1;
	/* A supervisor that was stopped itself could not pass on what continues it. */
	return container_send(handle, pid, sig == SIGSTOP ? SIGTSTP : sig) == -1 ? explain_kill(c, errno, e) : 0;
}

int container_signal_running(const struct container *c, int sig, struct err *e)
{
	struct err inner = ERR_INIT;

	if (container_signal(c, sig, &inner) == 0 || inner.kind == ERR_NOT_FOUND)
		return 0;
	*e = inner;
	return -1;
}

int container_wait(const struct container *c, int milliseconds, struct err *e)
{
	const int64_t until = io_clock() + milliseconds;
	int64_t left = milliseconds;
	bool held;
	pid_t pid;

	for (;;) {
		cleanup_fd int handle = -1;

		if (container_holder(c, &held, &pid, e) == -1)
			return -1;
		if (!held)
			return 1;
		if (milliseconds >= 0 && (left = until - io_clock()) <= 0)
			return 0;
		handle = pid ? container_open_process(pid) : -1;
		/* Whose end it is not: the lock is looked at again. */
		container_await_process(handle, milliseconds < 0 ? -1 : (int)left);
	}
}
