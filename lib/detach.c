#include "detach.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct report {
	int status;
	struct err err;
};

/* Waits for the report of the other. */
static void be_caller(struct detached *d, int from, int died, struct err *e)
{
	struct report r;

	if (io_read_full(from, &r, sizeof r) != sizeof r) {
		d->status = died;
		err_set(e, ERR_IO, "the process in the background was killed");
		return;
	}
	d->status = r.status;
	if (r.err.kind != ERR_NONE)
		*e = r.err;
}

enum detach_side detach(struct detached *d, int died, struct err *e)
{
	int ends[2];
	pid_t pid;

	*d = (struct detached){ -1, died };
	if (pipe2(ends, O_CLOEXEC) == -1) {
		err_errno(e, errno, "pipe");
		return DETACH_CALLER;
	}
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		d->report = ends[1];
		setsid();
		io_put_null(STDIN_FILENO, STDIN_FILENO);
		return DETACH_BACKGROUND;
	}
	close(ends[1]);
	if (pid == -1)
		err_errno(e, errno, "new process");
	else
		be_caller(d, ends[0], died, e);
	close(ends[0]);
	return DETACH_CALLER;
}

void detach_report(struct detached *d, int status, const struct err *e)
{
	struct report r = { status, ERR_INIT };

	if (d->report == -1)
		return;
	if (e)
		r.err = *e;
	(void)!io_write_full(d->report, &r, sizeof r);
	io_cleanup_fd(&d->report);
	io_put_null(STDOUT_FILENO, STDERR_FILENO);
	(void)!chdir("/");
}
