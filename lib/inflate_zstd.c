#include "inflate_codec.h"

#include "inflate.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MIN 10 /* RFC 8878, 3.1.1.1.2 */
#define WINDOW_LOG_MAX 30

struct zstd {
	ZSTD_DStream *d;
	int64_t window_max; /* bytes */
	bool in_frame;
};

static void zstd_close(void *state)
{
	struct zstd *z = state;

	ZSTD_freeDStream(z->d);
	free(z);
}

/* The power of two that is at most n, within what libzstd takes. */
static int log_of(int64_t n)
{
	int log = WINDOW_LOG_MIN;

	while (log < WINDOW_LOG_MAX && n >> (log + 1))
		log++;
	return log;
}

static void *zstd_open(int64_t window_max, struct err *e)
{
	struct zstd *z = calloc(1, sizeof *z);

	if (z)
		z->d = ZSTD_createDStream();
	if (!z || !z->d) {
		free(z);
		err_nomem(e);
		return NULL;
	}
	z->window_max = window_max;
	ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, log_of(window_max));
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
	if (ZSTD_isError(r) && ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge)
		return err_set(e, ERR_CONTENT, "a window of more than %lld MiB", (long long)(z->window_max >> 20));
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
