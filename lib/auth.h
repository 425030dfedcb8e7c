/*
 * auth - credentials in the files that docker, podman and skopeo keep (containers-auth.json(5)), and in the helper
 * programs that those name (docker-credential-NAME).
 *
 *	cleanup_credentials struct credentials who = CREDENTIALS_INIT;
 *	if (auth_find(files, "quay.io", "project/x", &who, e) == 1)
 *		auth_basic(&who, &header);
 *
 * A file is JSON: `auths` has entries, by registry or by the beginning of "registry/repository"; `credHelpers` names a
 * helper for a registry ("" keeps it to `auths`), `credsStore` one for all others. A helper is found by PATH, is told
 * the registry on its standard input, answers on its standard output (AUTH_HELPER_MAX), and has our standard error; it
 * may ask the user something, so there is no limit to its time. No secret is ever on a command line or in the
 * environment. SIGPIPE must be ignored, as cli_start has it.
 *
 * A `place` is "registry" or "registry/beginning-of-a-repository", as auth_normalise has it. docker.io's entry is called
 * https://index.docker.io/v1/, in files and by helpers; other spellings of it are understood.
 */
#ifndef CR_AUTH_H
#define CR_AUTH_H

#include "err.h"

#include <stdbool.h>

#define AUTH_FILE_MAX (1 << 20)	  /* bytes */
#define AUTH_HELPER_MAX (64 << 10) /* bytes a helper may say */
#define AUTH_SECRET_MAX (32 << 10) /* bytes of a user name or password that is stored */

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
 * "registry/repository": the registry's own helper; else the entry of the longest prefix that holds a secret, down to
 * the host alone; else the helper of all registries. A helper that knows nothing leaves it to the next file. Files that
 * are not there, or not ours to read, are passed over. 1 found, 0 none, -1 with the error set (a file that is no JSON,
 * an entry that is no base64 of "user:password", a helper that fails).
 */
int auth_find(const char *const *files, const char *registry, const char *repository, struct credentials *out,
	      struct err *e);

/*
 * Makes what a user or a file calls a place the place: without a scheme (and then without the API version that docker
 * writes behind the host), docker.io by that name. It grows no longer.
 */
void auth_normalise(char *place);

/* Whether `auths` of the file has an entry of exactly that place, with a secret or without. 1, 0, -1 as above. */
int auth_has(const char *file, const char *place, struct err *e);

/* Whether the file has a helper keep the secrets of that place's registry. 1, 0, -1 as above. */
int auth_has_helper(const char *file, const char *place, struct err *e);

/*
 * Keeps user and password of `who` for the place: in the file's helper, if it names one for the registry (then the entry in
 * the file is empty), else in its entry. All else in the file stays as it is. A file or directory that is missing is
 * made, for the user alone; a symlink is followed; the file is replaced at once, or not at all, and another process that
 * does the same waits. ERR_USAGE for a place that the helper cannot keep: one with a repository.
 */
int auth_store(const char *file, const char *place, const struct credentials *who, struct err *e);

/* Forgets the place: the entry, and what the file's helper has. 1 when there was something, 0 when not, -1. */
int auth_erase(const char *file, const char *place, struct err *e);

/* Appends "Basic <base64>" for a user and a password. */
struct buf;
void auth_basic(const struct credentials *c, struct buf *out);

/*
 * Puts asterisks for whatever of an Authorization's secret ("Basic …", "Bearer …", or "") a text repeats, decoded or
 * not.
 */
void auth_strike_out(const char *authorization, struct buf *text);

#endif
