#include "tar_pax.h"

#include "tar_escape.h"
#include "tar_number.h"

#include <string.h>

#define SCHILY_PREFIX "SCHILY.xattr."
#define CODED_PREFIX "LIBARCHIVE.xattr." /* names as in URLs, values in base64 */
#define XATTR_NAME_MAX 255 /* bytes, as Linux has it */
#define LENGTH_DIGITS_MAX 7 /* of a record: TAR_PAX_MAX has seven */

void tar_pax_clear(struct tar_pax *p)
{
	buf_clear(&p->bytes);
	tar_map_clear(&p->map);
	*p = (struct tar_pax)TAR_PAX_INIT;
}

void tar_pax_reset(struct tar_pax *p)
{
	struct buf bytes = p->bytes;
	struct tar_map map = p->map;

	*p = (struct tar_pax)TAR_PAX_INIT;
	buf_reset(&bytes);
	tar_map_reset(&map);
	p->bytes = bytes;
	p->map = map;
}

/* One record; both NUL-terminated behind their lengths. */
struct record {
	char *key, *value;
	size_t key_len, value_len;
};

static int bad_value(const struct record *r, struct err *e)
{
	return err_set(e, ERR_CONTENT, "pax header: the value of %s is not allowed", r->key);
}

static int take_text(const char **out, const struct record *r, struct err *e)
{
	if (memchr(r->value, '\0', r->value_len) || r->value_len >= TAR_PATH_MAX)
		return bad_value(r, e);
	*out = r->value_len ? r->value : NULL;
	return 0;
}

static int take_number(int64_t *out, const struct record *r, int64_t max, struct err *e)
{
	*out = -1;
	if (r->value_len == 0)
		return 0;
	return tar_decimal(r->value, r->value_len, out) == -1 || *out > max ? bad_value(r, e) : 0;
}

static int take_mtime(struct tar_pax *p, const struct record *r, struct err *e)
{
	p->has_mtime = r->value_len != 0;
	return p->has_mtime && tar_time(r->value, r->value_len, &p->mtime) == -1 ? bad_value(r, e) : 0;
}

static int take_offset(struct tar_pax *p, const struct record *r, struct err *e)
{
	if (p->sparse_offset != -1)
		return bad_value(r, e);
	return take_number(&p->sparse_offset, r, INT64_MAX, e);
}

static int take_length(struct tar_pax *p, const struct record *r, struct err *e)
{
	int64_t length, offset = p->sparse_offset;

	if (take_number(&length, r, INT64_MAX, e) == -1)
		return -1;
	p->sparse_offset = -1;
	p->sparse_mapped = true;
	return offset == -1 || length == -1 ? bad_value(r, e) : tar_map_add(&p->map, offset, length, e);
}

static int take_map(struct tar_pax *p, const struct record *r, struct err *e)
{
	tar_map_reset(&p->map);
	p->sparse_mapped = true;
	return tar_map_parse(&p->map, r->value, r->value_len, e);
}

/*
 * bsdtar writes each attribute in both forms, the name being coded in both alike; GNU tar and Go write the first
 * alone, and GNU's names have a code of their own. So names are compared as they came, and read when all records are
 * known.
 */
static int take_xattr(struct tar_pax *p, const struct record *r, bool schily, struct err *e)
{
	char *name = r->key + strlen(schily ? SCHILY_PREFIX : CODED_PREFIX);
	ptrdiff_t len = schily ? (ptrdiff_t)r->value_len : tar_unescape_base64(r->value, r->value_len);
	size_t i = 0;

	if (*name == '\0' || len < 0 || len > TAR_XATTR_VALUE_MAX)
		return bad_value(r, e);
	while (i < p->xattr_count && strcmp(p->xattrs[i].name, name) != 0)
		i++;
	if (i == TAR_XATTRS_MAX)
		return err_set(e, ERR_CONTENT, "pax header: more than %d extended attributes", TAR_XATTRS_MAX);
	if (i == p->xattr_count)
		p->xattr_forms[p->xattr_count++] = (struct tar_pax_form){ name, schily, false };
	p->xattr_forms[i].coded |= !schily;
	if (schily || !p->xattr_forms[i].schily)
		p->xattrs[i] = (struct tar_xattr){ p->xattr_forms[i].name, r->value, (size_t)len };
	p->xattr_forms[i].schily |= schily;
	return 0;
}

static bool is(const struct record *r, const char *key)
{
	return strcmp(r->key, key) == 0;
}

static int take_sparse(struct tar_pax *p, const struct record *r, struct err *e)
{
	if (is(r, "GNU.sparse.name"))
		return take_text(&p->sparse_name, r, e);
	if (is(r, "GNU.sparse.major"))
		return take_number(&p->sparse_major, r, INT64_MAX, e);
	if (is(r, "GNU.sparse.minor"))
		return take_number(&p->sparse_minor, r, INT64_MAX, e);
	if (is(r, "GNU.sparse.size") || is(r, "GNU.sparse.realsize"))
		return take_number(&p->sparse_size, r, INT64_MAX, e);
	if (is(r, "GNU.sparse.offset"))
		return take_offset(p, r, e);
	if (is(r, "GNU.sparse.numbytes"))
		return take_length(p, r, e);
	if (is(r, "GNU.sparse.map"))
		return take_map(p, r, e);
	return 0; /* numblocks: the map says it too */
}

static int take(struct tar_pax *p, const struct record *r, struct err *e)
{
	if (is(r, "path"))
		return take_text(&p->path, r, e);
	if (is(r, "linkpath"))
		return take_text(&p->link, r, e);
	if (is(r, "size"))
		return take_number(&p->size, r, INT64_MAX, e);
	if (is(r, "uid"))
		return take_number(&p->uid, r, UINT32_MAX - 1, e);
	if (is(r, "gid"))
		return take_number(&p->gid, r, UINT32_MAX - 1, e);
	if (is(r, "mtime"))
		return take_mtime(p, r, e);
	if (strncmp(r->key, SCHILY_PREFIX, strlen(SCHILY_PREFIX)) == 0)
		return take_xattr(p, r, true, e);
	if (strncmp(r->key, CODED_PREFIX, strlen(CODED_PREFIX)) == 0)
		return take_xattr(p, r, false, e);
	if (strncmp(r->key, "GNU.sparse.", 11) == 0)
		return take_sparse(p, r, e);
	return 0;
}

static int malformed(struct err *e)
{
	return err_set(e, ERR_CONTENT, "pax header: a malformed record");
}

/*
 * The record at *p, "LENGTH KEY=VALUE\n", the length that of all of it. Moves *p behind it, and ends key and value
 * with NULs in place.
 */
static int next_record(char **p, const char *end, struct record *r, struct err *e)
{
	char *start = *p;
	size_t left = (size_t)(end - start), digits = 0;
	char *key, *equals, *last;
	int64_t length;

	while (digits < left && digits <= LENGTH_DIGITS_MAX && start[digits] != ' ')
		digits++;
	if (digits == left || digits > LENGTH_DIGITS_MAX || start[0] == '0')
		return malformed(e);
	if (tar_decimal(start, digits, &length) == -1 || (size_t)length > left || (size_t)length < digits + 3)
		return malformed(e);
	key = start + digits + 1;
	last = start + length - 1;
	equals = memchr(key, '=', (size_t)(last - key));
	if (*last != '\n' || !equals || equals == key || memchr(key, '\0', (size_t)(equals - key)))
		return malformed(e);
	*equals = *last = '\0';
	*r = (struct record){ key, equals + 1, (size_t)(equals - key), (size_t)(last - equals - 1) };
	*p = last + 1;
	return 0;
}

static int read_xattr_name(struct tar_pax *p, size_t i, struct err *e)
{
	char *name = p->xattr_forms[i].name;

	if (!p->xattr_forms[i].coded)
		tar_unescape_gnu(name);
	else if (tar_unescape_url(name) == -1)
		return err_set(e, ERR_CONTENT, "pax header: the name of an extended attribute is malformed");
	if (strlen(name) > XATTR_NAME_MAX)
		return err_set(e, ERR_CONTENT, "pax header: the name of an extended attribute is too long");
	return 0;
}

/* Reads the names. Two that were written in different ways may be one: SCHILY's stays, else the later. */
static int finish_xattrs(struct tar_pax *p, struct err *e)
{
	size_t count = p->xattr_count;

	p->xattr_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t to = 0;

		if (read_xattr_name(p, i, e) == -1)
			return -1;
		while (to < p->xattr_count && strcmp(p->xattrs[to].name, p->xattr_forms[i].name) != 0)
			to++;
		if (to < p->xattr_count && p->xattr_forms[to].schily && !p->xattr_forms[i].schily)
			continue;
		p->xattrs[to] = p->xattrs[i];
		p->xattr_forms[to] = p->xattr_forms[i];
		p->xattr_count += to == p->xattr_count;
	}
	return 0;
}

int tar_pax_parse(struct tar_pax *p, struct err *e)
{
	struct record r = { NULL, NULL, 0, 0 };
	char *at = p->bytes.data, *end;

	if (p->bytes.len == 0)
		return 0;
	end = at + p->bytes.len;
	while (at < end)
		if (next_record(&at, end, &r, e) == -1 || take(p, &r, e) == -1)
			return -1;
	return p->sparse_offset == -1 ? finish_xattrs(p, e) : malformed(e);
}

bool tar_pax_is_personal(const struct tar_pax *p)
{
	return p->path || p->link || p->size != -1 || p->uid != -1 || p->gid != -1 || p->xattr_count ||
	       p->sparse_name || p->sparse_mapped || p->sparse_major != -1 || p->sparse_size != -1;
}
