#include "sandbox_output.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/select.h>

#define CHUNK 16384
#define PIPE_MAX (1u << 20) /* bytes: an ordinary user can make a pipe hold no more */

int output_open(struct output *o, const struct sandbox *s, struct err *e)
{
	int ends[2];

	for (int i = 0; i < 2 && s->output && !s->terminal; i++) {
		if (pipe2(ends, O_CLOEXEC) == -1)
			return err_errno(e, errno, "pipe");
		if (ends[0] >= FD_SETSIZE) {
			close(ends[0]);
			close(ends[1]);
			return err_set(e, ERR_IO, "too many open descriptors");
		}
		o->from[i] = ends[0];
		o->to[i] = ends[1];
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

void output_take(struct output *o)
{
	for (int i = 0; i < 2; i++)
		if (o->to[i] != -1 && dup2(o->to[i], STDOUT_FILENO + i) == -1)
			_exit(SANDBOX_FAILED);
}

void output_start(struct output *o)
{
	for (int i = 0; i < 2; i++)
		io_cleanup_fd(&o->to[i]);
}

size_t output_move(struct output *o, const struct sandbox *s, int which)
{
	int *from = &o->from[which - 1];
	char data[CHUNK];
	ssize_t n = *from == -1 ? -1 : read(*from, data, sizeof data);

	if (n > 0)
		s->output(s->ctx, which, data, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		io_cleanup_fd(from);
	return n > 0 ? (size_t)n : 0;
}

void output_end(struct output *o, const struct sandbox *s)
{
	output_start(o);
	for (int which = 1; which <= 2; which++) {
		for (size_t moved = 0, n = 1; n > 0 && moved < PIPE_MAX; moved += n)
			n = output_move(o, s, which);
		io_cleanup_fd(&o->from[which - 1]);
	}
}
