#include "progress_state.h"

#include "io.h"

#include <limits.h>
#include <stdlib.h>

#define LINE_CAP 512 /* a JSON line is shorter */

int64_t progress_add_up(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

struct progress *progress_new(const struct progress_options *o, struct err *e)
{
	static const char blank[LINE_CAP];
	struct progress *p = calloc(1, sizeof *p);

	if (!p) {
		err_nomem(e);
		return NULL;
	}
	p->options = *o;
	p->clock = io_clock;
	p->frame = p->drawn = p->line = (struct buf)BUF_INIT;
	buf_add(&p->line, blank, sizeof blank); /* so that updates need no memory */
	if (buf_check(&p->line, e) == -1) {
		progress_free(p);
		return NULL;
	}
	return p;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	progress_clear(p);
	while (p->all) {
		struct progress_blob *b = p->all;
		p->all = b->older;
		free(b);
	}
	buf_clear(&p->frame);
	buf_clear(&p->drawn);
	buf_clear(&p->line);
	free(p);
}

/* --- blobs --- */

static struct progress_blob *take_blob(struct progress *p)
{
	struct progress_blob *b = p->spare;

	if (b) {
		p->spare = b->next;
		return b;
	}
	b = calloc(1, sizeof *b);
	if (b) {
		b->older = p->all;
		p->all = b;
	}
	return b;
}

struct progress_blob *progress_add(struct progress *p, const struct digest *d, int64_t total, struct err *e)
{
	struct progress_blob *b = take_blob(p), *older;
	int64_t now = p->clock();

	if (!b) {
		err_nomem(e);
		return NULL;
	}
	older = b->older;
	*b = (struct progress_blob){ .progress = p, .older = older, .digest = *d, .live = true };
	b->total = total < 0 ? -1 : total;
	if (p->live++ == 0)
		p->since = now;
	p->blobs++;
	p->changed = true;
	json_line(b, now);
	return b;
}

static void link_running(struct progress *p, struct progress_blob *b)
{
	b->previous = p->last;
	b->next = NULL;
	if (p->last)
		p->last->next = b;
	else
		p->first = b;
	p->last = b;
}

static void unlink_running(struct progress *p, struct progress_blob *b)
{
	if (b->previous)
		b->previous->next = b->next;
	else
		p->first = b->next;
	if (b->next)
		b->next->previous = b->previous;
	else
		p->last = b->previous;
}

/* Counts what came since the last update, if it did come. */
static void count_bytes(struct progress_blob *b, enum progress_state s, int64_t bytes, int64_t now)
{
	struct progress *p = b->progress;

	if (b->state == PROGRESS_RUNNING && bytes >= b->bytes)
		p->moved = progress_add_up(p->moved, bytes - b->bytes);
	else if (s == PROGRESS_RUNNING)
		meter_start(&b->meter, now, bytes);
	if (s == PROGRESS_RUNNING && p->meter.count == 0)
		meter_start(&p->meter, now, p->moved);
	b->bytes = bytes;
}

static void enter_state(struct progress_blob *b, enum progress_state s)
{
	struct progress *p = b->progress;

	if (b->state == PROGRESS_RUNNING)
		unlink_running(p, b);
	if (s == PROGRESS_RUNNING)
		link_running(p, b);
	b->state = s;
	if (s < PROGRESS_THERE)
		return;
	if (s == PROGRESS_FAILED) {
		p->failed++;
	} else {
		p->finished++;
		p->finished_bytes = progress_add_up(p->finished_bytes, b->bytes);
	}
	b->live = false;
	p->live--;
	b->next = p->spare;
	p->spare = b;
}

void progress_update(struct progress_blob *b, enum progress_state s, int64_t bytes)
{
	struct progress *p = b->progress;
	bool entered = s != b->state;
	int64_t now;

	if (bytes < 0)
		bytes = 0;
	if ((s == PROGRESS_THERE || s == PROGRESS_DONE) && b->total >= 0)
		bytes = b->total;
	if (!entered && bytes == b->bytes)
		return;
	now = p->clock();
	count_bytes(b, s, bytes, now);
	p->changed = true;
	b->json_due = true;
	if (entered) {
		enter_state(b, s);
		json_line(b, now);
	} else if (now - b->json_at >= PROGRESS_STEP) {
		json_line(b, now);
	}
	if (bars_due(p) <= now)
		bars_draw(p, now);
}

/* --- time --- */

int progress_wait(const struct progress *p)
{
	int64_t bars = bars_due(p), json = json_due(p), due = bars < json ? bars : json, left;

	if (due == PROGRESS_NEVER)
		return -1;
	left = due - p->clock();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void progress_draw(struct progress *p)
{
	int64_t now = p->clock();

	json_flush(p, now);
	if (bars_due(p) <= now)
		bars_draw(p, now);
}
