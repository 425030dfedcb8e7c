#include "worker.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define FAILED 101 /* exit status beyond what fn may return */

static int report = -1; /* of this process, when it is a worker */

/* Nobody to report to: the parent died before it could be said that we are to die with it. */
static void die_with_parent(void)
{
	struct pollfd reader = { .fd = report, .events = POLLOUT };

#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (poll(&reader, 1, 0) == 1 && reader.revents & POLLERR)
		_exit(1);
}

int worker_report(void)
{
	return report;
}

/* The child's exit status: what fn returned, or FAILED with the error value on its way through the pipe. */
static int call(int (*fn)(void *ctx, struct err *e), void *ctx)
{
	struct err result = ERR_INIT;
	int status = fn(ctx, &result);

	if (status != -1)
		return status;
	return io_write_full(report, &result, sizeof result) == -1 ? FAILED + 1 : FAILED;
}

int worker_start(struct worker *w, const struct userns *ns, int flags, int (*fn)(void *ctx, struct err *e), void *ctx,
		 struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_errno(e, errno, "pipe");
	w->pid = userns_fork(ns, flags, e);
	if (w->pid == 0) {
		close(ends[0]);
		report = ends[1];
		die_with_parent();
		_exit(call(fn, ctx));
	}
	close(ends[1]);
	w->report = ends[0];
	if (w->pid == -1)
		io_cleanup_fd(&w->report);
	return w->pid == -1 ? -1 : 0;
}

int worker_wait(struct worker *w, struct err *e)
{
	struct err result = ERR_INIT;
	ssize_t n = io_read_full(w->report, &result, sizeof result);
	int status = 0;

	io_cleanup_fd(&w->report);
	while (waitpid(w->pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_errno(e, errno, "wait for a worker");
	w->pid = -1;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_IO, "a worker was killed by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	if (n == (ssize_t)sizeof result) {
		result.text[sizeof result.text - 1] = '\0';
		*e = result;
		return -1;
	}
	if (WEXITSTATUS(status) >= FAILED)
		return err_set(e, ERR_IO, "a worker ended with status %d", WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

void worker_kill(struct worker *w)
{
	struct err ignored = ERR_INIT;

	if (w->pid == -1)
		return;
	kill(w->pid, SIGKILL);
	worker_wait(w, &ignored);
}

int worker_run(const struct userns *ns, int flags, int (*fn)(void *ctx, struct err *e), void *ctx, struct err *e)
{
	struct worker w = WORKER_INIT;

	return worker_start(&w, ns, flags, fn, ctx, e) == -1 ? -1 : worker_wait(&w, e);
}
