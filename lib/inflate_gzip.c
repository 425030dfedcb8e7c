#include "inflate_codec.h"

#include "inflate_member.h"

#include <stdlib.h>

enum place {
	IN_MEMBER,
	BETWEEN, /* a member has ended: another one may follow, or padding, or nothing */
	PADDING, /* zeros to the end */
};

struct gzip {
	struct inflate_member *member;
	enum place place;
};

static void *gzip_open(int64_t window_max, struct err *e)
{
	struct gzip *g = calloc(1, sizeof *g);

	(void)window_max; /* 32 KiB, always */
	if (!g)
		err_nomem(e);
	else if (!(g->member = inflate_member_new(e))) {
		free(g);
		g = NULL;
	}
	return g;
}

static void gzip_close(void *state)
{
	struct gzip *g = state;

	inflate_member_free(g->member);
	free(g);
}

static int run_member(struct gzip *g, struct inflate_flow *f, struct err *e)
{
	int r = inflate_member_run(g->member, f, e);

	if (r == 1)
		g->place = BETWEEN;
	return r == -1 ? -1 : 0;
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

	if (f->in_len && g->place == BETWEEN) {
		g->place = *f->in ? IN_MEMBER : PADDING;
		if (g->place == IN_MEMBER)
			inflate_member_reset(g->member);
	}
	/* output may still be held back when the input is used up: it is asked again */
	return g->place == IN_MEMBER ? run_member(g, f, e) : run_padding(f, e);
}

static bool gzip_at_end(void *state)
{
	struct gzip *g = state;

	return g->place != IN_MEMBER;
}

const struct inflate_codec inflate_gzip = { "gzip", gzip_open, gzip_close, gzip_run, gzip_at_end };
