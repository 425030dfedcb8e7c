/*
 * layers_summary - what the notes of an unpacked layer say of it as a whole. Private to layers*.c.
 */
#ifndef CR_LAYERS_SUMMARY_H
#define CR_LAYERS_SUMMARY_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layers_summary {
	size_t devices, owners, xattrs; /* left out, each */
	char xattr[256];		/* the first that was left out */
	bool trailing;			/* bytes after the end of the archive */
	int64_t entries, bytes;		/* of the archive; of files */
};

/* Reads <dir>/<name>/notes. 0; ERR_IO, ERR_CONTENT. */
int layers_summary_read(struct layers_summary *s, int dir, const char *name, struct err *e);

/* What the user is to hear of it, a sentence each; detail: only if asked for more. */
void layers_summary_tell(const struct layers_summary *s, void (*say)(void *ctx, bool detail, const char *text), void *ctx);

#endif
