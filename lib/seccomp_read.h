/*
 * seccomp_read - the pieces that seccomp_read is made of. Private to seccomp*.c.
 */
#ifndef CR_SECCOMP_READ_H
#define CR_SECCOMP_READ_H

#include "buf.h"
#include "seccomp.h"

/* ---- values: `name` is what the message calls them ---- */

/* Zeroed memory of the profile's, for n elements and one more. */
void *seccomp_alloc(struct seccomp_profile *p, size_t n, size_t size, struct err *e);

/* 0 where it is not there. */
int seccomp_read_uint64(struct json_value v, const char *name, uint64_t *out, struct err *e);

int seccomp_read_action(struct json_value v, const char *name, enum seccomp_action *out, struct err *e);

/* EPERM where it is not there (config-linux.md: errnoRet, defaultErrnoRet). */
int seccomp_read_errno(struct json_value v, const char *name, int *out, struct err *e);

/* The position in a NULL-terminated list of what follows the prefix; -1 for anything else. */
int seccomp_find(struct json_value v, const char *prefix, const char *const *words);

/* Sets the error for a word that is none. Returns -1. */
int seccomp_unknown(struct json_value v, const char *name, struct err *e);

/* Appends the strings of a JSON array as words of a list, `max` at most. */
int seccomp_add_words(struct buf *list, struct json_value v, const char *name, size_t max, struct err *e);

/* Ends the list and hands it to the profile. An empty one is NULL. */
int seccomp_keep_words(struct seccomp_profile *p, struct buf *list, const char **out, struct err *e);

/* Both. */
int seccomp_read_words(struct seccomp_profile *p, struct json_value v, const char *name, const char **out, struct err *e);

/* ---- entries ---- */

/* The member "syscalls". */
int seccomp_read_entries(struct seccomp_profile *p, struct json_value list, struct err *e);

#endif
