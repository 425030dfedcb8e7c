#include "inflate_member.h"

#include <isa-l.h>
#include <limits.h>
#include <stdlib.h>

#define RESERVED_FLAGS 0xe0u /* RFC 1952, 2.3.1.2: must be zero */

struct inflate_member {
	struct inflate_state z;
	struct isal_gzip_header header; /* kept here: isal_inflate by itself forgets it where the input is split */
	bool in_header;
};

void inflate_member_reset(struct inflate_member *m)
{
	isal_inflate_reset(&m->z);
	isal_gzip_header_init(&m->header);
	m->in_header = true;
}

struct inflate_member *inflate_member_new(struct err *e)
{
	struct inflate_member *m = malloc(sizeof *m);

	if (!m) {
		err_nomem(e);
		return NULL;
	}
	isal_inflate_init(&m->z);
	m->z.crc_flag = ISAL_GZIP_NO_HDR_VER;
	inflate_member_reset(m);
	return m;
}

void inflate_member_free(struct inflate_member *m)
{
	free(m);
}

static uint32_t at_most_uint32(size_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static int fail(int code, struct err *e)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM: return err_set(e, ERR_CONTENT, "a checksum or a length is wrong");
	case ISAL_INVALID_WRAPPER: return err_set(e, ERR_CONTENT, "not the header of a member");
	case ISAL_UNSUPPORTED_METHOD: return err_set(e, ERR_CONTENT, "unknown compression method");
	default: return err_set(e, ERR_CONTENT, "the stream is corrupt");
	}
}

/* 1 when the header is read, 0 when it goes on, -1. */
static int run_header(struct inflate_member *m, struct err *e)
{
	int r = isal_read_gzip_header(&m->z, &m->header);

	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
		return fail(r, e);
	if (r == ISAL_END_INPUT)
		return 0;
	if (m->header.flags & RESERVED_FLAGS)
		return err_set(e, ERR_CONTENT, "unknown header flags set");
	m->in_header = false;
	return 1;
}

static int run(struct inflate_member *m, struct err *e)
{
	int r = m->in_header ? run_header(m, e) : 1;

	if (r != 1)
		return r;
	r = isal_inflate(&m->z);
	if (r != ISAL_DECOMP_OK)
		return fail(r, e);
	return m->z.block_state == ISAL_BLOCK_FINISH;
}

int inflate_member_run(struct inflate_member *m, struct inflate_flow *f, struct err *e)
{
	uint32_t in = at_most_uint32(f->in_len), out = at_most_uint32(f->out_len);
	int r;

	m->z.next_in = (uint8_t *)(uintptr_t)f->in; /* it is only read */
	m->z.avail_in = in;
	m->z.next_out = f->out;
	m->z.avail_out = out;
	r = run(m, e);
	inflate_flow_advance(f, in - m->z.avail_in, out - m->z.avail_out);
	return r;
}
