#include "userns.h"

#include <errno.h>
#include <unistd.h>

int userns_plan(struct userns *ns, struct err *e)
{
	(void)e;
	*ns = (struct userns){ .kind = USERNS_NONE };
	return 0;
}

void userns_plan_own(struct userns *ns)
{
	*ns = (struct userns){ .kind = USERNS_NONE };
}

int userns_plan_container(struct userns *ns, struct err *e)
{
	return userns_plan(ns, e);
}

int userns_plan_given(struct userns *ns, struct err *e)
{
	(void)ns;
	return err_set(e, ERR_USAGE, "this system has no user namespaces");
}

bool userns_can_chown(const struct userns *ns)
{
	(void)ns;
	return geteuid() == 0;
}

bool userns_maps(const struct userns *ns, bool group, uint32_t id)
{
	(void)ns, (void)group, (void)id;
	return true;
}

pid_t userns_fork(const struct userns *ns, int flags, struct err *e)
{
	pid_t pid;

	if (ns->kind != USERNS_NONE || flags != 0)
		return err_set(e, ERR_USAGE, "this system has no user namespaces");
	pid = fork();
	return pid == -1 ? err_errno(e, errno, "new process") : pid;
}
