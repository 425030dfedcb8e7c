/*
 * tar - the entries of a tar stream: v7, ustar, GNU (long names, base-256 numbers, sparse) and pax.
 *
 * libtar frames the header blocks, and does no more: our guard sits in its readfunc, sees each 512-byte
 * block first, takes pax, GNU long names and numbers upon itself, and hands libtar a final, plain ustar
 * header. Bodies are read by us. (THREATS §2 lists what libtar would do otherwise; a test checks with nm that
 * nothing of it but framing is linked.)
 *
 *	struct tar *t = tar_new(source, e);
 *	while ((r = tar_next(t, &entry, e)) == 1)
 *		while ((n = tar_data(t, data, sizeof data, &at, e)) > 0)
 *			...
 *	tar_free(t);
 */
#ifndef CR_TAR_H
#define CR_TAR_H

#include "io.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define TAR_PATH_MAX 4096		 /* bytes with the NUL, for names and link targets */
#define TAR_PAX_MAX (1u << 20)		 /* bytes of one pax header */
#define TAR_XATTRS_MAX 64		 /* of one entry */
#define TAR_XATTR_VALUE_MAX (64u << 10) /* bytes */
#define TAR_SPARSE_MAX 65536		 /* regions of one file */

enum tar_type {
	TAR_FILE,
	TAR_HARDLINK,
	TAR_SYMLINK,
	TAR_CHAR,
	TAR_BLOCK,
	TAR_DIRECTORY,
	TAR_FIFO,
};

struct tar_xattr {
	const char *name;
	const void *value;
	size_t len;
};

/* Everything it points at belongs to the reader, until the next tar_next. */
struct tar_entry {
	enum tar_type type;
	const char *path; /* as the archive has it, no NUL inside, not empty */
	const char *link; /* target of a link; "" otherwise */
	unsigned mode;	  /* permission bits and setuid, setgid, sticky: 07777 */
	uint32_t uid, gid; /* at most 2^32-2 */
	int64_t size;	   /* bytes of the file when it lies unpacked; 0 for anything but TAR_FILE */
	bool sparse;
	struct timespec mtime;
	unsigned major, minor; /* of TAR_CHAR and TAR_BLOCK */
	const struct tar_xattr *xattrs;
	size_t xattr_count;
};

struct tar;

struct tar *tar_new(struct source *in, struct err *e); /* `in` is borrowed */
void tar_free(struct tar *t);
void tar_cleanup(struct tar **t);
#define cleanup_tar __attribute__((cleanup(tar_cleanup)))

/*
 * The next entry; what is left of the last one's body is skipped. 1, 0 at the end of the archive, -1 with the
 * error set: ERR_CONTENT for a malformed or truncated archive and for what policy refuses (THREATS §9). At the
 * end, the rest of the source has been read (so that a hash below it covers every byte).
 */
int tar_next(struct tar *t, struct tar_entry *entry, struct err *e);

/*
 * The next piece of a TAR_FILE's content: at most n bytes into data, which belong at *offset of the file (holes
 * of sparse files are left out). Returns the count, 0 when all was read, -1 with the error set.
 */
ssize_t tar_data(struct tar *t, void *data, size_t n, int64_t *offset, struct err *e);

/* Whether bytes other than zeros stood after the end of the archive. To be asked after tar_next gave 0. */
bool tar_trailing_data(const struct tar *t);

#endif
