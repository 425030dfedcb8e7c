#include "inflate_codec.h"

#include "inflate.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

struct zstd {
	ZSTD_DStream *d;
	bool in_frame;
};

static void zstd_close(void *state)
{
	struct zstd *z = state;

	ZSTD_freeDStream(z->d);
	free(z);
}

static void *zstd_open(struct err *e)
{
	struct zstd *z = calloc(1, sizeof *z);

	if (z)
		z->d = ZSTD_createDStream();
	if (!z || !z->d) {
		free(z);
		err_nomem(e);
		return NULL;
	}
	ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, INFLATE_WINDOW_LOG_MAX);
	return z;
}

static int zstd_run(void *state, struct inflate_flow *f, struct err *e)
{
	struct zstd *z = state;
	ZSTD_inBuffer in = { f->in, f->in_len, 0 };
	ZSTD_outBuffer out = { f->out, f->out_len, 0 };
	size_t r;

	if (f->in_len == 0 && !z->in_frame) /* nothing to do: libzstd would call it a new frame */
		return 0;
	r = ZSTD_decompressStream(z->d, &out, &in);
	if (ZSTD_isError(r) && ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation)
		return err_nomem(e);
	if (ZSTD_isError(r))
		return err_set(e, ERR_CONTENT, "%s", ZSTD_getErrorName(r));
	z->in_frame = r != 0;
	inflate_flow_advance(f, in.pos, out.pos);
	return 0;
}

static bool zstd_at_end(void *state)
{
	struct zstd *z = state;

	return !z->in_frame;
}

const struct inflate_codec inflate_zstd = { "zstd", zstd_open, zstd_close, zstd_run, zstd_at_end };
