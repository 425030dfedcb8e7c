/* progress_text - sizes, durations and whole lines as text; ASCII alone, so that a byte is a column. */
#include "progress_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH 12	 /* the first digits of a digest */
#define AMOUNT_WIDTH 19	 /* "999.9 MB / 999.9 MB" */
#define RATE_WIDTH 10	 /* "999.9 MB/s" */
#define LEFT_WIDTH 6	 /* "59m59s" */
#define PERCENT_WIDTH 4
#define BAR_MIN 8	 /* brackets and all */
#define BAR_MAX 40

void text_size(char out[TEXT_SIZE], int64_t bytes)
{
	static const char prefixes[] = "kMGTPE";
	const char *prefix = prefixes;
	double n = (double)bytes / 1000.0;

	if (bytes < 0) {
		out[0] = '\0';
		return;
	}
	if (bytes < 1000) {
		snprintf(out, TEXT_SIZE, "%d B", (int)bytes);
		return;
	}
	for (; n >= 999.95; n /= 1000.0) /* it would be rounded to 1000.0 */
		prefix++;
	snprintf(out, TEXT_SIZE, "%.1f %cB", n, *prefix);
}

void text_duration(char out[TEXT_DURATION], int64_t seconds)
{
	static const struct {
		int64_t unit, smaller;
		char letter[2];
	} units[] = { { 86400, 3600, "dh" }, { 3600, 60, "hm" }, { 60, 1, "ms" } };

	out[0] = '\0';
	if (seconds < 0)
		return;
	if (seconds < 60) {
		snprintf(out, TEXT_DURATION, "%ds", (int)seconds);
		return;
	}
	if (seconds >= 100 * units[0].unit) {
		snprintf(out, TEXT_DURATION, ">99d");
		return;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (seconds >= units[i].unit) {
			snprintf(out, TEXT_DURATION, "%d%c%02d%c", (int)(seconds / units[i].unit) % 100, units[i].letter[0],
				 (int)(seconds % units[i].unit / units[i].smaller) % 100, units[i].letter[1]);
			return;
		}
}

/* What of `of` equal parts is there; the last only when all is. */
static int share(int64_t bytes, int64_t total, int of)
{
	int parts;

	if (bytes >= total)
		return of;
	parts = (int)((double)bytes / (double)total * of);
	return parts < of ? parts : of - 1;
}

void text_percent(char out[TEXT_PERCENT], int64_t bytes, int64_t total)
{
	if (total < 0)
		out[0] = '\0';
	else
		snprintf(out, TEXT_PERCENT, "%d%%", share(bytes, total, 100));
}

/* --- lines --- */

enum field { LABEL, BAR, AMOUNT, RATE, LEFT, PERCENT, FIELDS };

struct fields {
	char text[FIELDS][TEXT_LABEL];
	size_t width[FIELDS]; /* 0: left out */
};

static void put_bar(char *out, size_t width, const struct text_line *l)
{
	size_t inner = width - 2, filled = l->total < 0 ? 0 : (size_t)share(l->bytes, l->total, (int)inner);

	memset(out, ' ', width);
	out[0] = '[';
	memset(out + 1, '=', filled);
	if (filled > 0 && filled < inner)
		out[filled] = '>';
	out[width - 1] = ']';
	out[width] = '\0';
}

static void put_texts(struct fields *f, const struct text_line *l)
{
	char bytes[TEXT_SIZE], total[TEXT_SIZE], rate[TEXT_SIZE];

	text_size(bytes, l->bytes);
	text_size(total, l->total);
	text_size(rate, l->rate);
	snprintf(f->text[LABEL], TEXT_LABEL, "%s", l->label);
	snprintf(f->text[AMOUNT], TEXT_LABEL, l->total < 0 ? "%s" : "%s / %s", bytes, total);
	snprintf(f->text[RATE], TEXT_LABEL, rate[0] ? "%s/s" : "", rate);
	text_duration(f->text[LEFT], l->left);
	text_percent(f->text[PERCENT], l->bytes, l->total);
}

/* Gives widths to the fields of the set. Returns whether they fit, two blanks between them. */
static bool fit(struct fields *f, unsigned int set, size_t columns)
{
	static const size_t least[FIELDS] = { LABEL_WIDTH, BAR_MIN, AMOUNT_WIDTH, RATE_WIDTH, LEFT_WIDTH, PERCENT_WIDTH };
	bool alone = (set & (set - 1)) == 0;
	size_t used = 0;

	for (int i = 0; i < FIELDS; i++) {
		size_t n = strlen(f->text[i]);
		f->width[i] = 0;
		if (!(set & 1u << i))
			continue;
		f->width[i] = n < least[i] && !alone ? least[i] : n;
		used += f->width[i] + (used > 0 ? 2 : 0);
	}
	if (used > columns || used == 0)
		return false;
	if (set & 1u << BAR)
		f->width[BAR] += columns - used < BAR_MAX - BAR_MIN ? columns - used : BAR_MAX - BAR_MIN;
	return true;
}

static size_t join(char out[TEXT_LINE], const struct fields *f)
{
	size_t n = 0;

	for (int i = 0; i < FIELDS; i++)
		if (f->width[i] > 0)
			n += (size_t)snprintf(out + n, TEXT_LINE - n, i == LABEL ? "%s%-*s" : "%s%*s", n > 0 ? "  " : "",
					      (int)f->width[i], f->text[i]);
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return n;
}

size_t text_line(char out[TEXT_LINE], size_t columns, const struct text_line *l)
{
	static const unsigned int sets[] = {
		1u << LABEL | 1u << BAR | 1u << AMOUNT | 1u << RATE | 1u << LEFT,
		1u << LABEL | 1u << BAR | 1u << AMOUNT | 1u << RATE,
		1u << LABEL | 1u << BAR | 1u << AMOUNT,
		1u << LABEL | 1u << AMOUNT,
		1u << LABEL | 1u << PERCENT,
		1u << LABEL, /* the line for all alone comes to this */
		1u << PERCENT,
	};
	size_t count = sizeof sets / sizeof *sets - (l->sum ? 0 : 2);
	struct fields f = { .text = { "" } };

	put_texts(&f, l);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if (fit(&f, sets[i], columns)) {
			if (f.width[BAR] > 0)
				put_bar(f.text[BAR], f.width[BAR], l);
			return join(out, &f);
		}
	return 0;
}
