/*
 * json - bounded JSON reading and writing (RFC 8259; jsmn inside a strict jacket, for jsmn alone accepts
 * a third of the malformed documents of JSONTestSuite and is quadratic in depth).
 *
 * Reading parses the whole text once and then only walks it:
 *
 *	struct json *doc = json_parse(text, len, e);
 *	struct json_value root = json_root(doc), layers = json_member(root, "layers");
 *	for (struct json_value v = json_first(layers); json_exists(v); v = json_next(v))
 *		...
 *	json_free(doc);
 *
 * A value that is not there (a missing member, the end of an array) is a value too, of type JSON_NONE, and
 * everything may be asked of it: chains of json_member need one check at their end.
 *
 * Refused with ERR_CONTENT: anything outside the grammar, invalid UTF-8, duplicate keys, and what passes
 * the limits below.
 */
#ifndef CR_JSON_H
#define CR_JSON_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_BYTES_MAX (4u << 20) /* distribution-spec: manifests up to 4 MiB */
#define JSON_DEPTH_MAX 64
#define JSON_TOKENS_MAX 200000

enum json_type { JSON_NONE, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json; /* a parsed document; keeps its own copy of the text */

struct json_value {
	const struct json *doc;
	int token; /* -1: JSON_NONE */
};

/* Parses the whole text. NULL on failure; json_free frees. */
struct json *json_parse(const char *text, size_t len, struct err *e);

/* The same with another limit, `max` bytes; the limit of tokens rises in proportion. For files of our own making. */
struct json *json_parse_max(const char *text, size_t len, size_t max, struct err *e);
void json_free(struct json *doc); /* wipes its copy of the text; NULL is allowed */
void json_cleanup(struct json **doc);
#define cleanup_json __attribute__((cleanup(json_cleanup)))

struct json_value json_root(const struct json *doc);
enum json_type json_type(struct json_value v);
static inline bool json_exists(struct json_value v)
{
	return v.token >= 0;
}

struct json_value json_member(struct json_value object, const char *key); /* JSON_NONE unless an object that has it */
struct json_value json_first(struct json_value container);		   /* first element, or first member's value */
struct json_value json_next(struct json_value element);		   /* the one after it, in array or object */
size_t json_count(struct json_value container);			   /* elements or members; 0 for anything else */

/* The name of a member reached by json_first or json_next, a string; JSON_NONE for a value that is no member. */
struct json_value json_name(struct json_value member);

/* The key of a member reached by json_first or json_next, unescaped and malloc'ed; NULL with ERR_CONTENT for a
 * value that is no member, or for a key that holds a NUL. */
char *json_key(struct json_value member, struct err *e);

/* The unescaped string, malloc'ed. Not a string, or one that holds U+0000: NULL with ERR_CONTENT. */
char *json_string(struct json_value v, struct err *e);

/* Whether v is a string that equals `text`. */
bool json_equals(struct json_value v, const char *text);

/* An integer without fraction or exponent that fits: anything else is ERR_CONTENT. */
int json_int64(struct json_value v, int64_t *out, struct err *e);

/* JSON_BOOL's value; `otherwise` for anything else. */
bool json_bool(struct json_value v, bool otherwise);

/* The value's bytes as they stand in the document, a string's with its quotes; not terminated; valid while the
 * document is. NULL and 0 for JSON_NONE. */
const char *json_raw(struct json_value v, size_t *len);

/*
 * Writing: commas and escapes are the writer's business, and indentation if asked for. Errors are those of
 * the buffer (buf_check).
 *
 *	struct json_writer w;
 *	json_writer_init(&w, &buf, 2);
 *	json_begin_object(&w, NULL);
 *	json_put_string(&w, "name", "busybox");
 *	json_begin_array(&w, "layers"); json_put_string(&w, NULL, "sha256:…"); json_end(&w);
 *	json_end(&w);
 *
 * `key` is the member's name inside an object, NULL inside an array and at the top. Strings are C strings in
 * UTF-8; bytes that are not valid UTF-8 are written as U+FFFD, so that the output is always JSON. Nesting deeper than
 * JSON_DEPTH_MAX, an end without a begin, and a key where none belongs (or none where one does) fail the buffer.
 */
struct json_writer {
	struct buf *out;
	int indent; /* spaces a level; 0: compact */
	int depth;
	bool empty[JSON_DEPTH_MAX + 1];	 /* nothing written at this depth yet */
	bool object[JSON_DEPTH_MAX + 1]; /* this depth is an object */
};

void json_writer_init(struct json_writer *w, struct buf *out, int indent);
void json_begin_object(struct json_writer *w, const char *key);
void json_begin_array(struct json_writer *w, const char *key);
void json_end(struct json_writer *w); /* closes the innermost object or array */
void json_put_string(struct json_writer *w, const char *key, const char *value);
void json_put_int64(struct json_writer *w, const char *key, int64_t value);
void json_put_uint64(struct json_writer *w, const char *key, uint64_t value);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);

/*
 * A value of another document: structure, order and the spelling of numbers and strings kept, laid out as this writer
 * does. JSON_NONE writes nothing.
 */
void json_put_value(struct json_writer *w, const char *key, struct json_value v);

#endif
