/*
 * user - who a container's process is: "name", "uid", "name:group", "uid:gid" in any mix (image-spec config.md,
 * User; docker's rules), looked up in the image's own passwd and group files, never in the host's.
 *
 * Digits are a number, never a name, and at most 2^31-1; a uid without a passwd entry has gid 0; an explicit
 * group drops the supplementary ones; an unknown name is an error. The files are hostile: regular, bounded in
 * length and in lines.
 */
#ifndef CR_USER_H
#define CR_USER_H

#include "err.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define USER_FILE_MAX (1 << 20) /* bytes of passwd or group that are read */
#define USER_GROUPS_MAX 256	/* supplementary groups */

struct user {
	uint32_t uid, gid;
	uint32_t groups[USER_GROUPS_MAX];
	size_t group_count;
	char home[PATH_MAX]; /* from passwd; "" where there is no entry */
};

/*
 * Resolves `spec` ("" or NULL: root). passwd and group are descriptors of the image's files, or -1 where it has
 * none. They stay the caller's. ERR_USAGE for a malformed spec, ERR_NOT_FOUND for an unknown name, ERR_CONTENT
 * for a file that cannot be read as one.
 */
int user_resolve(struct user *u, const char *spec, int passwd, int group, struct err *e);

#endif
