#include "sandbox_inside.h"

#include "io.h"
#include "sandbox_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#define SYSCTL_PATH_MAX 128

/* Whether it is the kernel's: what somebody mounted over it would swallow what is written (CVE-2025-52881). */
static int check_proc(int fd, const char *path, struct err *e)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return err_errno(e, errno, "%s", path);
	return fs.f_type == PROC_SUPER_MAGIC ? 0 : err_set(e, ERR_IO, "%s: is not of a proc filesystem", path);
}

/* `path` below the directory, or by itself. The kernel takes one write for a whole. */
static int write_value(int dir, const char *path, const char *value, struct err *e)
{
	cleanup_fd int fd = openat(dir, path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	size_t len = strlen(value);

	if (fd == -1)
		return err_errno(e, errno, "%s", path);
	if (check_proc(fd, path, e) == -1)
		return -1;
	if (write(fd, value, len) == (ssize_t)len)
		return 0;
	return err_set(e, errno == EACCES ? ERR_DENIED : ERR_IO, "%s: %s", path, strerror(errno));
}

static int set_sysctl(int proc, const struct sandbox_sysctl *sysctl, struct err *e)
{
	char path[SYSCTL_PATH_MAX];
	int n = snprintf(path, sizeof path, "sys/%s", sysctl->name);

	if (n < 0 || (size_t)n >= sizeof path || strstr(path, ".."))
		return err_set(e, ERR_USAGE, "sysctl %s is not understood", sysctl->name);
	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	if (write_value(proc, path, sysctl->value, e) == -1)
		return err_context(e, "sysctl %s", sysctl->name);
	return 0;
}

int sandbox_set_kernel(const struct sandbox *s, struct err *e)
{
	cleanup_fd int proc = -1;

	if (s->domainname && setdomainname(s->domainname, strlen(s->domainname)) == -1)
		return err_errno(e, errno, "domain name %s", s->domainname);
	if (s->sysctl_count == 0)
		return 0;
	/* One that is mounted nowhere: no path of the image, nor a mount upon one, has a part in it. */
	proc = mount_new("proc", NULL, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	if (proc == -1)
		return err_context(e, "sysctl");
	for (size_t i = 0; i < s->sysctl_count; i++)
		if (set_sysctl(proc, &s->sysctls[i], e) == -1)
			return -1;
	return 0;
}

int sandbox_set_oom_score(const struct sandbox *s, struct err *e)
{
	char value[16];

	if (!s->set_oom_score_adj)
		return 0;
	snprintf(value, sizeof value, "%d", s->oom_score_adj);
	if (write_value(AT_FDCWD, "/proc/self/oom_score_adj", value, e) == 0)
		return 0;
	if (e->kind == ERR_DENIED)
		return err_set(e, ERR_USAGE, "oomScoreAdj %d: lower than the caller's, for which CAP_SYS_RESOURCE is needed",
			       s->oom_score_adj);
	return err_context(e, "oomScoreAdj %d", s->oom_score_adj);
}
