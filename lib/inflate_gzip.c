#include "inflate_codec.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (MAX_WBITS + 16)

enum place {
	IN_MEMBER,
	BETWEEN, /* a member has ended: another one may follow, or padding, or nothing */
	PADDING, /* zeros to the end */
};

struct gzip {
	z_stream z;
	enum place place;
};

static void *gzip_open(struct err *e)
{
	struct gzip *g = calloc(1, sizeof *g);

	if (!g || inflateInit2(&g->z, GZIP_ONLY) != Z_OK) {
		free(g);
		err_nomem(e);
		return NULL;
	}
	return g;
}

static void gzip_close(void *state)
{
	struct gzip *g = state;

	inflateEnd(&g->z);
	free(g);
}

static uInt at_most_uint(size_t n)
{
	return n > UINT_MAX ? UINT_MAX : (uInt)n;
}

/* One step inside a member: zlib checks its header, its checksum and its length. */
static int run_member(struct gzip *g, struct inflate_flow *f, struct err *e)
{
	uInt in = at_most_uint(f->in_len), out = at_most_uint(f->out_len);
	int r;

	g->z.next_in = (z_const Bytef *)f->in;
	g->z.avail_in = in;
	g->z.next_out = f->out;
	g->z.avail_out = out;
	r = inflate(&g->z, Z_NO_FLUSH);
	f->in += in - g->z.avail_in;
	f->in_len -= in - g->z.avail_in;
	f->out += out - g->z.avail_out;
	f->out_len -= out - g->z.avail_out;
	if (r == Z_STREAM_END)
		g->place = BETWEEN;
	else if (r == Z_MEM_ERROR)
		return err_nomem(e);
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return err_set(e, ERR_CONTENT, "%s", g->z.msg ? g->z.msg : "the stream is corrupt");
	return 0;
}

static int run_padding(struct inflate_flow *f, struct err *e)
{
	for (; f->in_len; f->in++, f->in_len--)
		if (*f->in)
			return err_set(e, ERR_CONTENT, "bytes other than zeros after the last member");
	return 0;
}

static int gzip_run(void *state, struct inflate_flow *f, struct err *e)
{
	struct gzip *g = state;

	while (f->in_len && g->place == BETWEEN) {
		g->place = *f->in ? IN_MEMBER : PADDING;
		if (g->place == IN_MEMBER)
			inflateReset(&g->z);
	}
	/* zlib may still hold output when the input is used up: it is asked again */
	return g->place == IN_MEMBER ? run_member(g, f, e) : run_padding(f, e);
}

static bool gzip_at_end(void *state)
{
	struct gzip *g = state;

	return g->place != IN_MEMBER;
}

const struct inflate_codec inflate_gzip = { "gzip", gzip_open, gzip_close, gzip_run, gzip_at_end };
