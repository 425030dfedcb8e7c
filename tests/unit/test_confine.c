/* confine: what is left to a worker that reads what others wrote */
#include "confine.h"
#include "io.h"
#include "test.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#if defined(__linux__) && !defined(CR_PORTABLE)
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#endif

static char top[] = "/tmp/test-confine-XXXXXX";

struct seen {
	bool kept, root, others, outside, chroot, mount, parent, signal, files, privileges, network, namespace, program;
	unsigned caps;
};

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

#if defined(__linux__) && !defined(CR_PORTABLE)
static void look_at_privileges(struct seen *s)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	s->caps = syscall(SYS_capget, &header, data) == 0 ? data[0].permitted : ~0u;
	s->chroot = chroot(".") == 0;
	s->mount = mount("x", ".", "tmpfs", 0, NULL) == 0;
	s->parent = getppid() != 0;
	s->signal = kill(2, 0) == 0 || errno != ESRCH;
	s->privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
	s->network = socket(AF_INET, SOCK_STREAM, 0) != -1 || socket(AF_UNIX, SOCK_STREAM, 0) != -1;
	s->namespace = unshare(CLONE_NEWUSER) == 0 || syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) != -1;
	s->program = execl("/bin/true", "true", (char *)NULL) != -1 || errno != EPERM;
}
#else
static void look_at_privileges(struct seen *s)
{
	(void)s;
}
#endif

static int in_worker(void *ctx, struct err *e)
{
	int root = open(top, O_RDONLY | O_DIRECTORY), out = *(int *)ctx, before = open("/", O_RDONLY), after;
	int high = fcntl(root, F_DUPFD, 200);
	struct seen s = { .kept = false };

	after = open("/", O_RDONLY);
	if (confine(root, (int[]){ worker_report(), out }, 2, e) == -1)
		return -1;
	s.kept = is_open(out) && is_open(worker_report()) && is_open(STDERR_FILENO);
	s.root = is_open(root);
	s.others = is_open(STDIN_FILENO) || is_open(STDOUT_FILENO) || is_open(before) || is_open(after) || is_open(high);
	s.outside = open("/etc", O_RDONLY) != -1 || open("../etc", O_RDONLY) != -1; /* access(2) would not be allowed */
	s.files = mkdirat(root, "d", 0700) == 0 && fchownat(root, "d", 0, 0, 0) == 0;
	look_at_privileges(&s);
	return io_write_full(out, &s, sizeof s) == -1 ? err_errno(e, errno, "pipe") : 0;
}

static void test_what_a_worker_has_left(void)
{
	struct err e = ERR_INIT;
	struct userns ns;
	struct seen s = { .others = true };
	int ends[2], status;

	CHECK_INT(userns_plan(&ns, &e), 0);
	CHECK(mkdtemp(top) && pipe(ends) == 0);
	status = worker_run(&ns, confine_namespaces, in_worker, &ends[1], &e);
	if (status == -1 && ns.kind != USERNS_NONE) {
		printf("skipped: %s\n", e.text);
		rmdir(top);
		return;
	}
	CHECK_STR(e.text, "");
	CHECK_INT(status, 0);
	close(ends[1]); /* a worker that failed has written nothing */
	CHECK_INT(io_read_full(ends[0], &s, sizeof s), sizeof s);
	CHECK(s.kept && s.root && s.files);
	CHECK(!s.others && !s.outside);
	CHECK(!s.chroot && !s.mount && !s.parent && !s.signal && !s.privileges);
	CHECK(!s.network && !s.namespace && !s.program);
#if defined(__linux__) && !defined(CR_PORTABLE)
	/* chown, dac_override, fowner, fsetid, mknod; setfcap is the 31st */
	CHECK_INT(s.caps & ~(1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 27 | 1u << 31), 0);
#endif
	CHECK_INT(unlinkat(AT_FDCWD, top, AT_REMOVEDIR), -1);
	if (chdir(top) == 0)
		rmdir("d");
	CHECK_INT(rmdir(top), 0);
}

/* An error has to come back although nearly everything is closed. */
static int fails(void *ctx, struct err *e)
{
	int root = open("/tmp", O_RDONLY | O_DIRECTORY);

	(void)ctx;
	if (confine(root, (int[]){ worker_report() }, 1, e) == -1)
		return -1;
	return err_set(e, ERR_CONTENT, "from inside");
}

static void test_an_error_comes_back(void)
{
	struct err e = ERR_INIT;
	struct userns ns;

	CHECK_INT(userns_plan(&ns, &e), 0);
	CHECK_INT(worker_run(&ns, confine_namespaces, fails, NULL, &e), -1);
	if (ns.kind == USERNS_NONE)
		CHECK_STR(e.text, "from inside");
}

int main(void)
{
	RUN(test_what_a_worker_has_left);
	RUN(test_an_error_comes_back);
	return test_end();
}
