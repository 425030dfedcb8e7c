/*
 * sandbox_defaults - what a container gets where nobody says otherwise: the mounts, masked and read-only paths of
 * the runtime-spec (config-linux.md, Default Filesystems) and of docker, its capabilities, its search path. The
 * defaults of a bare root filesystem, and what bundle.h writes down.
 */
#ifndef CR_SANDBOX_DEFAULTS_H
#define CR_SANDBOX_DEFAULTS_H

#include "sandbox.h"

/* The search path: also for the command, where the container's environment has none. */
#define SANDBOX_DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern const struct sandbox_mount sandbox_default_mounts[];
extern const size_t sandbox_default_mount_count;

/* The devices that every container has. */
extern const struct sandbox_device sandbox_default_devices[];
extern const size_t sandbox_default_device_count;

/*
 * Where the host has the device, if it is one that does a container no good to break out with: those above, and /dev/fuse, which
 * serves only who may mount. NULL for all others.
 */
const char *sandbox_device_path(unsigned int major, unsigned int minor);

extern const char *const sandbox_default_masked[], *const sandbox_default_readonly[]; /* NULL-terminated */

/* The name of a capability's number, "CAP_CHOWN" for 0; NULL for an unknown one. capabilities(7) */
const char *sandbox_cap_name(unsigned int cap);

/* Its number, or -1. */
int sandbox_cap_number(const char *name);

#endif
