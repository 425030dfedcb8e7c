/*
 * progress_state - what progress's files share: its state, the rates, and lines laid out as text. Times are milliseconds
 * of a clock that never goes back; sizes are bytes, rates bytes a second, and -1 is one that is not known.
 */
#ifndef CR_PROGRESS_STATE_H
#define CR_PROGRESS_STATE_H

#include "buf.h"
#include "progress.h"

#include <stddef.h>

#define PROGRESS_STEP 100	 /* from one draw to the next, and one JSON line of a blob to the next */
#define PROGRESS_TICK 1000	 /* the same while nothing arrives, for the time left */
#define PROGRESS_NEVER INT64_MAX /* no time at all */

/* --- rates: progress_meter.c --- */

#define METER_WINDOW 5000 /* the time a rate is the mean of */
#define METER_STEP 500	  /* between samples */
#define METER_LEAST 200	  /* a shorter time gives no rate */
#define METER_SAMPLES (METER_WINDOW / METER_STEP + 2)

/* Bytes that were there at times past. All zero: not started. */
struct meter {
	struct {
		int64_t at, bytes;
	} past[METER_SAMPLES]; /* a ring */
	unsigned int first, count;
};

void meter_start(struct meter *m, int64_t now, int64_t bytes);	    /* forgets what was before */
void meter_sample(struct meter *m, int64_t now, int64_t bytes);	    /* as often as one likes; bytes never fall */
int64_t meter_rate(const struct meter *m, int64_t now, int64_t bytes);

/* Seconds until `total` is reached; -1 when that cannot be told. */
int64_t meter_left(int64_t bytes, int64_t total, int64_t rate);

/* --- text: progress_text.c --- */

#define TEXT_SIZE 16	 /* up to 8 columns: "999.9 MB" */
#define TEXT_DURATION 16 /* up to 6: "59m59s" */
#define TEXT_PERCENT 16	 /* up to 4 */
#define TEXT_LABEL 80
#define TEXT_LINE 256 /* longer than any line */

/* These write a terminated text, which is "" for what is not known. */
void text_size(char out[TEXT_SIZE], int64_t bytes);
void text_duration(char out[TEXT_DURATION], int64_t seconds);
void text_percent(char out[TEXT_PERCENT], int64_t bytes, int64_t total); /* 100% only when all is there */

struct text_line {
	char label[TEXT_LABEL];
	int64_t bytes, total, rate, left;
	bool sum; /* the line for all: in little room it becomes label or percentage alone */
};

/* Lays out the line in at most `columns` columns, leaving out what has no room. Its length; 0: there is none in so few. */
size_t text_line(char out[TEXT_LINE], size_t columns, const struct text_line *l);

/* --- state: progress.c --- */

struct progress_blob {
	struct progress *progress;
	struct progress_blob *older;		/* the chain of all, live or not */
	struct progress_blob *previous, *next; /* of those running; next also of the spare ones */
	struct digest digest;
	enum progress_state state;
	bool live;	  /* given out by progress_add, and not finished */
	bool json_due;	  /* bytes have come since the last JSON line */
	int64_t json_at;  /* that line's time */
	int64_t bytes, total;
	struct meter meter;
};

struct progress {
	struct progress_options options; /* a descriptor becomes -1 when it has failed */
	int64_t (*clock)(void);
	struct progress_blob *all, *spare;
	struct progress_blob *first, *last; /* running, in the order they began */
	size_t blobs, live, finished, failed; /* finished: there or done */
	int64_t finished_bytes;
	int64_t moved; /* bytes that came while we looked */
	struct meter meter; /* of them */

	/* bars */
	int64_t since;	  /* when blobs came under way, none having been */
	int64_t drawn_at; /* the last draw, or try to */
	bool begun;	  /* there was one */
	bool changed;	  /* something has since */
	volatile bool shown; /* the screen has our lines; a signal handler may look */
	struct buf frame, drawn; /* text for the screen: in the making, and what it has */

	/* JSON */
	struct buf line;
	int json_error;
};

int64_t progress_add_up(int64_t a, int64_t b); /* INT64_MAX is the most */

/* --- outputs: when they are due (at the soonest `now`; PROGRESS_NEVER), and doing it --- */

int64_t bars_due(const struct progress *p);
void bars_draw(struct progress *p, int64_t now);

int64_t json_due(const struct progress *p);
void json_line(struct progress_blob *b, int64_t now);
void json_flush(struct progress *p, int64_t now); /* the lines that are due */

#endif
