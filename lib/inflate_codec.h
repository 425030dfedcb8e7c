/*
 * inflate_codec - what inflate.c asks of one compression format. Private to inflate*.c.
 */
#ifndef CR_INFLATE_CODEC_H
#define CR_INFLATE_CODEC_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes on their way through a codec: it takes from `in`, puts to `out`, and counts down both. */
struct inflate_flow {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
};

/* So many bytes were taken and put. */
static inline void inflate_flow_advance(struct inflate_flow *f, size_t in, size_t out)
{
	f->in += in;
	f->in_len -= in;
	f->out += out;
	f->out_len -= out;
}

struct inflate_codec {
	const char *name;
	void *(*open)(int64_t window_max, struct err *e); /* NULL with the error set */
	void (*close)(void *state);

	/* Takes input or puts output, as much of each as it can. 0, or -1 with ERR_CONTENT or ERR_IO. */
	int (*run)(void *state, struct inflate_flow *f, struct err *e);

	/* Whether the input may end here. */
	bool (*at_end)(void *state);
};

extern const struct inflate_codec inflate_gzip;
extern const struct inflate_codec inflate_zstd;

#endif
