/*
 * auth_replace - a file of credentials read, changed and put in its place again, by one process at a time. Private to
 * auth*.c.
 *
 * The lock is on the directory, so that it leaves no file behind. What a killed process has left there is replaced by
 * the next.
 */
#ifndef CR_AUTH_REPLACE_H
#define CR_AUTH_REPLACE_H

#include "buf.h"
#include "err.h"
#include "json.h"

#include <stdbool.h>
#include <sys/types.h>

struct auth_replace {
	char *path; /* of the file itself, symlinks followed; owned */
	char *new_name; /* owned */
	const char *name; /* in path */
	int dir;	  /* its directory, locked */
	bool exists;
	uid_t owner; /* of the file that exists */
	gid_t group;
};

#define AUTH_REPLACE_INIT { NULL, NULL, NULL, -1, false, 0, 0 }

/*
 * Makes the directories that are missing (0700), waits for the lock, and reads: *doc is NULL for a file that is empty,
 * or not there.
 */
int auth_replace_begin(struct auth_replace *r, const char *path, struct json **doc, struct err *e);

/* Writes the text to a new file (0600, the owner as before), syncs, and renames. */
int auth_replace_commit(struct auth_replace *r, const struct buf *text, struct err *e);

void auth_replace_end(struct auth_replace *r);
#define cleanup_auth_replace __attribute__((cleanup(auth_replace_end)))

#endif
