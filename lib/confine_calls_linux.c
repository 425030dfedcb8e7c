#include "confine_calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef ARCH /* elsewhere many of these calls have other names, or none */

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* What the C library and the allocator need in any process, too. */
static const int reading[] = {
	SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev, SYS_close, SYS_close_range, SYS_fstat, SYS_lseek, SYS_fcntl,
	SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_sched_yield,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
	SYS_getpid, SYS_gettid, SYS_tgkill, SYS_exit, SYS_exit_group,
	SYS_getrandom, SYS_clock_gettime, SYS_gettimeofday,
};

static const int files[] = {
	SYS_pwrite64, SYS_ftruncate, SYS_copy_file_range, SYS_dup, SYS_pipe2,
	SYS_openat, SYS_openat2, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_faccessat, SYS_faccessat2, SYS_readlinkat,
	SYS_getdents64, SYS_mkdirat, SYS_mknodat, SYS_linkat, SYS_symlinkat, SYS_unlinkat, SYS_renameat2,
	SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_umask,
	SYS_fsetxattr, SYS_fgetxattr, SYS_flistxattr, SYS_fremovexattr,
	SYS_lsetxattr, SYS_lgetxattr, SYS_llistxattr, SYS_lremovexattr,
	SYS_wait4, SYS_kill, SYS_getppid, SYS_set_robust_list, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
#ifdef SYS_chmod
	SYS_chmod, /* by which the C library changes a mode without following symlinks */
#endif
	SYS_capget, SYS_capset, SYS_prctl, SYS_seccomp, /* with which a child gives up more */
};

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define INSTRUCTIONS_MAX (COUNT(reading) + COUNT(files) + 16)

struct program {
	struct sock_filter code[INSTRUCTIONS_MAX];
	unsigned short length;
};

static void add(struct program *p, struct sock_filter instruction)
{
	p->code[p->length++] = instruction;
}

static void load(struct program *p, size_t offset)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static void answer(struct program *p, unsigned what)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* Each call of the list jumps to the answer, which is the last instruction. */
static void allow(struct program *p, const int *calls, size_t count, unsigned short end)
{
	for (size_t i = 0; i < count; i++) {
		unsigned char to_end = (unsigned char)(end - 1 - p->length - 1);
		add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], to_end, 0));
	}
}

/*
 * The machine; the calls; then clone by its flags, for files alone; then no, and yes. A jump is at most 255
 * instructions, which the lists are far from.
 */
static void compose(struct program *p, enum confine_calls which)
{
	const size_t count = COUNT(reading) + (which == CONFINE_FILES ? COUNT(files) + 3 : 0);
	const unsigned short end = (unsigned short)(4 + count + 2);

	load(p, offsetof(struct seccomp_data, arch));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	allow(p, reading, COUNT(reading), end);
	if (which == CONFINE_FILES) {
		allow(p, files, COUNT(files), end);
		add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2));
		load(p, offsetof(struct seccomp_data, args[0])); /* the low half, on little-endian machines */
		add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1));
	}
	answer(p, SECCOMP_RET_ERRNO | EPERM);
	answer(p, SECCOMP_RET_ALLOW);
}

int confine_to_calls(enum confine_calls which, struct err *e)
{
	struct program p = { .length = 0 };
	struct sock_fprog f = { .filter = p.code };

	compose(&p, which);
	f.len = p.length;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f) == 0 || errno == ENOSYS || errno == EINVAL)
		return 0;
	return err_errno(e, errno, "restrict the system calls");
}
#else
int confine_to_calls(enum confine_calls which, struct err *e)
{
	(void)which;
	(void)e;
	return 0;
}
#endif
