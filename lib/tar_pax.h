/*
 * tar_pax - one pax header: its records, checked, as values. Private to tar*.c.
 */
#ifndef CR_TAR_PAX_H
#define CR_TAR_PAX_H

#include "buf.h"
#include "tar.h"
#include "tar_sparse.h"

struct tar_pax {
	struct buf bytes;	      /* what all the pointers below point into */
	const char *path, *link;      /* NULL: not given */
	int64_t size, uid, gid;	      /* -1: not given */
	bool has_mtime;
	struct timespec mtime;
	struct tar_xattr xattrs[TAR_XATTRS_MAX];
	struct tar_pax_form {
		char *name;	/* the same as in xattrs, to be written to */
		bool schily;	/* the value is SCHILY.xattr's, which wins over LIBARCHIVE.xattr's */
		bool coded;	/* a LIBARCHIVE.xattr has this name, so it is written as in a URL */
	} xattr_forms[TAR_XATTRS_MAX];
	size_t xattr_count;

	const char *sparse_name;      /* NULL: not given */
	int64_t sparse_major, sparse_minor, sparse_size; /* -1: not given */
	int64_t sparse_offset;	      /* of form 0.0, while its length is awaited; -1: none */
	bool sparse_mapped;	      /* the map was here: forms 0.0 and 0.1 */
	struct tar_map map;
};

#define TAR_PAX_INIT { .size = -1, .uid = -1, .gid = -1, .sparse_major = -1, .sparse_minor = -1, .sparse_size = -1, \
		       .sparse_offset = -1 }

void tar_pax_clear(struct tar_pax *p); /* frees; nothing is given any more */
void tar_pax_reset(struct tar_pax *p); /* nothing is given any more, memory kept */

/*
 * Parses the records in p->bytes (POSIX pax Extended Header; a later record of a key wins, an empty value takes it back).
 * -1 with ERR_CONTENT for anything malformed, for a NUL in a path, and for values beyond their limits.
 */
int tar_pax_parse(struct tar_pax *p, struct err *e);

/* Whether it holds what is refused in a global header: all but comments, times and what we do not know. */
bool tar_pax_is_personal(const struct tar_pax *p);

#endif
