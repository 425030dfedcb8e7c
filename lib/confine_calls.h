/*
 * confine_calls - the system calls that are left to a confined process: all others fail with EPERM (seccomp(2)).
 * Private to confine*.c.
 */
#ifndef CR_CONFINE_CALLS_H
#define CR_CONFINE_CALLS_H

#include "err.h"

enum confine_calls {
	CONFINE_READING, /* descriptors that are open, memory, the clock */
	CONFINE_FILES,	 /* and files, beneath whatever root there is; processes of its own, without new namespaces */
};

/*
 * Needs no_new_privs, cannot be undone, and holds for children. 0; ERR_IO. On a kernel without system-call filters,
 * and on machines whose calls we do not know, nothing is done.
 */
int confine_to_calls(enum confine_calls which, struct err *e);

#endif
