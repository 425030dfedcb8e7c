#include "sandbox_inside.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define END_OF_FILE 4 /* ^D, what a new terminal takes for it */
#define REST_MAX (64u << 10) /* bytes: no terminal holds more that was written, and not read */

void terminal_resume(struct terminal *t)
{
	struct termios raw;

	if (t->raw || t->s->output || tcgetattr(STDIN_FILENO, &t->before) == -1)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void terminal_suspend(struct terminal *t)
{
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
	t->raw = false;
}

void terminal_start(struct terminal *t, int master, int peer, const struct sandbox *s)
{
	*t = (struct terminal){ .master = master, .peer = peer, .s = s, .input_open = !s->output, .at_line_start = true };
	fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
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
	return t->master != -1 && t->input_open && t->pending_from == t->pending_to ? POLLIN : 0;
}

short terminal_wants_master(const struct terminal *t)
{
	if (t->master == -1)
		return 0;
	return (short)(POLLIN | (t->pending_from < t->pending_to ? POLLOUT : 0));
}

void terminal_input(struct terminal *t)
{
	ssize_t n = read(STDIN_FILENO, t->pending, sizeof t->pending);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	t->pending_from = 0;
	if (n > 0) {
		t->pending_to = (size_t)n;
		t->at_line_start = t->pending[n - 1] == '\n';
		return;
	}
	/* At the start of a line one ^D is the end of the file; elsewhere the first only hands the line over. */
	t->input_open = false;
	memset(t->pending, END_OF_FILE, 2);
	t->pending_to = t->at_line_start ? 1 : 2;
}

/* Who has the other end open yet gets SIGHUP, and no answer. */
static void hang_up(struct terminal *t)
{
	io_cleanup_fd(&t->master);
	io_cleanup_fd(&t->peer);
}

/* Moves one bufferful of output. Returns its bytes; 0 when there is no more for now, or for good. */
static size_t forward_output(struct terminal *t)
{
	char data[16384];
	ssize_t n = read(t->master, data, sizeof data);

	if (n > 0 && t->s->output) {
		t->s->output(t->s->ctx, STDOUT_FILENO, data, (size_t)n);
		return (size_t)n;
	}
	if (n > 0)
		return io_write_full(STDOUT_FILENO, data, (size_t)n) == 0 || errno != EPIPE ? (size_t)n : 0;
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) /* EIO: nobody has the other end open, and neither have we */
		hang_up(t);
	return 0;
}

void terminal_master(struct terminal *t, short events)
{
	if (events & POLLOUT) {
		ssize_t n = write(t->master, t->pending + t->pending_from, t->pending_to - t->pending_from);
		if (n > 0)
			t->pending_from += (size_t)n;
	}
	if (events & (POLLIN | POLLHUP | POLLERR))
		forward_output(t);
}

void terminal_stop(struct terminal *t)
{
	/* Who has joined the container may have left somebody there who writes for ever. */
	io_cleanup_fd(&t->peer);
	for (size_t moved = 0, n = 1; t->master != -1 && n > 0 && moved < REST_MAX; moved += n)
		n = forward_output(t);
	hang_up(t);
	terminal_suspend(t);
}
