#include "cli_secret.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

/*
 * Signals that end or stop a program at its terminal. Those for a background process that uses it do so before anything
 * is changed.
 */
static const int caught[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGTSTP };

#define CAUGHT (sizeof caught / sizeof *caught)

static volatile sig_atomic_t arrived;

static void note(int signal_number)
{
	arrived = signal_number;
}

/* What is to be put back. */
struct terminal {
	int fd;
	struct termios modes;
	struct sigaction actions[CAUGHT];
	sigset_t mask; /* before: in poll alone a signal comes through */
};

void cli_secret_free(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

/* Whatever it returns, end is to be called. */
static int begin(struct terminal *t, const char *prompt, bool echo, struct err *e)
{
	struct sigaction action = { .sa_handler = note };
	struct termios modes = t->modes;
	sigset_t set;

	arrived = 0;
	sigemptyset(&set);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, &t->mask);
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], NULL, &t->actions[i]);
		if (t->actions[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
	}
	if (!echo)
		modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	while (tcsetattr(t->fd, TCSAFLUSH, &modes) == -1)
		if (errno != EINTR)
			return err_errno(e, errno, "terminal");
	return io_write_full(t->fd, prompt, strlen(prompt)) == -1 ? err_errno(e, errno, "terminal") : 0;
}

/* As it was; a signal that came does now what it does. */
static void end(struct terminal *t, bool echo)
{
	while (tcsetattr(t->fd, TCSAFLUSH, &t->modes) == -1 && errno == EINTR)
		;
	if (!echo || arrived)
		(void)!write(t->fd, "\n", 1);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &t->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
	if (arrived)
		raise(arrived);
}

/* 1 when a line (or the end) is there, 0 when a signal came first, -1. */
static int read_line(const struct terminal *t, char *line, size_t room, struct err *e)
{
	struct pollfd p = { t->fd, POLLIN, 0 };
	ssize_t n;

	while (!arrived && ppoll(&p, 1, NULL, &t->mask) == -1)
		if (errno != EINTR)
			return err_errno(e, errno, "terminal");
	if (arrived)
		return 0;
	n = read(t->fd, line, room);
	if (n == -1)
		return err_errno(e, errno, "terminal");
	if (n == 0)
		return err_set(e, ERR_USAGE, "no answer came from the terminal");
	line[n] = '\0';
	if (strlen(line) < (size_t)n)
		return err_set(e, ERR_USAGE, "an answer with a NUL in it");
	if (n > CLI_LINE_MAX)
		return err_set(e, ERR_USAGE, "an answer of more than %d bytes: use --password-stdin", CLI_LINE_MAX);
	line[strcspn(line, "\n")] = '\0';
	return 1;
}

char *cli_ask(const char *prompt, bool echo, struct err *e)
{
	cleanup_fd int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct terminal t = { .fd = fd };
	char line[CLI_LINE_MAX + 3]; /* a newline, one byte too many, a NUL */
	char *answer = NULL;
	int status = 0;

	if (fd == -1) {
		err_set(e, ERR_USAGE, "no terminal to ask at");
		return NULL;
	}
	while (status == 0) {
		if (tcgetattr(fd, &t.modes) == -1) {
			err_errno(e, errno, "terminal");
			return NULL;
		}
		status = begin(&t, prompt, echo, e);
		if (status == 0)
			status = read_line(&t, line, sizeof line - 1, e);
		end(&t, echo);
	}
	if (status == 1 && !*line)
		err_set(e, ERR_USAGE, "an empty answer came from the terminal");
	else if (status == 1 && !(answer = strdup(line)))
		err_nomem(e);
	explicit_bzero(line, sizeof line);
	return answer;
}

char *cli_secret_from_stdin(struct err *e)
{
	char *text = calloc(1, CLI_SECRET_MAX + 4); /* CRLF, one byte too many, a NUL */
	ssize_t n = text ? io_read_full(STDIN_FILENO, text, CLI_SECRET_MAX + 3) : -1;
	bool bad = true;

	if (n == -1) {
		err_errno(e, errno, "standard input");
		free(text);
		return NULL;
	}
	if (n > 0 && text[n - 1] == '\n') {
		text[--n] = '\0';
		if (n > 0 && text[n - 1] == '\r')
			text[--n] = '\0';
	}
	if (n > CLI_SECRET_MAX)
		err_set(e, ERR_USAGE, "standard input: a password of more than %d bytes", CLI_SECRET_MAX);
	else if (n == 0)
		err_set(e, ERR_USAGE, "standard input: no password");
	else if (strlen(text) < (size_t)n)
		err_set(e, ERR_USAGE, "standard input: a password with a NUL in it");
	else
		bad = false;
	if (!bad)
		return text;
	explicit_bzero(text, CLI_SECRET_MAX + 4);
	free(text);
	return NULL;
}
