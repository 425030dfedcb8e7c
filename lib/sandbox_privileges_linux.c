#include "sandbox_inside.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPS 64 /* bits of a set; the kernel knows fewer */

int sandbox_harden(struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return err_errno(e, errno, "die with the parent");
	/* No ptrace, no /proc/1/exe, no /proc/1/fd for those inside (CVE-2016-9962, CVE-2019-5736). */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return err_errno(e, errno, "forbid tracing");
	return 0;
}

static int drop_bounding(uint64_t keep, struct err *e)
{
	for (unsigned long cap = 0; cap < CAPS; cap++) {
		int held = prctl(PR_CAPBSET_READ, cap);

		if (held == -1) /* past the last one */
			return 0;
		if (held && !(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap) == -1)
			return err_errno(e, errno, "drop capability %lu", cap);
	}
	return 0;
}

/* No libcap: it would be a library for two system calls. */
static int get_permitted(uint64_t *permitted, struct err *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) == -1)
		return err_errno(e, errno, "read the capabilities");
	*permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	return 0;
}

static int set_caps(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct err *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(effective >> 32 * i),
			.permitted = (uint32_t)(permitted >> 32 * i),
			.inheritable = (uint32_t)(inheritable >> 32 * i),
		};
	if (syscall(SYS_capset, &header, data) == -1)
		return err_errno(e, errno, "set the capabilities");
	return 0;
}

static int raise_ambient(uint64_t caps, struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return err_errno(e, errno, "clear the ambient capabilities");
	for (unsigned long cap = 0; cap < CAPS; cap++)
		if (caps >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == -1)
			return err_errno(e, errno, "raise ambient capability %lu", cap);
	return 0;
}

/* There is no container without the filter it is to have. */
static int install_filter(const struct sandbox_filter *f, struct err *e)
{
	/* The kernel only reads; its header has no const. */
	struct sock_fprog program = { f->count, (struct sock_filter *)(uintptr_t)f->code };
	unsigned long flags = f->log ? SECCOMP_FILTER_FLAG_LOG : 0;

	if (!f->code)
		return err_set(e, ERR_USAGE, "the system calls of this machine are not known, so they cannot be filtered");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0)
		return 0;
	if (errno == ENOSYS || (errno == EINVAL && prctl(PR_GET_SECCOMP) == -1))
		return err_set(e, ERR_USAGE, "this kernel has no system-call filters (CONFIG_SECCOMP_FILTER)");
	return err_errno(e, errno, "filter the system calls");
}

int sandbox_drop_privileges(const struct sandbox *s, const struct user *u, struct err *e)
{
	uint64_t held = 0, permitted;

	/* The caller's session keyring holds his keys; where the kernel has no keyrings there is nothing to hide. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) == -1 && errno == EDQUOT)
		return err_errno(e, errno, "session keyring");
	/* Without no_new_privs it takes CAP_SYS_ADMIN, which is about to go. The filter has to allow what follows here. */
	if (s->filter && !s->no_new_privs && install_filter(s->filter, e) == -1)
		return -1;
	if (drop_bounding(s->caps_bounding, e) == -1)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1) == -1) /* until execve, so that the sets can be chosen after the user */
		return err_errno(e, errno, "keep the capabilities");
	if (sandbox_become(s, u, e) == -1 || get_permitted(&held, e) == -1)
		return -1;
	permitted = s->caps_permitted & held;
	if (set_caps(s->caps_effective & permitted, permitted, s->caps_inheritable & permitted, e) == -1)
		return -1;
	if (raise_ambient(s->caps_ambient & s->caps_inheritable & permitted, e) == -1)
		return -1;
	if (s->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_errno(e, errno, "no_new_privs");
	return s->filter && s->no_new_privs ? install_filter(s->filter, e) : 0;
}
