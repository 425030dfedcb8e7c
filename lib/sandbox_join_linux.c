#include "sandbox_inside.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

int sandbox_enter(const struct sandbox *s, struct err *e)
{
	const int namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	/* All in one step, or none. EINVAL: the user namespace is our own (--userns=host), which cannot be joined. */
	if (setns(s->join, namespaces | CLONE_NEWUSER) == -1 && (errno != EINVAL || setns(s->join, namespaces) == -1)) {
		if (errno == ESRCH)
			return err_set(e, ERR_NOT_FOUND, "the container has ended");
		return err_errno(e, errno, "join the container's namespaces");
	}
	if (setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1)
		return err_errno(e, errno, "become the container's root");
	return 0;
}
