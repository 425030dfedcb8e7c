#include "sandbox_inside.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int new_memfd(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd == -1 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static int copy_whole(int from, int to)
{
	struct stat st;
	off_t done = 0;

	if (fstat(from, &st) == -1)
		return -1;
	while (done < st.st_size) {
		ssize_t n = sendfile(to, from, &done, (size_t)(st.st_size - done));
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
	}
	return 0;
}

/* Where the kernel finds our command line: argv's strings lie one behind the other. */
static struct {
	char *start;
	size_t len;
} command_line;

int sandbox_own_arguments(char *argv[], struct err *e)
{
	size_t n = 0;

	for (char *first = argv[0]; argv[n]; n++) {
		command_line.start = first;
		command_line.len = (size_t)(argv[n] - first) + strlen(argv[n]);
		if (!(argv[n] = strdup(argv[n])))
			return err_nomem(e);
	}
	return 0;
}

void sandbox_forget_arguments(void)
{
	char *start = command_line.start, *slash = start ? strrchr(start, '/') : NULL;
	size_t name;

	if (!start)
		return;
	name = strlen(slash ? slash + 1 : start);
	memmove(start, slash ? slash + 1 : start, name);
	explicit_bzero(start + name, command_line.len - name);
}

/* The descriptor that we were executed by, as execveat(2) tells it; -1 where it was a name. */
static int executed_by(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char end;
	int fd;

	return name && sscanf(name, "/dev/fd/%d%c", &fd, &end) == 1 ? fd : -1;
}

/* Whether `fd` is the mount through which we run: made by mount_readonly, and nobody else's. */
static bool is_our_mount(int fd)
{
	const unsigned int mask = STATX_MNT_ID | STATX_INO;
	struct statx self, st;
	int flags = fcntl(fd, F_GETFL);

	return flags != -1 && (flags & O_PATH) && statx(fd, "", AT_EMPTY_PATH, mask, &st) == 0 &&
	       statx(AT_FDCWD, "/proc/self/exe", 0, mask, &self) == 0 && st.stx_mnt_id == self.stx_mnt_id &&
	       st.stx_ino == self.stx_ino && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* The file as a mount of its own, read-only and in no namespace; -1 where we may not. */
static int clone_readonly(const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	cleanup_fd int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE); /* which finds itself by it (executed_by) */

	if (fd == -1 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr) == -1)
		return -1;
	return steal_fd(&fd);
}

/* A user's child, with our memory and our descriptors, but in namespaces where he may mount: there our file has a name only. */
struct child {
	char path[PATH_MAX];
	int mount; /* -1: it could not be made */
};

static int clone_as_user(void *child)
{
	struct child *c = child;

	c->mount = clone_readonly(c->path);
	return 0;
}

/* Whether the name led to our file. */
static bool is_our_file(int fd)
{
	struct stat self, st;

	return stat("/proc/self/exe", &self) == 0 && fstat(fd, &st) == 0 && self.st_dev == st.st_dev && self.st_ino == st.st_ino;
}

/*
 * The program as a mount that nobody in the container has a right over, as long as it has a user namespace: quicker made than a
 * copy of a megabyte. -1 where there cannot be one.
 */
static int mount_readonly(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	struct child child = { .path = "", .mount = -1 };
	pid_t pid;

	if (geteuid() == 0)
		return clone_readonly("/proc/self/exe");
	if (readlink("/proc/self/exe", child.path, sizeof child.path - 1) == -1)
		return -1;
	pid = clone(clone_as_user, stack + sizeof stack,
		    CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, &child);
	while (pid != -1 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	if (child.mount == -1 || is_our_file(child.mount))
		return child.mount;
	close(child.mount);
	return -1;
}

/* A copy in memory, for who cannot mount, and for containers that have the rights of the host's root. */
static int copy_in_memory(int self, const char *name, struct err *e)
{
	cleanup_fd int copy = new_memfd(name);

	if (copy == -1 || copy_whole(self, copy) == -1 || fcntl(copy, F_ADD_SEALS, ALL_SEALS) == -1)
		return err_errno(e, errno, "copy the program");
	return steal_fd(&copy);
}

static int open_mount = -1; /* through which the program can be executed again; -1: there is none, or none any more */

int sandbox_finish_seal(struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOEXEC };

	if (open_mount != -1 && mount_setattr(open_mount, "", AT_EMPTY_PATH, &attr, sizeof attr) == -1)
		return err_errno(e, errno, "seal the program");
	sandbox_leave_seal();
	return 0;
}

void sandbox_leave_seal(void)
{
	io_cleanup_fd(&open_mount);
}

void sandbox_close_from(int lowest)
{
	if (open_mount > lowest)
		close_range((unsigned int)lowest, (unsigned int)open_mount - 1, 0);
	if (open_mount >= lowest)
		lowest = open_mount + 1;
	close_range((unsigned int)lowest, ~0U, 0);
}

/*
 * Runs already as what nobody can write to. Nobody is to run it a second time either, through /proc/self/exe or a "#!" line
 * that says so. 1: it does not yet.
 */
static int seal_self(int self, struct err *e)
{
	int seals = fcntl(self, F_GET_SEALS), mount = executed_by();

	if (seals != -1 && (seals & ALL_SEALS) == ALL_SEALS)
		return fchmod(self, 0) == -1 ? err_errno(e, errno, "seal the program") : 0;
	if (mount == -1 || !is_our_mount(mount))
		return 1;
	fcntl(mount, F_SETFD, FD_CLOEXEC);
	open_mount = mount;
	return geteuid() == 0 ? sandbox_finish_seal(e) : 0;
}

int sandbox_seal_program(char *const argv[], bool own_rights, struct err *e)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	cleanup_fd int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), sealed = -1;
	int unsealed;

	if (self == -1)
		return err_errno(e, errno, "/proc/self/exe");
	unsealed = seal_self(self, e);
	if (unsealed <= 0) {
		prctl(PR_SET_NAME, name); /* what ps shows: executing a descriptor leaves its number there */
		return unsealed;
	}
	if (own_rights)
		sealed = mount_readonly();
	if (sealed == -1 && (sealed = copy_in_memory(self, name, e)) == -1)
		return -1;
	fexecve(sealed, argv, environ);
	return err_errno(e, errno, "execute the program's copy");
}
