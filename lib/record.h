/*
 * record - the descriptor stream that the programs pass on (DESIGN §1): one descriptor a line,
 *
 *	digest TAB size TAB mediaType TAB source NEWLINE
 *
 * A manifest's record comes first, then its config, then its layers: that is an image. They come base first, but from
 * cr-fetch-blob as they have arrived. Several images follow one another. source is the normalised
 * "registry/repository", or "-".
 */
#ifndef CR_RECORD_H
#define CR_RECORD_H

#include "digest.h"
#include "err.h"
#include "oci.h"

#include <stdio.h>

#define RECORD_LINE_MAX 4096 /* bytes with the newline */

struct record {
	struct digest digest;
	int64_t size;
	char media_type[256];
	char source[512];
};

/* Reads one line (without its newline). Anything malformed is ERR_CONTENT. */
int record_parse(struct record *r, const char *line, size_t len, struct err *e);

/*
 * Prints the record and flushes, so that the next program of the pipe can begin. ERR_IO when the reader is gone.
 */
int record_print(FILE *out, const struct record *r, struct err *e);

int record_set(struct record *r, const struct descriptor *d, const char *source, struct err *e);

enum oci_kind record_kind(const struct record *r);

/*
 * Lines from a descriptor that is also polled. record_next takes from what was read already and then from
 * the descriptor.
 */
struct record_reader {
	int fd;
	size_t len;  /* bytes buffered */
	size_t used; /* of them, handed out already */
	bool eof;
	bool skipping;	    /* the rest of a line that was too long */
	unsigned long line; /* of the record handed out last, from 1 */
	char data[RECORD_LINE_MAX];
};

void record_reader_init(struct record_reader *r, int fd);

/* Whether record_next would return without touching the descriptor. */
bool record_ready(const struct record_reader *r);

/* 1 and a record, 0 at the end of the stream, -1 with the error set (ERR_CONTENT names the line). */
int record_next(struct record_reader *r, struct record *out, struct err *e);

#endif
