/*
 * userns - user namespaces and their id maps (user_namespaces(7)), for whoever must act as root without being
 * it: unpacking, copying and removing trees with foreign owners, and containers. userns_linux.c;
 * userns_posix.c (none: everything runs as the caller).
 *
 *	struct userns ns;
 *	userns_plan(&ns, e);
 *	pid_t child = userns_fork(&ns, 0, e);   // in the child: uid 0 of the namespace, if one is needed
 */
#ifndef CR_USERNS_H
#define CR_USERNS_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define USERNS_EXTENTS_MAX 16

enum userns_kind {
	USERNS_NONE,	 /* no namespace: the caller is root, or the platform has none */
	USERNS_IDENTITY, /* every id maps to itself: a root container that must not hold the host's capabilities */
	USERNS_SUBIDS,	 /* 0 is the caller, 1… the subordinate ids of /etc/subuid and /etc/subgid */
	USERNS_SINGLE,	 /* 0 is the caller, and nothing else exists */
	USERNS_GIVEN,	 /* maps that root has chosen */
};

struct userns_extent {
	uint32_t inside, outside, count;
};

struct userns {
	enum userns_kind kind;
	struct userns_extent uids[USERNS_EXTENTS_MAX], gids[USERNS_EXTENTS_MAX];
	size_t uid_count, gid_count;
};

/*
 * What the caller can have. Root: NONE. Others: SUBIDS when the files grant a range and newuidmap and newgidmap
 * are installed, SINGLE otherwise.
 */
int userns_plan(struct userns *ns, struct err *e);

/*
 * Of what an ordinary user can have, his own id alone (SINGLE): which the kernel grants by itself, where each of more ids takes
 * newuidmap and newgidmap, and they take longer than most of what there is to do.
 */
void userns_plan_own(struct userns *ns);

/* For a container: as by userns_plan, but IDENTITY for root (limited to the ids that exist where the caller is). */
int userns_plan_container(struct userns *ns, struct err *e);

/*
 * For a container whose maps somebody has chosen: sets the kind that ns's maps need. Root may have any. Others get what they
 * ask for if it is their own id alone; for all else they depend on newuidmap and newgidmap, which refuse what /etc/subuid and
 * /etc/subgid do not grant when the namespace is made. ERR_USAGE where 0 does not exist inside: whoever sets up must be that.
 */
int userns_plan_given(struct userns *ns, struct err *e);

/* Whether files can be given owners other than the caller: false for SINGLE, and for NONE without root. */
bool userns_can_chown(const struct userns *ns);

/* Whether the uid (or, with `group`, the gid) exists inside: always for NONE. */
bool userns_maps(const struct userns *ns, bool group, uint32_t id);

/*
 * Like fork(2), the child being uid 0 and gid 0 of a new user namespace with ns's maps (unless NONE), and in the
 * other namespaces that `flags` names (CLONE_NEW*). Returns the pid in the parent, 0 in the child, -1 with the
 * error set in the parent alone. The child continues only when its maps are written.
 */
pid_t userns_fork(const struct userns *ns, int flags, struct err *e);

#endif
