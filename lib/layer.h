/*
 * layer - one tar stream applied to a directory (image-spec layer.md, Applying Changesets).
 *
 * Two forms:
 *
 *  LAYER_MERGE  onto a tree that holds the layers below: whiteouts remove, hard links find their targets, the
 *	       metadata of parents that the layer only implies stays.
 *  LAYER_ALONE  onto an empty directory, to be stacked by overlayfs: whiteouts become whiteouts (fsext.h), opaque
 *	       directories are marked, and what cannot be decided without the layers below is noted.
 *
 * Rules (PROTOCOL, Layers): whiteouts never hide entries of their own layer; an opaque marker acts first
 * wherever it stands; a directory over a directory keeps the children, anything else is removed first; the last
 * entry of a name wins. Per entry: create, chown, chmod, xattrs, times; directories' times and modes last,
 * deepest first.
 */
#ifndef CR_LAYER_H
#define CR_LAYER_H

#include "err.h"
#include "tar.h"

#include <stdbool.h>
#include <stdint.h>

#define LAYER_ENTRIES_MAX 2000000
#define LAYER_BYTES_MAX (INT64_C(64) << 30)
#define LAYER_FREE_MIN 3 /* percent of a filesystem, what a program is to ask for unless told otherwise */

enum layer_form { LAYER_MERGE, LAYER_ALONE };

enum layer_note {
	LAYER_NOTE_IMPLIED,  /* path: a directory made only because an entry below it implies it (LAYER_ALONE) */
	LAYER_NOTE_HARDLINK, /* path: a hard link, link: whose target this layer does not hold (LAYER_ALONE) */
	LAYER_NOTE_WHITEOUT, /* path: hidden by a whiteout of this layer (LAYER_ALONE) */
	LAYER_NOTE_DEVICE,   /* path: a device node, not made; entry has type, mode, owner and numbers */
	LAYER_NOTE_OWNER,    /* path: belongs to entry->uid, entry->gid, which could not be set here */
	LAYER_NOTE_XATTR,    /* path: carried the attribute `link`, which is not kept */
	LAYER_NOTE_TRAILING, /* path "": bytes other than zeros after the end of the archive */
	LAYER_NOTE_TOTAL,    /* path "", link: "ENTRIES BYTES", of the archive and of files; always, after all others */
	LAYER_NOTE_SINGLE,   /* path "": owners could not be set at all; layers.h adds it, before all others */
	LAYER_NOTE_PASSED,   /* path: as LAYER_NOTE_IMPLIED, but a later entry of this layer took its place (LAYER_ALONE) */
};

struct layer_options {
	enum layer_form form;
	bool chown; /* set owners: the process may (root, or root of a user namespace with a range of ids) */
	bool devices; /* make device nodes instead of noting them */
	int64_t entries_max, bytes_max; /* 0: the defaults above */
	int free_min; /* percent of the filesystem, below which unpacking stops; 0: it may be filled */

	/* Two empty files, open for reading and writing, for what memory is not to grow with; NULL: it grows. */
	const int *scratch;

	/* Told what the caller may have to know. path and link are relative to the root, and normalised; `entry` is
	 * the entry at hand, or NULL. Returns 0, or -1 to stop. May be NULL. */
	int (*note)(void *ctx, enum layer_note note, const char *path, const char *link,
		    const struct tar_entry *entry, struct err *e);
	void *ctx;
};

/* The limits that options of 0, or of more than can be counted, stand for. */
int64_t layer_entries_max(int64_t asked);
int64_t layer_bytes_max(int64_t asked);

/*
 * Applies the whole archive beneath the directory `root`. 0, or -1: ERR_CONTENT for a layer that is malformed
 * or refused, ERR_IO otherwise. The directory is then in an undefined state, and the caller removes it.
 */
int layer_apply(struct tar *t, int root, const struct layer_options *options, struct err *e);

#endif
