/*
 * bundle - an OCI runtime bundle (runtime-spec 1.0, bundle.md, config.md): from an image's config to a
 * config.json, and from a config.json to a struct sandbox.
 *
 * An overlay bundle says so in the terms of the specification: its first mount has destination "/", type "overlay"
 * and the options lowerdir= (top first), upperdir= and workdir=, with '\' before each ':' and '\' of a path.
 */
#ifndef CR_BUNDLE_H
#define CR_BUNDLE_H

#include "buf.h"
#include "err.h"
#include "oci.h"
#include "sandbox.h"
#include "security.h"
#include "user.h"
#include "userns.h"

#include <stdbool.h>

/* What a user may override, as `docker run` has it. Borrowed; NULL: the image's. */
struct bundle_overrides {
	const char *entrypoint;	  /* replaces Entrypoint and drops the image's Cmd; "" for none */
	char *const *cmd;	  /* NULL-terminated; replaces Cmd */
	char *const *env;	  /* NULL-terminated "NAME=value", or "NAME": value from our own environment, by the caller */
	const char *working_dir;
	const char *hostname;
	bool terminal;
	bool readonly_root;
	const struct security *security; /* or NULL: the defaults */
};

/* The overlay of a bundle; count 0: rootfs/ is a plain tree. */
struct bundle_overlay {
	char *const *lower; /* absolute paths, top first */
	size_t count;
	const char *upper, *work;
};

/*
 * Writes a config.json for the image into `out`. `user` is resolved already (user.h). args = Entrypoint + Cmd, left
 * out where there is neither. Environment: PATH, HOSTNAME, TERM (with a terminal) < the image's < the user's; HOME
 * from passwd when unset. Of the image annotations tell as well (image-spec conversion.md).
 *
 * `ns` is what userns_plan gives him who makes the bundle. Where that is a user namespace, the bundle has it, and goes without
 * what there is none of in it: runc and crun need to be told. Root's bundle has none.
 */
int bundle_write_config(const struct oci_config *image, const struct user *user, const struct bundle_overrides *over,
			const struct bundle_overlay *overlay, const struct userns *ns, struct buf *out, struct err *e);

/* Appends the process's working directory: the given one, else the image's, else "/"; absolute. */
void bundle_working_dir(const struct oci_config *image, const struct bundle_overrides *over, struct buf *out);

struct bundle; /* a config.json that was read; owns what the sandbox points at */

/*
 * Reads `dir`/config.json; a directory without one is a bare root filesystem. What config.json asks for and we cannot
 * honour is ERR_USAGE, by name; properties that the specification does not know are passed over, as it demands. The sandbox's
 * userns is that of linux.uidMappings and gidMappings; of kind NONE where there are none, which leaves it to the caller. A
 * directory that looks like both, as one made from a hostile image may, is ERR_USAGE. Returns NULL on failure; bundle_free frees.
 */
struct bundle *bundle_open(const char *dir, struct err *e);

/* A bare root filesystem, whatever lies in it: the defaults of sandbox_defaults.h, and no args. */
struct bundle *bundle_open_rootfs(const char *dir, struct err *e);

void bundle_free(struct bundle *b); /* NULL is allowed */

/*
 * Puts what a user says of security over what was read. The filter goes with it: the built-in policy is made anew for other
 * capabilities; a bundle's own profile stays as it is unless the user brings another one, or wants none. 0; else
 * the error is seccomp_read's or seccomp_compose's.
 */
int bundle_secure(struct bundle *b, const struct security *security, struct err *e);

/* The sandbox it describes. Borrowed from b; the caller may change fields before running it. */
struct sandbox *bundle_sandbox(struct bundle *b);

#endif
