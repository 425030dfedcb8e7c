#include "sandbox_inside.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define END_OF_FILE 4 /* ^D, what a new terminal takes for it */
#define REST_MAX (64u << 10) /* bytes: no terminal holds more that was written, and not read */

/* Bytes that a terminal takes without waiting where poll says that it takes some: room comes by 256, and a newline takes two. */
#define TERMINAL_ATOMIC 128

void terminal_resume(struct terminal *t)
{
	struct termios raw;

	if (t->raw || t->s->output || tcgetattr(STDIN_FILENO, &t->before) == -1)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

/* At once: who waited for a terminal that takes no more would wait for ever. */
void terminal_suspend(struct terminal *t)
{
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
	t->raw = false;
}

/*
 * Descriptor 1 must not make us wait, nor be made not to wait: the caller's other programs have the same open file. A pipe and
 * a terminal are opened once more, for us alone; not what makes terminals, though, which would make another. Where that cannot
 * be had, as another user's cannot, no more is written at a time than poll(2) promises.
 */
static void open_output(struct terminal *t)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL), again = -1;
	bool terminal = isatty(STDOUT_FILENO);
	struct stat st;

	t->out = STDOUT_FILENO;
	t->at_once = terminal ? TERMINAL_ATOMIC : PIPE_BUF;
	if (t->s->output || flags == -1 || (flags & O_ACCMODE) == O_RDONLY || fstat(STDOUT_FILENO, &st) == -1)
		return;
	if (S_ISFIFO(st.st_mode) || (terminal && st.st_rdev != makedev(5, 2)))
		again = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again == -1)
		return;
	t->out = again;
	t->at_once = sizeof t->output;
}

void terminal_start(struct terminal *t, int master, int peer, const struct sandbox *s)
{
	*t = (struct terminal){ .master = master, .peer = peer, .s = s, .input_open = !s->output, .at_line_start = true,
				.left = SIZE_MAX };
	fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
	open_output(t);
	terminal_resume(t);
}

void terminal_resize(const struct terminal *t)
{
	struct winsize size;

	if (t->master != -1 && sandbox_window_size(&size))
		ioctl(t->master, TIOCSWINSZ, &size);
}

short terminal_wants_input(const struct terminal *t)
{
	return t->master != -1 && t->input_open && t->input_from == t->input_to ? POLLIN : 0;
}

short terminal_wants_master(const struct terminal *t)
{
	if (t->master == -1)
		return 0;
	return (short)((t->output_from == t->output_to ? POLLIN : 0) | (t->input_from < t->input_to ? POLLOUT : 0));
}

short terminal_wants_output(const struct terminal *t)
{
	return t->output_from < t->output_to ? POLLOUT : 0;
}

void terminal_input(struct terminal *t)
{
	ssize_t n = read(STDIN_FILENO, t->input, sizeof t->input);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	t->input_from = 0;
	if (n > 0) {
		t->input_to = (size_t)n;
		t->at_line_start = t->input[n - 1] == '\n';
		return;
	}
	/* At the start of a line one ^D is the end of the file; elsewhere the first only hands the line over. */
	t->input_open = false;
	memset(t->input, END_OF_FILE, 2);
	t->input_to = t->at_line_start ? 1 : 2;
}

/* Who has the other end open yet gets SIGHUP, and no answer; what our own terminal is for is ours again. */
static void hang_up(struct terminal *t)
{
	io_cleanup_fd(&t->master);
	io_cleanup_fd(&t->peer);
	t->output_from = t->output_to = 0;
	terminal_suspend(t);
}

/* Takes one bufferful of output, when the last is gone. False when there is no more for now, or for good. */
static bool take_output(struct terminal *t)
{
	ssize_t n;

	do
		n = read(t->master, t->output, t->left < sizeof t->output ? t->left : sizeof t->output);
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN) /* EIO: nobody has the other end open, and neither have we */
			hang_up(t);
		return false;
	}
	t->left -= (size_t)n;
	if (t->s->output) {
		t->s->output(t->s->ctx, STDOUT_FILENO, t->output, (size_t)n);
		return true;
	}
	t->output_from = 0;
	t->output_to = (size_t)n;
	return true;
}

void terminal_master(struct terminal *t, short events)
{
	if (events & POLLOUT) {
		ssize_t n = write(t->master, t->input + t->input_from, t->input_to - t->input_from);
		if (n > 0)
			t->input_from += (size_t)n;
	}
	if (events & (POLLIN | POLLHUP | POLLERR) && t->output_from == t->output_to)
		take_output(t);
}

void terminal_output(struct terminal *t)
{
	size_t size = t->output_to - t->output_from;
	ssize_t n = write(t->out, t->output + t->output_from, size < t->at_once ? size : t->at_once);

	if (n >= 0)
		t->output_from += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR) /* EPIPE above all: nobody is there any more */
		hang_up(t);
}

void terminal_end(struct terminal *t)
{
	io_cleanup_fd(&t->peer);
	t->input_open = false;
	t->input_from = t->input_to = 0;
	/* Who has joined the container may have left somebody there who writes for ever. */
	t->left = REST_MAX;
}

bool terminal_rest(struct terminal *t)
{
	while (t->master != -1 && t->output_from == t->output_to && t->left > 0)
		if (!take_output(t))
			break;
	return t->output_from < t->output_to;
}

/* But for what becomes of output, which is not to look another way from the middle on. */
void terminal_give_keys(const struct terminal *t)
{
	struct termios keys = t->before;

	keys.c_oflag &= ~(tcflag_t)OPOST;
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &keys);
}

void terminal_stop(struct terminal *t)
{
	hang_up(t);
	if (t->out != STDOUT_FILENO)
		io_cleanup_fd(&t->out);
}
