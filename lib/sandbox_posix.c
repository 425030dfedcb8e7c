#include "sandbox_process.h"

#include <unistd.h>

const enum sandbox_isolation sandbox_isolation_default = SANDBOX_CHROOT;

#define DESCRIPTORS_MAX 65536 /* as many are closed one by one at most */

void sandbox_close_from(int lowest)
{
	long limit = sysconf(_SC_OPEN_MAX);

	if (limit < 0 || limit > DESCRIPTORS_MAX)
		limit = DESCRIPTORS_MAX;
	for (int fd = lowest; fd < limit; fd++)
		close(fd);
}

void sandbox_die_with_parent(void)
{
}

int sandbox_own_arguments(char *argv[], struct err *e)
{
	(void)argv, (void)e;
	return 0; /* nothing inside can ask for them */
}

int sandbox_seal_program(char *const argv[], bool own_rights, struct err *e)
{
	(void)argv, (void)own_rights, (void)e;
	return 0; /* without /proc nothing inside can name the program */
}

int sandbox_find_namespaces(pid_t supervisor, struct sandbox_namespaces *n, struct err *e)
{
	(void)supervisor, (void)e;
	*n = (struct sandbox_namespaces)SANDBOX_NAMESPACES_INIT;
	return 0; /* there is nothing to join but the directory */
}

void sandbox_namespaces_close(struct sandbox_namespaces *n)
{
	(void)n;
}

int sandbox_run(const struct sandbox *s, struct err *e)
{
	if (s->isolation != SANDBOX_CHROOT) {
		err_set(e, ERR_USAGE, "this system has no namespaces: only --isolation=chroot");
		return SANDBOX_FAILED;
	}
	return sandbox_run_chroot(s, e);
}
