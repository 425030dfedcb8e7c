#include "confine.h"

#include "confine_calls.h"
#include "io.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define DESCRIPTORS_MAX 8 /* standard error, and what is kept */

const int confine_namespaces = CLONE_NEWPID | CLONE_NEWIPC;

/* To make files of any owner, mode, type and attribute, and to look into those made already. */
static const uint64_t file_caps = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID |
				  1u << CAP_MKNOD | UINT64_C(1) << CAP_SETFCAP;

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The descriptors from `from` up to below `to`; Linux 5.9. */
static int close_between(int from, int to)
{
	return from < to ? (int)syscall(SYS_close_range, from, to - 1, 0) : 0;
}

static int close_but(const int *keep, size_t count, struct err *e)
{
	int open[DESCRIPTORS_MAX] = { STDERR_FILENO }, from = 0;

	if (count > DESCRIPTORS_MAX - 1)
		return err_set(e, ERR_IO, "too many descriptors to keep");
	for (size_t i = 0; i < count; i++)
		open[i + 1] = keep[i];
	qsort(open, count + 1, sizeof *open, compare);
	for (size_t i = 0; i < count + 1; i++) {
		if (close_between(from, open[i]) == -1)
			return err_errno(e, errno, "close descriptors");
		from = open[i] + 1;
	}
	return syscall(SYS_close_range, from, ~0u, 0) == -1 ? err_errno(e, errno, "close descriptors") : 0;
}

/* Those of `wanted` that we have, and no other. */
static int keep_caps(uint64_t wanted, struct err *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) == -1)
		return err_errno(e, errno, "read the capabilities");
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(wanted >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) == -1 ? err_errno(e, errno, "drop capabilities") : 0;
}

static int no_new_privs(struct err *e)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ? err_errno(e, errno, "no_new_privs") : 0;
}

int confine(int root, const int *keep, size_t count, struct err *e)
{
	int kept[DESCRIPTORS_MAX] = { root };

	if (count > DESCRIPTORS_MAX - 2)
		return err_set(e, ERR_IO, "too many descriptors to keep");
	for (size_t i = 0; i < count; i++)
		kept[i + 1] = keep[i];
	if (no_new_privs(e) == -1)
		return -1;
	if (geteuid() == 0 && (fchdir(root) == -1 || chroot(".") == -1))
		return err_errno(e, errno, "chroot into the layer's tree");
	if (close_but(kept, count + 1, e) == -1 || keep_caps(file_caps, e) == -1)
		return -1;
	return confine_to_calls(CONFINE_FILES, e);
}

int confine_to_reading(const int *keep, size_t count, struct err *e)
{
	if (no_new_privs(e) == -1 || close_but(keep, count, e) == -1 || keep_caps(0, e) == -1)
		return -1;
	return confine_to_calls(CONFINE_READING, e);
}
