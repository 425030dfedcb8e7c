/*
 * sandbox_process - the last steps of a process on its way into a container, the same for every kind of isolation:
 * who it is, where it stands, what it executes; and how it reports when it cannot.
 */
#ifndef CR_SANDBOX_PROCESS_H
#define CR_SANDBOX_PROCESS_H

#include "sandbox.h"
#include "user.h"

/* From inside to the one who waits outside. Shorter than PIPE_BUF: written and read whole. */
enum sandbox_event {
	SANDBOX_EVENT_FAILED,	/* status and err say why */
	SANDBOX_EVENT_STARTED,	/* sent by the process itself, about to execute */
	SANDBOX_EVENT_TERMINAL, /* with the descriptor of the terminal's master */
	SANDBOX_EVENT_NAMESPACES, /* with theirs */
};

struct sandbox_message {
	enum sandbox_event event;
	int status;
	struct err err;
};

/* Writes a failure to `fd`, and ends the process with `status`. */
_Noreturn void sandbox_fail(int fd, int status, const struct err *e);

/*
 * Who the process will be: s->user looked up in the files beneath `root`, or the numbers of s. ERR_USAGE where the user
 * namespace has no such id.
 */
int sandbox_find_user(const struct sandbox *s, int root, struct user *u, struct err *e);

/* Makes the working directory beneath `root` where it is missing, with its parents. */
int sandbox_make_cwd(const struct sandbox *s, int root, struct err *e);

/* Becomes the user: groups, gid, uid, in this order. */
int sandbox_become(const struct sandbox *s, const struct user *u, struct err *e);

/* Sets s->rlimits, and no core dumps. */
int sandbox_limit(const struct sandbox *s, struct err *e);

/* Changes to the working directory, and checks that it lies inside (CVE-2024-21626). */
int sandbox_enter_cwd(const struct sandbox *s, struct err *e);

/*
 * Executes s->args, searched for in the PATH of s->env. Returns only on failure: 126 or 127 (or 125) with the error
 * set.
 */
int sandbox_execute(const struct sandbox *s, const struct user *u, struct err *e);

/* Every signal at its default, none blocked. */
void sandbox_default_signals(void);

/* Passes a signal on to the command, which leads a session; SIGTSTP and SIGCONT to all of its group. */
void sandbox_pass_on(pid_t leader, int sig);

/* 128+N for a signal, else the exit status. */
int sandbox_exit_status(int wait_status);

/* Where the system can: the process is killed when its parent ends. To be called when its user has changed, which undoes it. */
void sandbox_die_with_parent(void);

/* sandbox_run for SANDBOX_CHROOT. */
int sandbox_run_chroot(const struct sandbox *s, struct err *e);

#endif
