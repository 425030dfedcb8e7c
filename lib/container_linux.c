#include "container_lock.h"

#include "io.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#define BLIND_WAIT 50	/* milliseconds from one look at the lock to the next, for a process that is not seen here */
#define AWAIT_MAX 500	/* the same for one that is: it may live on without the lock, for what is left of a terminal's output */
#define WATCH_WAIT 1000 /* for a file at most */

int container_open_process(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* The parent's number in /proc/PID/stat, behind the name, which is in parentheses and may hold anything. proc(5) */
bool container_is_child(pid_t pid, pid_t parent)
{
	char path[64], text[512], *behind;
	cleanup_file FILE *f = NULL;
	long ppid;
	size_t n;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	behind = strrchr(text, ')');
	return behind && sscanf(behind, ") %*c %ld", &ppid) == 1 && ppid == (long)parent;
}

int container_send(int handle, pid_t pid, int sig)
{
	(void)pid;
	if (handle == -1) {
		errno = ESRCH;
		return -1;
	}
	return (int)syscall(SYS_pidfd_send_signal, handle, sig, NULL, 0);
}

void container_await_process(int handle, int milliseconds)
{
	struct pollfd end = { handle, POLLIN, 0 };

	int longest = handle == -1 ? BLIND_WAIT : AWAIT_MAX;

	if (milliseconds < 0 || milliseconds > longest)
		milliseconds = longest;
	poll(&end, 1, milliseconds); /* a process lets go of its locks before its end is seen */
}

struct container_watch {
	int notices; /* inotify */
	int holder;  /* pidfd, or -1 */
};

struct container_watch *container_watch_new(const struct container *c, const char *file, struct err *e)
{
	struct container_watch *w = malloc(sizeof *w);
	cleanup_buf struct buf path = BUF_INIT;
	bool held;
	pid_t pid;

	if (!w) {
		err_nomem(e);
		return NULL;
	}
	*w = (struct container_watch){ inotify_init1(IN_CLOEXEC | IN_NONBLOCK), -1 };
	buf_addf(&path, "%s/%s", c->path, file);
	/* Without notices it is looked at every second. */
	if (!path.failed && w->notices != -1)
		inotify_add_watch(w->notices, buf_text(&path), IN_MODIFY);
	if (container_holder(c, &held, &pid, e) == -1) {
		container_watch_free(w);
		return NULL;
	}
	if (held && pid)
		w->holder = container_open_process(pid);
	return w;
}

void container_watch_wait(struct container_watch *w)
{
	struct pollfd fds[] = { { w->notices, POLLIN, 0 }, { w->holder, POLLIN, 0 } };
	char notices[4096];

	if (poll(fds, 2, WATCH_WAIT) <= 0)
		return;
	if (fds[0].revents)
		while (read(w->notices, notices, sizeof notices) > 0)
			;
	if (fds[1].revents)
		io_cleanup_fd(&w->holder);
}

void container_watch_free(struct container_watch *w)
{
	if (!w)
		return;
	io_cleanup_fd(&w->notices);
	io_cleanup_fd(&w->holder);
	free(w);
}
