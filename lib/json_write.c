#include "json.h"

#include "json_text.h"

#include <inttypes.h>
#include <string.h>

void json_writer_init(struct json_writer *w, struct buf *out, int indent)
{
	*w = (struct json_writer){ .out = out, .indent = indent };
	w->empty[0] = true;
}

static void new_line(struct json_writer *w)
{
	if (w->indent == 0)
		return;
	buf_addc(w->out, '\n');
	for (int i = 0; i < w->depth * w->indent; i++)
		buf_addc(w->out, ' ');
}

static void put_text(struct json_writer *w, const char *s)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: a character and its escape */

	buf_addc(w->out, '"');
	for (size_t left = strlen(s), n; left > 0; s += n, left -= n) {
		const char *escape = letters;

		n = json_utf8(s, left);
		while (*escape && *escape != *s)
			escape += 2;
		if (n == 0) {
			buf_adds(w->out, "\xef\xbf\xbd");
			n = 1;
		} else if (*escape) {
			buf_addc(w->out, '\\');
			buf_addc(w->out, escape[1]);
		} else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			buf_addf(w->out, "\\u%04x", (unsigned int)(unsigned char)*s);
		} else {
			buf_add(w->out, s, n);
		}
	}
	buf_addc(w->out, '"');
}

/* Where the next value goes: behind the comma after its elder, on its line. */
static void place(struct json_writer *w, bool named)
{
	if (named != w->object[w->depth] || (w->depth == 0 && !w->empty[0]))
		w->out->failed = true;
	if (!w->empty[w->depth])
		buf_addc(w->out, ',');
	w->empty[w->depth] = false;
	if (w->depth > 0)
		new_line(w);
}

static void put_colon(struct json_writer *w)
{
	buf_adds(w->out, w->indent ? ": " : ":");
}

static void before_value(struct json_writer *w, const char *key)
{
	place(w, key != NULL);
	if (!key)
		return;
	put_text(w, key);
	put_colon(w);
}

static void open_container(struct json_writer *w, bool object)
{
	if (w->depth == JSON_DEPTH_MAX) {
		w->out->failed = true;
		return;
	}
	buf_addc(w->out, object ? '{' : '[');
	w->depth++;
	w->empty[w->depth] = true;
	w->object[w->depth] = object;
}

void json_begin_object(struct json_writer *w, const char *key)
{
	before_value(w, key);
	open_container(w, true);
}

void json_begin_array(struct json_writer *w, const char *key)
{
	before_value(w, key);
	open_container(w, false);
}

void json_end(struct json_writer *w)
{
	bool empty = w->empty[w->depth], object = w->object[w->depth];

	if (w->depth == 0) {
		w->out->failed = true;
		return;
	}
	w->depth--;
	if (!empty)
		new_line(w);
	buf_addc(w->out, object ? '}' : ']');
}

void json_put_string(struct json_writer *w, const char *key, const char *value)
{
	before_value(w, key);
	put_text(w, value);
}

void json_put_int64(struct json_writer *w, const char *key, int64_t value)
{
	before_value(w, key);
	buf_addf(w->out, "%" PRId64, value);
}

void json_put_uint64(struct json_writer *w, const char *key, uint64_t value)
{
	before_value(w, key);
	buf_addf(w->out, "%" PRIu64, value);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	before_value(w, key);
	buf_adds(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	before_value(w, key);
	buf_adds(w->out, "null");
}

static void put_raw(struct json_writer *w, struct json_value v)
{
	size_t len;
	const char *raw = json_raw(v, &len);

	buf_add(w->out, raw, len);
}

/* The recursion ends where documents do, at JSON_DEPTH_MAX. */
static void put_nested(struct json_writer *w, struct json_value v)
{
	enum json_type type = json_type(v);

	if (type != JSON_OBJECT && type != JSON_ARRAY) {
		put_raw(w, v);
		return;
	}
	open_container(w, type == JSON_OBJECT);
	for (struct json_value child = json_first(v); json_exists(child); child = json_next(child)) {
		place(w, type == JSON_OBJECT);
		if (type == JSON_OBJECT) {
			put_raw(w, json_name(child)); /* as it stands: a name may hold what a C string cannot */
			put_colon(w);
		}
		put_nested(w, child);
	}
	json_end(w);
}

void json_put_value(struct json_writer *w, const char *key, struct json_value v)
{
	if (!json_exists(v))
		return;
	before_value(w, key);
	put_nested(w, v);
}
