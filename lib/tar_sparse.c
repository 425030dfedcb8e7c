#include "tar_sparse.h"

#include "tar.h"
#include "tar_number.h"

#include <string.h>

#define HEADER_REGIONS 4 /* of an old GNU header */
#define BLOCK_REGIONS 21 /* of a block that follows it */
#define REGION_BYTES 24
#define FIELD_BYTES 12
#define BLOCK_EXTENDED (BLOCK_REGIONS * REGION_BYTES)
#define LINE_MAX_DIGITS 20

void tar_map_clear(struct tar_map *m)
{
	free(m->regions);
	*m = (struct tar_map){ NULL, 0, 0 };
}

void tar_map_reset(struct tar_map *m)
{
	m->count = 0;
}

int tar_map_add(struct tar_map *m, int64_t offset, int64_t length, struct err *e)
{
	const struct tar_region *last = m->count ? &m->regions[m->count - 1] : NULL;

	if (m->count == TAR_SPARSE_MAX)
		return err_set(e, ERR_CONTENT, "a sparse file of more than %d regions", TAR_SPARSE_MAX);
	if (offset < 0 || length < 0 || offset > INT64_MAX - length || (last && offset < last->offset + last->length))
		return err_set(e, ERR_CONTENT, "the map of a sparse file is not in order");
	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 16;
		struct tar_region *more = realloc(m->regions, room * sizeof *more);
		if (!more)
			return err_nomem(e);
		m->regions = more;
		m->room = room;
	}
	m->regions[m->count++] = (struct tar_region){ offset, length };
	return 0;
}

static int malformed(struct err *e)
{
	return err_set(e, ERR_CONTENT, "the map of a sparse file is malformed");
}

int tar_map_parse(struct tar_map *m, const char *text, size_t n, struct err *e)
{
	const char *end = text + n;
	int64_t pair[2];
	int have = 0;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma ? comma : end;

		if (tar_decimal(text, (size_t)(stop - text), &pair[have++]) == -1)
			return malformed(e);
		if (have == 2 && tar_map_add(m, pair[0], pair[1], e) == -1)
			return -1;
		have %= 2;
		text = comma ? comma + 1 : end;
	}
	return have ? malformed(e) : 0;
}

/* `count` regions from `p`, up to the first empty one. */
static int add_old(struct tar_map *m, const char *p, size_t count, struct err *e)
{
	for (; count && *p; count--, p += REGION_BYTES) {
		int64_t offset, length;

		if (tar_number(p, FIELD_BYTES, &offset) == -1 || tar_number(p + FIELD_BYTES, FIELD_BYTES, &length) == -1)
			return malformed(e);
		if (tar_map_add(m, offset, length, e) == -1)
			return -1;
	}
	return 0;
}

int tar_map_read_old(struct tar_map *m, const char header[TAR_BLOCK_SIZE], struct tar_input *in, struct err *e)
{
	char block[TAR_BLOCK_SIZE];
	char extended = header[TAR_SPARSE_OLD_EXTENDED];
	int blocks = 0;

	if (add_old(m, header + TAR_SPARSE_OLD_BASE, HEADER_REGIONS, e) == -1)
		return -1;
	while (extended) {
		if (++blocks > TAR_SPARSE_MAX / BLOCK_REGIONS)
			return err_set(e, ERR_CONTENT, "a sparse file of more than %d regions", TAR_SPARSE_MAX);
		if (tar_input_exactly(in, block, sizeof block, e) == -1)
			return -1;
		if (add_old(m, block, BLOCK_REGIONS, e) == -1)
			return -1;
		extended = block[BLOCK_EXTENDED];
	}
	return 0;
}

/* Lines of numbers, read a block at a time. */
struct lines {
	struct tar_input *in;
	int64_t *stored;
	size_t blocks, at;
	char block[TAR_BLOCK_SIZE];
};

static int next_char(struct lines *l, struct err *e)
{
	if (l->at == sizeof l->block) {
		if (++l->blocks > TAR_PAX_MAX / TAR_BLOCK_SIZE || *l->stored < TAR_BLOCK_SIZE)
			return malformed(e);
		if (tar_input_exactly(l->in, l->block, sizeof l->block, e) == -1)
			return -1;
		*l->stored -= TAR_BLOCK_SIZE;
		l->at = 0;
	}
	return (unsigned char)l->block[l->at++];
}

static int next_number(struct lines *l, int64_t *value, struct err *e)
{
	char digits[LINE_MAX_DIGITS];
	size_t n = 0;
	int c;

	while ((c = next_char(l, e)) != '\n') {
		if (c == -1)
			return -1;
		if (n == sizeof digits)
			return malformed(e);
		digits[n++] = (char)c;
	}
	return tar_decimal(digits, n, value) == -1 ? malformed(e) : 0;
}

int tar_map_read_lines(struct tar_map *m, struct tar_input *in, int64_t *stored, struct err *e)
{
	struct lines l = { .in = in, .stored = stored, .at = TAR_BLOCK_SIZE };
	int64_t count, offset, length;

	if (next_number(&l, &count, e) == -1)
		return -1;
	if (count > TAR_SPARSE_MAX)
		return err_set(e, ERR_CONTENT, "a sparse file of more than %d regions", TAR_SPARSE_MAX);
	for (; count; count--) {
		if (next_number(&l, &offset, e) == -1 || next_number(&l, &length, e) == -1)
			return -1;
		if (tar_map_add(m, offset, length, e) == -1)
			return -1;
	}
	return 0;
}

int tar_map_check(const struct tar_map *m, int64_t stored, int64_t size, struct err *e)
{
	const struct tar_region *last = m->count ? &m->regions[m->count - 1] : NULL;

	if (last && last->offset + last->length > size)
		return err_set(e, ERR_CONTENT, "the map of a sparse file goes beyond its end");
	/* Regions are in order and do not overlap: their sum is at most the end of the last one. */
	for (size_t i = 0; i < m->count; i++)
		stored -= m->regions[i].length;
	if (stored != 0)
		return err_set(e, ERR_CONTENT, "the map of a sparse file does not fit its content");
	return 0;
}
