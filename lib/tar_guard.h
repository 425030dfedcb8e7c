/*
 * tar_guard - what stands between a tar stream and libtar. Private to tar*.c.
 *
 * It sees each block first: checks sums and numbers, takes pax headers, GNU long names and sparse maps upon
 * itself, enforces the policy and the limits, and makes of each member a plain ustar header and what such a header
 * cannot hold.
 */
#ifndef CR_TAR_GUARD_H
#define CR_TAR_GUARD_H

#include "tar.h"
#include "tar_input.h"
#include "tar_pax.h"

/* What a plain header cannot hold in all cases. */
struct tar_member {
	const char *path, *link; /* link: "" when there is none */
	uint32_t uid, gid;
	int64_t stored; /* bytes of content in the archive */
	int64_t size;	/* bytes of the file */
	struct timespec mtime;
	bool sparse; /* the map tells where the content lies */
};

struct tar_guard {
	struct tar_input in;
	struct tar_member member;
	struct tar_pax pax; /* of the member at hand: its attributes and its map */
	bool trailing;	    /* bytes other than zeros came after the end */

	/* headers that came before the member at hand; each at most once */
	bool have_pax, have_global, have_path, have_link;
	char path[TAR_PATH_MAX], link[TAR_PATH_MAX]; /* GNU's, or the header's own */

	struct tar_pax global;
	bool has_global_mtime;
	struct timespec global_mtime;
};

void tar_guard_init(struct tar_guard *g, struct source *in);
void tar_guard_clear(struct tar_guard *g);

/*
 * Reads up to the next member and makes its plain header; the content of the last one must have been read. 1, 0 at
 * the end (the source is then read to its end), -1 with the error set.
 */
int tar_guard_next(struct tar_guard *g, char plain[TAR_BLOCK_SIZE], struct err *e);

#endif
