/*
 * security - what a user may change of a container's protection, as `docker run` has it: --cap-add, --cap-drop and
 * --security-opt. Only words and sets; bundle.h writes them into a config.json, or security_apply puts them over one that was read.
 *
 *	struct security sec = SECURITY_INIT;
 *	security_add_cap(&sec, "net_admin", e); security_drop_cap(&sec, "ALL", e); security_option(&sec, "seccomp=p.json", e);
 *	caps = security_caps(&sec, sandbox_default_caps);
 */
#ifndef CR_SECURITY_H
#define CR_SECURITY_H

#include "err.h"
#include "sandbox.h"

#include <stdbool.h>
#include <stdint.h>

struct security {
	uint64_t add, drop; /* 1 << CAP_* */
	bool add_all, drop_all;
	int no_new_privs;	  /* 1, 0; -1: nothing was said */
	const char *seccomp;	  /* a profile's path, borrowed; NULL: nothing was said, or "unconfined" */
	bool seccomp_unconfined;
	bool systempaths_unconfined; /* neither masked nor read-only paths */
};

#define SECURITY_INIT { .no_new_privs = -1 }

/* "CAP_CHOWN", "chown" in any case, or "ALL". ERR_USAGE for an unknown name. */
int security_add_cap(struct security *s, const char *name, struct err *e);
int security_drop_cap(struct security *s, const char *name, struct err *e);

/*
 * "no-new-privileges", "no-new-privileges=true" or "=false", "seccomp=unconfined", "seccomp=FILE", "systempaths=unconfined";
 * ':' may stand for '='. Of two that contradict each other the later counts. Keeps a pointer to `text`. ERR_USAGE for anything else.
 */
int security_option(struct security *s, const char *text, struct err *e);

/* Whether anything was said of capabilities. */
bool security_changes_caps(const struct security *s);

/*
 * A set with what was added and without what was dropped. Adding is stronger: ALL dropped and one added is exactly that one.
 * But of ALL that was added those are gone that were dropped by name.
 */
uint64_t security_caps(const struct security *s, uint64_t set);

/*
 * Changes the sets of a sandbox, its no_new_privs and its paths. What is added comes into the bounding, effective and
 * permitted set, as with docker: a process that is not root does not get it. The filter is left to the caller.
 */
void security_apply(const struct security *s, struct sandbox *sandbox);

#endif
