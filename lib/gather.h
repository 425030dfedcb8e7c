/*
 * gather - whole images out of a record stream, for the programs that stand last in a pipe: POSIX sh has no pipefail, so
 * they have to know from the manifest what must arrive, and refuse an image of which anything is missing (DESIGN §1).
 *
 *	gather_init(&g, store, STDIN_FILENO);
 *	while ((r = gather_next(&g, &image, e)) == 1)
 *		… image_clear(&image);
 */
#ifndef CR_GATHER_H
#define CR_GATHER_H

#include "err.h"
#include "image.h"
#include "record.h"
#include "store.h"

#include <stdbool.h>

struct gather {
	const struct store *store;
	struct record_reader reader;
	bool have_index;
	struct record index; /* the index record that came before the images, if have_index */
	char source[512];    /* of the image handed out last */
	bool have_pending;   /* a record read ahead: the next image's manifest */
	struct record pending;
	bool last;	      /* the program is the last of its pipe: no image at all is ERR_NOT_FOUND */
	bool any;	      /* a manifest's record has come */
	unsigned long images; /* whole ones so far */
	bool incomplete;      /* the last failure was that: parts did not arrive */
	bool config_arrived;  /* of the image handed out last */

	/* Told of each layer's record as it comes, before the image is whole; may be NULL. */
	int (*arrived)(void *ctx, const struct image *im, size_t layer, struct err *e);
	/* Called when the next record has to be waited for: returns when fd can be read; may be NULL. */
	int (*idle)(void *ctx, int fd, struct err *e);
	void *ctx;
};

void gather_init(struct gather *g, const struct store *s, int fd);

/*
 * The next image, all of whose records have come. 1, 0 at the end, -1 with the error set: ERR_CONTENT when the stream is
 * malformed or parts of the image are missing. After an incomplete image the next call goes on with the one behind it.
 * *im is to be cleared after 1 and after -1 (an image that is
 * incomplete is in it, as far as it could be read).
 */
int gather_next(struct gather *g, struct image *im, struct err *e);

/* Whether nothing is left, for those who go on after an image that failed. */
bool gather_ended(const struct gather *g);

#endif
