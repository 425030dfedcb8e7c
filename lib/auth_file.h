/*
 * auth_file - what stands in a file of credentials, without its secrets: keys, and the names of helpers. Private to
 * auth*.c.
 */
#ifndef CR_AUTH_FILE_H
#define CR_AUTH_FILE_H

#include "err.h"
#include "json.h"

/* Reads an open file. *doc is NULL for an empty one. 0 or -1. */
int auth_file_read(int fd, struct json **doc, struct err *e);

/* The same by name; a file that is not there, or not ours to read, counts as an empty one. The error names it. */
int auth_file_open(const char *path, struct json **doc, struct err *e);

/* What a place is called in files, and by helpers. NULL when memory has run out. */
char *auth_key_of(const char *place);

/* Whether the member of `auths` or `credHelpers` is of that (normalised) place. 1, 0, -1. */
int auth_is_of(struct json_value member, const char *place, struct err *e);

/*
 * The helper for the registry of the place. `own` is that of `credHelpers`, "" where the registry is said to have none;
 * `common` that of `credsStore`. NULL where there is none; owned by the caller. ERR_CONTENT for what is no name of a
 * helper.
 */
struct auth_helpers {
	char *own, *common;
};

int auth_file_helpers(const struct json *doc, const char *place, struct auth_helpers *out, struct err *e);
void auth_helpers_clear(struct auth_helpers *h);
#define cleanup_auth_helpers __attribute__((cleanup(auth_helpers_clear)))

/* The one that counts, or NULL. */
const char *auth_helper_for(const struct auth_helpers *h);

#endif
