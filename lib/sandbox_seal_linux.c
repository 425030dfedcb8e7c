#include "sandbox_inside.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
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

int sandbox_seal_program(char *const argv[], struct err *e)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	cleanup_fd int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), copy = -1;
	int seals;

	if (self == -1)
		return err_errno(e, errno, "/proc/self/exe");
	seals = fcntl(self, F_GET_SEALS);
	if (seals != -1 && (seals & ALL_SEALS) == ALL_SEALS) {
		prctl(PR_SET_NAME, name); /* what ps shows: executing a descriptor leaves its number there */
		/* Runs already; nobody is to run it a second time, through /proc/self/exe or a "#!" line that says so. */
		return fchmod(self, 0) == -1 ? err_errno(e, errno, "seal the program") : 0;
	}
	copy = new_memfd(name);
	if (copy == -1 || copy_whole(self, copy) == -1 || fcntl(copy, F_ADD_SEALS, ALL_SEALS) == -1)
		return err_errno(e, errno, "copy the program");
	fexecve(copy, argv, environ);
	return err_errno(e, errno, "execute the program's copy");
}
