/*
 * seccomp - a filter of system calls (seccomp(2)): from a profile, in docker's form or the OCI's (runtime-spec
 * config-linux.md, Seccomp), to a program for the kernel.
 *
 *	struct seccomp_profile p;
 *	struct sandbox_filter f;
 *	if (seccomp_read_file(&p, path, seccomp_native, e) == 0 &&
 *	    seccomp_compose(&p, seccomp_native_table, caps, &f, e) == 0)
 *		…; free((void *)f.code);
 *	seccomp_clear(&p);
 *
 * A profile names calls; the tables of numbers, and docker's default profile as share/seccomp.json has it, are made when the
 * library is built (share/seccomp-build.c). What a profile says is read like this:
 *
 * - Where several entries apply to one call with its arguments, the strictest action is taken, as the kernel does with several
 *   filters (libseccomp takes the one without conditions); of several errnos the first in the profile.
 * - The comparisons of one entry must all hold; where one of them has the argument of another, each stands alone (as runc
 *   and crun have it).
 * - A call that is newer than the tables fails with ENOSYS, so that a C library takes the older way, unless the default action
 *   lets calls through. The same for x32 calls, in all profiles. Another architecture kills the process.
 * - Names that the machine does not know are passed over. On 32-bit x86 the calls of socketcall(2) and ipc(2) are
 *   filtered there, too; entries that let through by arguments are not, as those lie in memory there.
 */
#ifndef CR_SECCOMP_H
#define CR_SECCOMP_H

#include "err.h"
#include "json.h"
#include "sandbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECCOMP_ARGS 6		  /* of a system call */
#define SECCOMP_ENTRIES_MAX 4096  /* of a profile */
#define SECCOMP_NAMES_MAX 4096	  /* of an entry */
#define SECCOMP_COMPARISONS_MAX 64 /* of an entry */
#define SECCOMP_RULES_MAX 65536	  /* names of all the entries that apply */
#define SECCOMP_ERRNO_MAX 4095	  /* the kernel's MAX_ERRNO */
#define SECCOMP_ARCHES 2	  /* of a machine: its own and the 32-bit one that it runs, too */
#define SECCOMP_SPANS 2		  /* of numbers: the kernel's, and ARM's private ones */
#define SECCOMP_NAME_MAX 32	  /* bytes of a call's name, with the NUL */

/* From the mildest to the strictest. */
enum seccomp_action {
	SECCOMP_ACT_ALLOW, SECCOMP_ACT_LOG, SECCOMP_ACT_TRACE, SECCOMP_ACT_ERRNO, SECCOMP_ACT_TRAP, SECCOMP_ACT_KILL_THREAD,
	SECCOMP_ACT_KILL_PROCESS,
};

enum seccomp_op { SECCOMP_NE, SECCOMP_LT, SECCOMP_LE, SECCOMP_EQ, SECCOMP_GE, SECCOMP_GT, SECCOMP_MASKED_EQ };

/* A comparison of the whole 64 bits of an argument, unsigned. */
struct seccomp_comparison {
	unsigned int index; /* of the argument, from 0 */
	enum seccomp_op op;
	uint64_t value;	 /* the mask of SECCOMP_MASKED_EQ: argument & value == second & value */
	uint64_t second;
};

/* Lists of words: each ended by a NUL, the list by an empty one; NULL: none. */
struct seccomp_entry {
	const char *names;
	enum seccomp_action action;
	int data; /* the errno of SECCOMP_ACT_ERRNO, the tracer's message of SECCOMP_ACT_TRACE */
	const struct seccomp_comparison *args;
	size_t arg_count;
	/* Only for a container with all of `caps` and none of `no_caps`, on a machine of `arches` (NULL: any; Go's names) */
	uint64_t caps, no_caps;
	const char *arches, *no_arches; /* and not of these */
};

struct seccomp_profile {
	enum seccomp_action action; /* for calls that no entry applies to */
	int data;
	const char *arches; /* covered beside the machine's own: "SCMP_ARCH_X86"…; a list, or NULL */
	bool log;	    /* SECCOMP_FILTER_FLAG_LOG */
	const struct seccomp_entry *entries;
	size_t count;
	void **owned; /* what seccomp_read has allocated */
	size_t owned_count;
};

/* A kind of machine. */
struct seccomp_machine {
	const char *name;	/* as `uname -m` has it */
	const char *go_name;	/* as docker's profiles have it: "amd64" */
	struct {
		const char *name; /* SCMP_ARCH_X86_64 */
		uint32_t audit;	  /* AUDIT_ARCH_X86_64 */
	} arch[SECCOMP_ARCHES];
	size_t arch_count;
};

extern const struct seccomp_machine seccomp_machines[]; /* the last one has no name */
extern const struct seccomp_machine *const seccomp_native; /* this machine, as it was built for; NULL: not known */

struct seccomp_call {
	char name[SECCOMP_NAME_MAX];
	int32_t number[SECCOMP_ARCHES]; /* -1: not there */
};

/*
 * The numbers of a machine's calls; and of the default profile with sandbox_default_caps the program and what seccomp_put
 * writes.
 */
struct seccomp_table {
	const struct seccomp_machine *machine;
	const struct seccomp_call *calls; /* in the order of strcmp(3) */
	size_t count;
	struct seccomp_span {
		uint32_t first, last; /* all the numbers are within, both ends included; 0, 0: not there */
	} spans[SECCOMP_ARCHES][SECCOMP_SPANS]; /* ascending; the first one begins at 0 */
	struct sandbox_filter program;
	const char *text; /* by a writer of SECCOMP_TEXT_INDENT, at SECCOMP_TEXT_DEPTH: where it stands in a config.json of ours */
	size_t text_len;
};

#define SECCOMP_TEXT_INDENT 2
#define SECCOMP_TEXT_DEPTH 2

extern const struct seccomp_table *const seccomp_native_table; /* NULL: there are no filters on this system or machine */
extern const struct seccomp_profile seccomp_default;	       /* not to be cleared */

/*
 * Reads a profile in either form, for `machine` (NULL: an unknown one). ERR_CONTENT for what is none, and for an action, a
 * comparison or an errno that does not exist; ERR_USAGE by name for what would need a supervisor (SCMP_ACT_NOTIFY,
 * listenerPath). Entries for newer kernels than this one (docker's minKernel) are left out. seccomp_clear frees, after
 * failure too.
 */
int seccomp_read(struct seccomp_profile *p, struct json_value v, const struct seccomp_machine *machine, struct err *e);
int seccomp_read_file(struct seccomp_profile *p, const char *path, const struct seccomp_machine *machine, struct err *e);
void seccomp_clear(struct seccomp_profile *p);

/* Writes it as linux.seccomp of a config.json, for a container with these capabilities. The form is the OCI's. */
void seccomp_put(struct json_writer *w, const char *key, const struct seccomp_profile *p,
		 const struct seccomp_machine *machine, uint64_t caps);

/* The text that a member of a config.json has that seccomp_put has written. To be freed; NULL with the error set. */
char *seccomp_text(const struct seccomp_profile *p, const struct seccomp_machine *machine, uint64_t caps, size_t *len,
		   struct err *e);

/*
 * Composes the program. out->code is the caller's to free. ERR_USAGE where it would be longer than the kernel takes
 * (4096 instructions). A table of NULL gives a filter without code: whoever installs it must say that he cannot.
 */
int seccomp_compose(const struct seccomp_profile *p, const struct seccomp_table *t, uint64_t caps,
		    struct sandbox_filter *out, struct err *e);

/* The names as runtime-spec has them, without "SCMP_ACT_" and "SCMP_CMP_", in the enum's order; NULL ends the list. */
extern const char *const seccomp_action_names[], *const seccomp_op_names[];

/* Whether an entry is for a container with these capabilities on this machine. */
bool seccomp_applies(const struct seccomp_entry *entry, const struct seccomp_machine *machine, uint64_t caps);

/* Whether a list has the word. */
bool seccomp_listed(const char *list, const char *word);

#endif
