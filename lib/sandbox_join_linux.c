#include "sandbox_inside.h"

#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>

/* In the order in which they are joined: the user namespace gives the rights over the others. */
static const char *const names[SANDBOX_NAMESPACES] = { "user", "cgroup", "ipc", "uts", "pid", "mnt" };

static int open_namespaces(int fds[SANDBOX_NAMESPACES], struct err *e)
{
	char path[32];

	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++) {
		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] == -1)
			return err_errno(e, errno, "%s", path);
	}
	return 0;
}

int sandbox_send_namespaces(int to, struct err *e)
{
	struct sandbox_namespaces n = SANDBOX_NAMESPACES_INIT;
	int status = open_namespaces(n.fd, e);

	if (status == 0)
		status = sandbox_send(to, SANDBOX_EVENT_NAMESPACES, n.fd, SANDBOX_NAMESPACES, e);
	sandbox_namespaces_close(&n);
	return status;
}

void sandbox_namespaces_close(struct sandbox_namespaces *n)
{
	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++)
		io_cleanup_fd(&n->fd[i]);
}

/* Which namespace a descriptor's link names, "mnt:[4026531841]", or SANDBOX_NAMESPACES. */
static size_t which_namespace(int dir, const char *number)
{
	char link[64];
	ssize_t n = readlinkat(dir, number, link, sizeof link - 1);
	size_t i = 0;

	link[n > 0 ? n : 0] = '\0';
	while (i < SANDBOX_NAMESPACES && (strncmp(link, names[i], strlen(names[i])) != 0 || strncmp(link + strlen(names[i]), ":[", 2) != 0))
		i++;
	return i;
}

int sandbox_find_namespaces(pid_t supervisor, struct sandbox_namespaces *n, struct err *e)
{
	size_t found = 0, i;
	struct dirent *d;
	char path[32];
	DIR *dir;

	*n = (struct sandbox_namespaces)SANDBOX_NAMESPACES_INIT;
	snprintf(path, sizeof path, "/proc/%ld/fd", (long)supervisor);
	dir = opendir(path);
	if (!dir)
		return err_errno(e, errno, "look at the container's supervisor");
	while ((d = readdir(dir)))
		if ((i = which_namespace(dirfd(dir), d->d_name)) < SANDBOX_NAMESPACES && n->fd[i] == -1 &&
		    (n->fd[i] = openat(dirfd(dir), d->d_name, O_RDONLY | O_CLOEXEC)) != -1)
			found++;
	closedir(dir);
	if (found == SANDBOX_NAMESPACES)
		return 0;
	sandbox_namespaces_close(n);
	return err_set(e, ERR_USAGE, "the container cannot be joined: its supervisor holds no namespaces of it");
}

int sandbox_enter(const struct sandbox *s, struct err *e)
{
	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++)
		/* EINVAL for the first: it is our own (--userns=host), which cannot be joined. */
		if (setns(s->join->fd[i], 0) == -1 && (i > 0 || errno != EINVAL))
			return err_errno(e, errno, "join the container's %s namespace", names[i]);
	if (setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1)
		return err_errno(e, errno, "become the container's root");
	return 0;
}
