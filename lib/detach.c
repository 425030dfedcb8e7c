#include "detach.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 65536 /* as many are closed one by one at most */

struct report {
	int status;
	struct err err;
};

static void null_descriptors(int first, int last)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = first; fd <= last; fd++)
		if (null == -1 || dup2(null, fd) == -1)
			close(fd);
	if (null > last)
		close(null);
}

/* What the caller had open, beyond the standard descriptors: who waits for the end of a pipe must not wait for us. */
static void close_others(int keep)
{
#ifdef __linux__
	close_range(STDERR_FILENO + 1, (unsigned int)keep - 1, 0);
	close_range((unsigned int)keep + 1, ~0U, 0);
#else
	long limit = sysconf(_SC_OPEN_MAX);

	for (int fd = STDERR_FILENO + 1; fd < (limit < 0 ? DESCRIPTORS_MAX : limit) && fd < DESCRIPTORS_MAX; fd++)
		if (fd != keep)
			close(fd);
#endif
}

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
		close_others(d->report);
		null_descriptors(STDIN_FILENO, STDIN_FILENO);
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
	null_descriptors(STDOUT_FILENO, STDERR_FILENO);
	(void)!chdir("/");
}
