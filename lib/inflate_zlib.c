#include "inflate_member.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (MAX_WBITS + 16)

struct inflate_member {
	z_stream z;
};

struct inflate_member *inflate_member_new(struct err *e)
{
	struct inflate_member *m = calloc(1, sizeof *m);

	if (m && inflateInit2(&m->z, GZIP_ONLY) == Z_OK)
		return m;
	free(m);
	err_nomem(e);
	return NULL;
}

void inflate_member_free(struct inflate_member *m)
{
	inflateEnd(&m->z);
	free(m);
}

void inflate_member_reset(struct inflate_member *m)
{
	inflateReset(&m->z);
}

static uInt at_most_uint(size_t n)
{
	return n > UINT_MAX ? UINT_MAX : (uInt)n;
}

int inflate_member_run(struct inflate_member *m, struct inflate_flow *f, struct err *e)
{
	uInt in = at_most_uint(f->in_len), out = at_most_uint(f->out_len);
	int r;

	m->z.next_in = (z_const Bytef *)f->in;
	m->z.avail_in = in;
	m->z.next_out = f->out;
	m->z.avail_out = out;
	r = inflate(&m->z, Z_NO_FLUSH);
	inflate_flow_advance(f, in - m->z.avail_in, out - m->z.avail_out);
	if (r == Z_MEM_ERROR)
		return err_nomem(e);
	if (r != Z_STREAM_END && r != Z_OK && r != Z_BUF_ERROR)
		return err_set(e, ERR_CONTENT, "%s", m->z.msg ? m->z.msg : "the stream is corrupt");
	return r == Z_STREAM_END;
}
