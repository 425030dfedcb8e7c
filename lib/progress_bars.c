/* progress_bars - the arrival of blobs on a terminal. */
#include "progress_state.h"

#include "io.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80 /* of a terminal that does not know */
#define ROWS 24
#define COLUMNS_MAX (TEXT_LINE - 1)

#define CLEAR_LINE "\033[K"   /* from the cursor on */
#define CLEAR_SCREEN "\033[J" /* the same, and all lines below */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON "\033[?7h"

int64_t bars_due(const struct progress *p)
{
	if (p->options.terminal == -1)
		return PROGRESS_NEVER;
	if (!p->begun)
		return p->live > 0 ? p->since + PROGRESS_DELAY : PROGRESS_NEVER;
	if (p->changed)
		return p->drawn_at + PROGRESS_STEP;
	return p->live > 0 ? p->drawn_at + PROGRESS_TICK : PROGRESS_NEVER;
}

/* Asked anew for each draw, so that a resize needs no signal. */
static void ask_size(int fd, size_t *columns, size_t *rows)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) == -1)
		size = (struct winsize){ 0 };
	*columns = size.ws_col ? size.ws_col : COLUMNS;
	*rows = size.ws_row ? size.ws_row : ROWS;
}

/* In the background we would write into what another has on the screen; and be stopped, with stty tostop. */
static bool in_background(int fd)
{
	pid_t foreground = tcgetpgrp(fd);

	return foreground > 0 && foreground != getpgrp();
}

/* A terminal that the user has stopped would make the transfer stand still. */
static bool has_room(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	return poll(&room, 1, 0) != 0;
}

static size_t blob_line(char out[TEXT_LINE], size_t columns, struct progress_blob *b, int64_t now)
{
	struct text_line l = { .bytes = b->bytes, .total = b->total };
	char hex[DIGEST_HEX];

	digest_hex(&b->digest, hex);
	snprintf(l.label, sizeof l.label, "%.12s", hex);
	l.rate = meter_rate(&b->meter, now, b->bytes);
	l.left = meter_left(l.bytes, l.total, l.rate);
	return text_line(out, columns, &l);
}

/* Sizes are what manifests say, so the sums are made anew each time, and go no higher than they can. */
static size_t sum_line(char out[TEXT_LINE], size_t columns, const struct progress *p, int64_t now)
{
	struct text_line l = { .bytes = p->finished_bytes, .total = p->finished_bytes, .sum = true };
	bool known = true;

	for (const struct progress_blob *b = p->all; b; b = b->older) {
		if (!b->live)
			continue;
		l.bytes = progress_add_up(l.bytes, b->bytes);
		l.total = progress_add_up(l.total, b->total > b->bytes ? b->total : b->bytes);
		known = known && b->total >= 0;
	}
	if (p->failed > 0)
		snprintf(l.label, sizeof l.label, "%zu/%zu, %zu failed", p->finished, p->blobs, p->failed);
	else
		snprintf(l.label, sizeof l.label, "%zu/%zu blob%s", p->finished, p->blobs, p->blobs == 1 ? "" : "s");
	l.rate = meter_rate(&p->meter, now, p->moved);
	if (!known)
		l.total = -1;
	l.left = meter_left(l.bytes, l.total, l.rate);
	return text_line(out, columns, &l);
}

/*
 * Bars, as many as there is room for, the line for all, and the cursor back up to the empty line where it was. A terminal
 * may have become narrower before it says so: it cuts the lines then, as wrapped ones would not be found again.
 */
static void put_lines(struct progress *p, size_t columns, size_t rows, int64_t now)
{
	char line[TEXT_LINE];
	size_t up = 0;

	buf_adds(&p->frame, WRAP_OFF "\r");
	if (rows > 1) {
		buf_adds(&p->frame, CLEAR_LINE "\r\n");
		up++;
	}
	for (struct progress_blob *b = p->first; b && up + 1 < rows; b = b->next) {
		if (blob_line(line, columns, b, now) == 0)
			break;
		buf_addf(&p->frame, "%s" CLEAR_LINE "\r\n", line);
		up++;
	}
	if (rows > 0)
		sum_line(line, columns, p, now);
	buf_addf(&p->frame, "%s" CLEAR_SCREEN WRAP_ON "\r", rows > 0 ? line : "");
	if (up > 0)
		buf_addf(&p->frame, "\033[%zuA", up);
}

/* The line for all, over what it was. */
static void put_dumb(struct progress *p, size_t columns, int64_t now)
{
	char line[TEXT_LINE];

	sum_line(line, columns, p, now);
	buf_addf(&p->frame, "\r%-*s\r", (int)columns, line);
}

/* What the screen is to have; no line reaches the last column, behind which terminals differ. */
static void put_frame(struct progress *p, int64_t now)
{
	size_t columns, rows;

	ask_size(p->options.terminal, &columns, &rows);
	columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
	buf_reset(&p->frame);
	if (p->options.dumb)
		put_dumb(p, columns - 1, now);
	else
		put_lines(p, columns - 1, rows - 1, now);
}

void bars_draw(struct progress *p, int64_t now)
{
	struct buf drawn = p->drawn;

	p->drawn_at = now;
	p->begun = true;
	p->changed = false;
	meter_sample(&p->meter, now, p->moved);
	for (struct progress_blob *b = p->first; b; b = b->next)
		meter_sample(&b->meter, now, b->bytes);
	if (in_background(p->options.terminal) || !has_room(p->options.terminal))
		return;
	put_frame(p, now);
	if (p->frame.failed || (p->shown && strcmp(buf_text(&p->frame), buf_text(&p->drawn)) == 0))
		return;
	p->shown = true;
	if (io_write_full(p->options.terminal, p->frame.data, p->frame.len) == -1)
		p->options.terminal = -1;
	p->drawn = p->frame;
	p->frame = drawn;
}

static void clear_dumb(int fd)
{
	char line[COLUMNS_MAX + 2];
	size_t columns, rows;

	ask_size(fd, &columns, &rows);
	columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
	memset(line, ' ', columns + 1);
	line[0] = '\r';
	line[columns] = '\r';
	io_write_full(fd, line, columns + 1);
}

void progress_clear(struct progress *p)
{
	int fd = p->options.terminal;

	if (!p->shown || fd == -1)
		return;
	p->shown = false;
	p->changed = true;
	if (in_background(fd))
		return;
	if (p->options.dumb)
		clear_dumb(fd);
	else
		io_write_full(fd, "\r" CLEAR_SCREEN, sizeof "\r" CLEAR_SCREEN - 1);
}
