/*
 * auth - credentials from the files that docker, podman and skopeo keep (containers-auth.json(5)).
 */
#ifndef CR_AUTH_H
#define CR_AUTH_H

#include "err.h"

#include <stdbool.h>

#define AUTH_FILE_MAX (1 << 20) /* bytes */

/* Text is owned; NULL where there is none. */
struct credentials {
	char *user, *password;
	char *identity_token; /* instead of a password, for a token server */
};

#define CREDENTIALS_INIT { NULL, NULL, NULL }

void credentials_clear(struct credentials *c); /* wipes the secrets */
#define cleanup_credentials __attribute__((cleanup(credentials_clear)))

/*
 * What the first of the `files` (NULL-terminated, in order of precedence) that knows the registry says for
 * "registry/repository": the longest prefix that has an entry, down to the host alone; docker.io's entry is that of
 * https://index.docker.io/v1/. Files that are not there, or not ours to read, are passed over. 1 found, 0 none, -1 with the error set (a file that is no
 * JSON, an entry that is no base64 of "user:password").
 */
int auth_find(const char *const *files, const char *registry, const char *repository, struct credentials *out,
	      struct err *e);

/* Appends "Basic <base64>" for a user and a password. */
struct buf;
void auth_basic(const struct credentials *c, struct buf *out);

#endif
