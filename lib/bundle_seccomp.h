/*
 * bundle_seccomp - the section linux.seccomp of a config.json (runtime-spec config-linux.md, Seccomp).
 */
#ifndef CR_BUNDLE_SECCOMP_H
#define CR_BUNDLE_SECCOMP_H

#include "bundle_read.h"

/* Reads linux.seccomp, which may not be there, into the sandbox's filter. After process, whose capabilities it looks at. */
int bundle_read_seccomp(struct bundle *b, struct json_value seccomp, struct err *e);

/*
 * Sets the filter of system calls: the built-in policy for a container whose bounding set is `caps`, or, with a file, what that
 * says (docker's form or the OCI's).
 */
int bundle_use_seccomp(struct bundle *b, uint64_t caps, const char *file, struct err *e);

/* Writes the member "seccomp": the built-in policy for a container whose bounding set is `caps`. */
void bundle_put_seccomp(struct json_writer *w, uint64_t caps);

/* The same from a file in docker's or the OCI's form (--security-opt seccomp=FILE). Its errors are seccomp_read's. */
int bundle_put_seccomp_file(struct json_writer *w, const char *path, uint64_t caps, struct err *e);

#endif
