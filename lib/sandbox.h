/*
 * sandbox - runs one process, isolated as a plain struct says. It knows no images and no JSON: bundle.h makes the
 * struct from a config.json. sandbox_linux.c supervises from outside, sandbox_init_linux.c is process 1 inside and sets
 * up what sandbox_root_linux.c, sandbox_mounts_linux.c, sandbox_dev_linux.c and sandbox_privileges_linux.c know how to;
 * sandbox_chroot.c is the portable way.
 *
 *	struct sandbox s;
 *	sandbox_init(&s);
 *	s.rootfs = "/tmp/bb/rootfs"; s.args = argv; …
 *	if (sandbox_seal_program(argv, e) == 0)
 *		status = sandbox_run(&s, e);
 *
 * All pointers are borrowed from the caller.
 */
#ifndef CR_SANDBOX_H
#define CR_SANDBOX_H

#include "err.h"
#include "userns.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit statuses of sandbox_run and of the programs above it (DESIGN §2). */
#define SANDBOX_FAILED 125	  /* the tool's own failure */
#define SANDBOX_CANNOT_EXECUTE 126
#define SANDBOX_NOT_FOUND 127

enum sandbox_isolation {
	SANDBOX_NAMESPACES, /* Linux: user, mount, pid, ipc and uts namespaces, pivot_root */
	SANDBOX_CHROOT,	    /* chroot, a clean environment, a changed user: the portable way */
};

extern const enum sandbox_isolation sandbox_isolation_default; /* the best that the platform has */

/* A mount inside the container, in the order given. */
struct sandbox_mount {
	const char *destination; /* absolute, inside */
	const char *type;	 /* proc, sysfs, tmpfs, devpts, mqueue, cgroup; bind: of a regular file */
	const char *source;	 /* of a bind: a path of the host; otherwise a label, or NULL */
	char *const *options;	 /* mount(8) words as runtime-spec has them, NULL-terminated, or NULL */
};

/* One of setrlimit(2)'s limits. */
struct sandbox_rlimit {
	const char *name;    /* "RLIMIT_CORE", for messages */
	int resource;	     /* RLIMIT_* */
	uint64_t soft, hard; /* UINT64_MAX: unlimited */
};

/* A device of the host that is visible inside: one of the kernel's harmless ones (runtime-spec config-linux.md, Devices). */
struct sandbox_device {
	const char *path; /* inside, below /dev */
	unsigned int major, minor;
};

/* A kernel parameter of a namespace that the container owns (config-linux.md, Sysctl). */
struct sandbox_sysctl {
	const char *name, *value; /* "kernel.shm_rmid_forced" or with slashes */
};

/* Descriptors of a container's namespaces. */
#define SANDBOX_NAMESPACES 6
struct sandbox_namespaces {
	int fd[SANDBOX_NAMESPACES];
};
#define SANDBOX_NAMESPACES_INIT { { -1, -1, -1, -1, -1, -1 } }

/* A filter of system calls, ready for the kernel (seccomp.h makes it). A chroot is run without. */
struct sandbox_filter {
	const void *code; /* struct sock_filter[count]; NULL: none can be made here, and nothing is run */
	unsigned short count;
	bool log;	  /* SECCOMP_FILTER_FLAG_LOG */
};

struct sandbox {
	enum sandbox_isolation isolation;
	struct userns userns;	/* userns_plan_container, or NONE for --userns=host */

	/* The root: a plain directory; or, with lower_count > 0, an overlay mounted there for this run alone. */
	const char *rootfs;
	const char *const *lower; /* directories, top first */
	size_t lower_count;
	const char *upper, *work; /* both, or NULL for a read-only overlay */
	bool discard;		  /* what is written need not outlive the run, nor be waited for at its end */
	bool readonly_root;

	const char *hostname;	/* or NULL: the host's */
	const char *domainname; /* or NULL: the host's */
	const struct sandbox_mount *mounts;
	size_t mount_count;
	const char *const *masked, *const *readonly; /* NULL-terminated paths inside, or NULL */
	bool host_files;	/* the host's resolv.conf and hosts are visible inside */
	const struct sandbox_device *devices; /* beyond those that every container has */
	size_t device_count;
	const struct sandbox_sysctl *sysctls;
	size_t sysctl_count;

	char *const *args;	/* NULL-terminated, at least one */
	char *const *env;	/* NULL-terminated, or NULL: empty */
	const char *cwd;	/* absolute, made where missing; NULL: "/" */
	const char *user;	/* looked up inside (user.h), HOME with it; NULL: the four fields below */
	bool keep_home;		/* HOME in env stands, whatever passwd says of `user` */
	uint32_t uid, gid;
	const uint32_t *groups;
	size_t group_count;
	uint64_t caps_bounding, caps_effective, caps_permitted, caps_inheritable, caps_ambient; /* 1 << CAP_* */
	bool no_new_privs;
	const struct sandbox_filter *filter; /* or NULL: none */
	bool set_oom_score_adj;
	int oom_score_adj; /* -1000 to 1000 (proc_pid_oom_score_adj(5)) */
	mode_t umask;
	const struct sandbox_rlimit *rlimits; /* core dumps are off unless listed */
	size_t rlimit_count;
	bool terminal;		/* a pseudo-terminal of the container's own, joined to ours */
	unsigned short rows, columns; /* its size in characters where none of our descriptors is a terminal; 0: the kernel's choice */
	bool no_init;		/* the command is process 1 itself: it has to reap, and gets the signals that it handles alone */
	/*
	 * The namespaces of a container that runs: the command joins it, and nothing of the above that says how a root, its mounts
	 * and its names are made matters. NULL: a container of its own.
	 */
	const struct sandbox_namespaces *join;
	bool joinable;		/* others can find its namespaces while it runs */

	/* Called once the process is about to run, with its pid and that of process 1, as seen from outside; may be NULL. */
	void (*started)(void *ctx, pid_t pid, pid_t init);
	/* Called once it runs: the file was found, and could be executed. May be NULL. */
	void (*executed)(void *ctx);
	/*
	 * Called with the exit status once the container has ended and nothing of it is held any more, where a terminal's output
	 * is left for a reader who does not take it now: sandbox_run returns only when it has been taken, or nobody is there for
	 * it, or a signal comes; or soon, where SIGTERM, SIGINT, SIGHUP or SIGQUIT had been passed on. May be NULL.
	 */
	void (*ended)(void *ctx, int status);
	/*
	 * Where the process's output goes instead of our own descriptors 1 and 2; NULL: there. Called with 1 or 2 and what was
	 * written, in order (a terminal's is 1, and a terminal then has no input). It must not fail.
	 */
	void (*output)(void *ctx, int fd, const char *data, size_t size);
	void *ctx;
};

/* Everything unset, with docker's default capabilities and no_new_privs. */
void sandbox_init(struct sandbox *s);

/* The default capability set: what docker leaves to a container's root. */
extern const uint64_t sandbox_default_caps;

/*
 * Points argv to copies of its strings, which last as long as the program. To be called first thing in main: all that a container
 * then sees of the command line that runs it, in /proc/1/cmdline, is the program's name. 0, or -1 with the error set.
 */
int sandbox_own_arguments(char *argv[], struct err *e);

/*
 * Makes the running program one that nothing can write to or execute again, by executing it once more, from a read-only mount
 * or a sealed copy in memory: a container that gets hold of its runtime through /proc then gets hold of nothing (CVE-2019-5736).
 * To be called with main's arguments before sandbox_run, while nothing else is open; returns 0 in the one that is sealed, and
 * does not return otherwise. own_rights: the container will have a user namespace. -1 with the error set.
 */
int sandbox_seal_program(char *const argv[], bool own_rights, struct err *e);

/*
 * Closes every descriptor from `lowest` up, but for what a sealed program runs from. Who is joinable has to let go of its
 * caller's: a namespace among them would pass for the container's.
 */
void sandbox_close_from(int lowest);

/*
 * The namespaces of the container that the process `supervisor` runs (sandbox_run, joinable), the caller's to close. That it is
 * the supervisor yet the caller has to see to, afterwards. ERR_USAGE where it holds none, as in a chroot; ERR_IO.
 */
int sandbox_find_namespaces(pid_t supervisor, struct sandbox_namespaces *n, struct err *e);
void sandbox_namespaces_close(struct sandbox_namespaces *n);

/*
 * Runs the process and waits for it, passing signals on. Returns its exit status, 128+N when signal N killed it,
 * 126 or 127 with the error set when it could not be executed, 125 with the error set for anything else.
 */
int sandbox_run(const struct sandbox *s, struct err *e);

#endif
