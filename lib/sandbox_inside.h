/*
 * sandbox_inside - the sandbox's pieces on Linux that are neither mounts (sandbox_mount.h) nor portable
 * (sandbox_process.h): process 1, privileges, the terminal.
 */
#ifndef CR_SANDBOX_INSIDE_H
#define CR_SANDBOX_INSIDE_H

#include "sandbox_process.h"

#include <signal.h>
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

/* ---- process 1 ---- */

/*
 * The life of process 1, in the namespaces that userns_fork made: sets up, starts the command, passes signals on, reaps,
 * and exits with the command's status. report: a SOCK_SEQPACKET socket to the supervisor, for struct sandbox_message. exec: a
 * descriptor, SANDBOX_EXEC_FD or above, that the command alone is to hold until it executes; -1: nobody wants to know.
 */
_Noreturn void sandbox_be_init(const struct sandbox *s, int report, int exec);

#define SANDBOX_EXEC_FD 4

/* ---- messages to the supervisor ---- */

#define SANDBOX_FDS_MAX SANDBOX_NAMESPACES

/* Tells the supervisor of an event, with copies of the descriptors. */
int sandbox_send(int to, enum sandbox_event event, const int *fds, size_t count, struct err *e);

struct sandbox_received {
	struct sandbox_message message;
	int fds[SANDBOX_FDS_MAX]; /* the receiver's */
	size_t count;
	pid_t sender; /* as the receiver sees it; -1: it was not said */
};

/* The next message; false when there is none. */
bool sandbox_receive(int from, struct sandbox_received *r);

/* ---- joining ---- */

/* Tells the supervisor of the namespaces that the caller is in. */
int sandbox_send_namespaces(int to, struct err *e);

/*
 * Goes into the namespaces s->join, and becomes root there; processes made from now on are in its process namespace too.
 */
int sandbox_enter(const struct sandbox *s, struct err *e);

/* ---- the program's own file ---- */

/*
 * What sandbox_seal_program could not do yet for an ordinary user: from now on nobody can execute the program again. Inside,
 * where he may change mounts.
 */
int sandbox_finish_seal(struct err *e);

/* ---- what the kernel keeps of a container ---- */

/* s->domainname, and s->sysctls through a proc filesystem of our own. In the container's namespaces, before the host's /proc is gone. */
int sandbox_set_kernel(const struct sandbox *s, struct err *e);

/* s->oom_score_adj, of ourselves and whom we start: outside, where alone root's right to lower it counts. */
int sandbox_set_oom_score(const struct sandbox *s, struct err *e);

/* ---- privileges ---- */

/*
 * For a process that is seen inside before it is the command: nobody may trace it, and it dies with its parent. To be called
 * again when its user has changed, which undoes both.
 */
int sandbox_harden(struct err *e);
void sandbox_forget_arguments(void); /* but for the program's name */

/*
 * Becomes the user, with exactly the capabilities of s, a session keyring of its own, and no way to gain more: under its
 * filter of system calls: the last step before the command.
 */
int sandbox_drop_privileges(const struct sandbox *s, const struct user *u, struct err *e);

/* ---- the terminal, seen from outside ---- */

struct winsize;

/* The size of the first of descriptors 0 to 2 that is a terminal; false, and *size untouched, where none is. */
bool sandbox_window_size(struct winsize *size);

/*
 * Nothing here waits. What the container writes is held in a buffer until descriptor 1 takes it, and no more is read meanwhile:
 * so the command is held back, and the supervisor is not. Where descriptor 1 has nobody at its other end any more, or fails, the
 * container's terminal is hung up.
 *
 *	terminal_start(&t, master, peer, s);
 *	…                                 // poll(2) as terminal_wants_… say, and move what is there
 *	terminal_end(&t);                 // process 1 has ended
 *	while (terminal_rest(&t))
 *		…                         // poll(2) t.out for POLLOUT
 *		terminal_output(&t);
 *	terminal_stop(&t);
 */
struct terminal {
	int master;		/* -1: none, or ended */
	int peer;		/* the container's end, held so that there is one while nobody inside has it open */
	int out;		/* descriptor 1, or the same opened once more, so that it does not block */
	size_t at_once;		/* bytes for one write to it */
	const struct sandbox *s; /* whose output it is */
	bool raw;		/* our own terminal is in raw mode */
	struct termios before;	/* its mode until then */
	bool input_open;	/* there may be more on descriptor 0 */
	bool at_line_start;	/* for the end of a file: ^D means that only there */
	char input[4096];	/* read from descriptor 0, and not taken by the container yet */
	size_t input_from, input_to;
	char output[16384];	/* read from the container, and not taken by `out` yet */
	size_t output_from, output_to;
	size_t left;		/* bytes that are yet to be read from the container at most */
};

#define TERMINAL_INIT { .master = -1, .peer = -1, .out = STDOUT_FILENO }

/* Takes ownership of both ends; raw mode, where descriptor 0 is a terminal, and is its input. */
void terminal_start(struct terminal *t, int master, int peer, const struct sandbox *s);
void terminal_stop(struct terminal *t);		     /* hangs up; the mode as it was */
void terminal_suspend(struct terminal *t);	     /* the mode as it was, until… */
void terminal_resume(struct terminal *t);
void terminal_resize(const struct terminal *t);

/* poll(2) events to wait for; 0: do not watch that descriptor. */
short terminal_wants_input(const struct terminal *t);  /* of descriptor 0 */
short terminal_wants_master(const struct terminal *t); /* of t->master */
short terminal_wants_output(const struct terminal *t); /* of t->out */

/* Moves what poll said is there, or has room. */
void terminal_input(struct terminal *t);
void terminal_master(struct terminal *t, short events);
void terminal_output(struct terminal *t);

/* ---- after the end of process 1 ---- */

void terminal_end(struct terminal *t); /* no more input; what is left of the output has an end */

/* Whether there is a rest for t->out, now in the buffer. One that goes to s->output is there when this returns. */
bool terminal_rest(struct terminal *t);

/* ^C and ^Z at our own terminal are signals to us again, while there is a rest. */
void terminal_give_keys(const struct terminal *t);

#endif
