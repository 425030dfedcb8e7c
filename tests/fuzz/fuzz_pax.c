/* Z3: the records of pax headers, the numbers and times of tar, maps of sparse files, and names made plain. */
#include "fuzz.h"

#include "layer_state.h"
#include "tar_number.h"
#include "tar_pax.h"

/* --- numbers, against the same told in other words --- */

static bool octal_says(const char *p, size_t n, __int128 *value)
{
	size_t i = 0, first;

	*value = 0;
	while (i < n && p[i] == ' ')
		i++;
	first = i;
	while (i < n && p[i] >= '0' && p[i] <= '7')
		*value = *value * 8 + (p[i++] - '0');
	if (i == first) /* no digit: nothing at all */
		while (i < n && (p[i] == ' ' || p[i] == '\0'))
			i++;
	else
		while (i < n && p[i] == ' ')
			i++;
	return i == n || p[i] == '\0';
}

static bool base256_says(const char *p, size_t n, __int128 *value)
{
	*value = p[0] & 0x40 ? -1 : 0;
	for (size_t i = 0; i < n; i++) {
		int byte = (unsigned char)p[i];

		if (i == 0)
			byte = p[0] & 0x40 ? byte | 0x80 : byte & 0x7f;
		*value = *value * 256 + byte; /* at most twelve bytes */
	}
	return true;
}

static void check_number(const struct input *in)
{
	size_t n = in->left < 12 ? in->left : 12;
	struct input few = { in->p, n };
	char *field = input_copy(&few), written[12];
	int64_t value = 0, again;
	__int128 said = 0;
	bool good = n == 0;

	if (n)
		good = (field[0] & 0x80 ? base256_says : octal_says)(field, n, &said) && said >= INT64_MIN && said <= INT64_MAX;
	MUST((tar_number(field, n, &value) == 0) == good);
	MUST(!good || value == (int64_t)said);
	tar_write_octal(written, sizeof written, (uint64_t)value);
	MUST(tar_number(written, sizeof written, &again) == 0);
	MUST(again == (value >= 0 && value < INT64_C(1) << 33 ? value : 0));
	free(field);
}

static bool digits_say(const char *p, size_t n, __int128 *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*value = *value * 10 + (p[i] - '0');
		if (*value > INT64_MAX)
			return false;
	}
	return n > 0;
}

/* "[-]SECONDS[.FRACTION]" in nanoseconds, towards the past. */
static bool time_says(const char *p, size_t n, __int128 *value)
{
	bool negative = n && *p == '-';
	const char *point;
	size_t whole, i;
	__int128 unit = 1000000000;

	p += negative;
	n -= negative;
	point = n ? memchr(p, '.', n) : NULL;
	whole = point ? (size_t)(point - p) : n;
	if (!digits_say(p, whole, value))
		return false;
	*value *= 1000000000;
	for (i = whole + 1; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		unit /= 10;
		*value += unit * (p[i] - '0');
	}
	if (negative)
		*value = -*value;
	return true;
}

static void check_decimal(const struct input *in)
{
	char *text = input_copy(in);
	int64_t value;
	__int128 said;
	bool good = digits_say(text, in->left, &said);

	MUST((tar_decimal(text, in->left, &value) == 0) == good);
	MUST(!good || value == (int64_t)said);
	free(text);
}

static void check_time(const struct input *in)
{
	char *text = input_copy(in);
	struct timespec t;
	__int128 said;
	bool good = time_says(text, in->left, &said);

	MUST((tar_time(text, in->left, &t) == 0) == good);
	MUST(!good || (t.tv_nsec >= 0 && t.tv_nsec < 1000000000));
	MUST(!good || (__int128)t.tv_sec * 1000000000 + t.tv_nsec == said);
	free(text);
}

/* --- maps --- */

static void check_map(const struct tar_map *m)
{
	int64_t end = 0;

	MUST(m->count <= TAR_SPARSE_MAX);
	for (size_t i = 0; i < m->count; i++) {
		MUST(m->regions[i].offset >= end && m->regions[i].length >= 0);
		MUST(m->regions[i].offset <= INT64_MAX - m->regions[i].length);
		end = m->regions[i].offset + m->regions[i].length;
	}
}

/* What a checked map promises to whoever reads by it. */
static void check_fitting(const struct tar_map *m, int64_t stored, int64_t size)
{
	struct err e = ERR_INIT;
	int r = tar_map_check(m, stored, size, &e);
	__int128 sum = 0;

	MUST(fuzz_result(r, &e, ERR_CONTENT));
	for (size_t i = 0; i < m->count; i++)
		sum += m->regions[i].length;
	MUST(r == -1 || sum == stored);
	MUST(r == -1 || m->count == 0 || m->regions[m->count - 1].offset + m->regions[m->count - 1].length <= size);
}

/* The map of a member's first bytes: lines (1.0), or of blocks (old GNU). */
static void check_read_map(struct input in, bool old, uint32_t pieces)
{
	struct tar_input *reader = calloc(1, sizeof *reader);
	struct tar_map map = { NULL, 0, 0 };
	int64_t stored = (int64_t)(input_byte(&in) << 8 | input_byte(&in)), was = stored;
	char header[TAR_BLOCK_SIZE] = { 0 };
	struct source_bytes s;
	struct err e = ERR_INIT;
	int r;

	MUST(reader);
	if (old) {
		memcpy(header, in.p, in.left < sizeof header ? in.left : sizeof header);
		in.p += in.left < sizeof header ? in.left : sizeof header;
		in.left -= in.left < sizeof header ? in.left : sizeof header;
	}
	s = source_bytes(in.p, in.left, pieces);
	reader->in = &s.source;
	r = old ? tar_map_read_old(&map, header, reader, &e) : tar_map_read_lines(&map, reader, &stored, &e);
	MUST(fuzz_result(r, &e, ERR_CONTENT));
	MUST(stored >= 0 && stored <= was && (was - stored) % TAR_BLOCK_SIZE == 0);
	check_map(&map);
	check_fitting(&map, stored, was * 3);
	tar_map_clear(&map);
	free(reader);
}

static void check_parsed_map(const struct input *in)
{
	struct tar_map map = { NULL, 0, 0 };
	char *text = input_copy(in);
	struct err e = ERR_INIT;

	MUST(fuzz_result(tar_map_parse(&map, text, in->left, &e), &e, ERR_CONTENT));
	check_map(&map);
	free(text);
	tar_map_clear(&map);
}

/* --- pax records --- */

/* The value of the last record of that key, as the specification reads them; false where there is none. */
static bool last_value(const struct input *in, const char *key, const char **value, size_t *n)
{
	const char *p = (const char *)in->p, *end = p + in->left;
	bool found = false;

	while (p < end) {
		char *rest;
		size_t length = strtoul(p, &rest, 10), k = strlen(key);

		rest++; /* what was accepted is well-formed */
		if (strncmp(rest, key, k) == 0 && rest[k] == '=') {
			*value = rest + k + 1;
			*n = (size_t)(p + length - 1 - *value);
			found = true;
		}
		p += length;
	}
	return found;
}

static void check_text(const struct input *in, const char *key, const char *got)
{
	const char *value;
	size_t n;

	if (!last_value(in, key, &value, &n) || n == 0) {
		MUST(!got);
		return;
	}
	MUST(got && strlen(got) == n && memcmp(got, value, n) == 0 && n < TAR_PATH_MAX);
}

static void check_id(const struct input *in, const char *key, int64_t got, int64_t max)
{
	const char *value;
	__int128 said;
	size_t n;

	MUST(got >= -1 && got <= max);
	if (!last_value(in, key, &value, &n) || n == 0)
		MUST(got == -1);
	else
		MUST(digits_say(value, n, &said) && said == got);
}

static void check_accepted(const struct tar_pax *p, const struct input *in)
{
	check_text(in, "path", p->path);
	check_text(in, "linkpath", p->link);
	check_text(in, "GNU.sparse.name", p->sparse_name);
	check_id(in, "size", p->size, INT64_MAX);
	check_id(in, "uid", p->uid, UINT32_MAX - 1);
	check_id(in, "gid", p->gid, UINT32_MAX - 1);
	check_id(in, "GNU.sparse.major", p->sparse_major, INT64_MAX);
	check_id(in, "GNU.sparse.minor", p->sparse_minor, INT64_MAX);
	MUST(!p->has_mtime || (p->mtime.tv_nsec >= 0 && p->mtime.tv_nsec < 1000000000));
	MUST(p->xattr_count <= TAR_XATTRS_MAX);
	MUST(p->sparse_offset == -1);
	for (size_t i = 0; i < p->xattr_count; i++) {
		MUST(*p->xattrs[i].name && strlen(p->xattrs[i].name) <= 255 && p->xattrs[i].len <= TAR_XATTR_VALUE_MAX);
		MUST(((const char *)p->xattrs[i].value)[p->xattrs[i].len] == '\0');
		for (size_t j = 0; j < i; j++)
			MUST(strcmp(p->xattrs[i].name, p->xattrs[j].name) != 0);
	}
	check_map(&p->map);
}

/* Twice, the second time in memory that was used before: both give the same. */
static void check_pax(const struct input *in)
{
	struct tar_pax p = TAR_PAX_INIT;
	bool personal = false;
	int first = 0;

	for (int round = 0; round < 2; round++) {
		struct err e = ERR_INIT;
		int r;

		tar_pax_reset(&p);
		buf_add(&p.bytes, in->p, in->left);
		r = tar_pax_parse(&p, &e);
		MUST(fuzz_result(r, &e, ERR_CONTENT));
		if (r == 0) {
			char *copy = malloc(in->left + 1); /* strtoul wants an end */
			struct input ended = { (uint8_t *)copy, in->left };

			MUST(copy);
			if (in->left)
				memcpy(copy, in->p, in->left);
			copy[in->left] = '\0';
			check_accepted(&p, &ended);
			free(copy);
		}
		MUST(round == 0 || (r == first && (r == -1 || tar_pax_is_personal(&p) == personal)));
		first = r;
		personal = tar_pax_is_personal(&p);
	}
	tar_pax_clear(&p);
}

/* --- names --- */

/* A name that was made plain has no way to be anything else. */
static void check_plain(const char *path)
{
	size_t depth = 0;

	MUST(strlen(path) < BENEATH_PATH_MAX && *path != '/');
	while (*path) {
		size_t n = strcspn(path, "/");

		MUST(n > 0 && n < BENEATH_NAME_MAX && ++depth <= BENEATH_DEPTH_MAX);
		MUST(!(n == 1 && *path == '.') && !(n == 2 && path[0] == '.' && path[1] == '.'));
		MUST(path[n] == '\0' || path[n + 1] != '\0');
		path += n + (path[n] == '/');
	}
}

static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p++)
		if ((p == path || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

static void check_name(struct input in)
{
	char *text = input_until(&in, '\0', NULL), plain[BENEATH_PATH_MAX], again[BENEATH_PATH_MAX];
	struct err e = ERR_INIT;
	int r = layer_clean_path(text, plain, &e);

	MUST(fuzz_result(r, &e, ERR_CONTENT));
	MUST(r == -1 || !has_dotdot(text));
	if (r == 0) {
		check_plain(plain);
		MUST(layer_clean_path(plain, again, &e) == 0 && strcmp(plain, again) == 0);
	} else {
		MUST(has_dotdot(text) || strlen(text) >= BENEATH_NAME_MAX);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	switch (input_byte(&in)) {
	case 'p': check_pax(&in); break;
	case 'n': check_number(&in); break;
	case 'd': check_decimal(&in); break;
	case 't': check_time(&in); break;
	case 'm': check_parsed_map(&in); break;
	case 'l': check_read_map(in, false, (uint32_t)size); break;
	case 'o': check_read_map(in, true, (uint32_t)size); break;
	case 'c': check_name(in); break;
	}
	return 0;
}
