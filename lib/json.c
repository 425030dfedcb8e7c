#include "json.h"

#include "io.h"
#include "json_check.h"
#include "json_text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS /* without it jsmn is quadratic in the number of values */
#include <jsmn.h>

/*
 * Tokens stand in the order of the text: a container before what it holds, a key before its value, which is its
 * only child. link_tokens establishes that, and everything after relies on it.
 */
struct json {
	char *text; /* a newline follows, for jsmn wants something after a bare number */
	size_t len;
	jsmntok_t *tokens;
	int *after; /* for each token, the index of the first one behind all that it holds */
	int count;
};

void json_free(struct json *doc)
{
	if (!doc)
		return;
	if (doc->text) /* it may hold secrets */
		explicit_bzero(doc->text, doc->len);
	free(doc->text);
	free(doc->tokens);
	free(doc->after);
	free(doc);
}

void json_cleanup(struct json **doc)
{
	json_free(*doc);
}

/* Counts the children anew, instead of believing jsmn. False where its tree is not the tree that was checked. */
static bool link_tokens(struct json *doc)
{
	jsmntok_t *t = doc->tokens;

	for (int i = 0; i < doc->count; i++) {
		t[i].size = 0;
		doc->after[i] = i + 1;
	}
	for (int i = doc->count - 1; i > 0; i--) {
		int parent = t[i].parent;

		if (parent < 0 || parent >= i)
			return false;
		t[parent].size++;
		if (doc->after[parent] < doc->after[i])
			doc->after[parent] = doc->after[i];
	}
	for (int i = 0; i < doc->count; i++) {
		bool key = i > 0 && t[t[i].parent].type == JSMN_OBJECT;
		bool holds = t[i].type == JSMN_OBJECT || t[i].type == JSMN_ARRAY;

		if ((key && t[i].type != JSMN_STRING) || (!holds && t[i].size != key))
			return false;
		if (t[i].start < 0 || t[i].end < t[i].start || (size_t)t[i].end > doc->len)
			return false;
	}
	return true;
}

#define FEW_MEMBERS 16 /* compared each with each: nearly every object has no more */

struct member {
	const char *key; /* as it stands in the text, without quotes */
	int len;
	bool escapes;
};

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int order;

	if (a->escapes || b->escapes)
		return json_compare((struct json_bytes){ .p = a->key, .end = a->key + a->len, .escapes = true },
				    (struct json_bytes){ .p = b->key, .end = b->key + b->len, .escapes = true });
	order = memcmp(a->key, b->key, (size_t)(a->len < b->len ? a->len : b->len));
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* Whether the two cannot be the same, at a glance. */
static bool differ(const struct member *a, const struct member *b)
{
	return !a->escapes && !b->escapes && a->len != b->len;
}

/* One of two members that share a name, or NULL. The order of the members is changed where there are many. */
static const struct member *duplicate(struct member *members, size_t n)
{
	if (n > FEW_MEMBERS) {
		qsort(members, n, sizeof *members, compare_members);
		for (size_t i = 1; i < n; i++)
			if (compare_members(&members[i - 1], &members[i]) == 0)
				return &members[i];
		return NULL;
	}
	for (size_t i = 1; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (!differ(&members[j], &members[i]) && compare_members(&members[j], &members[i]) == 0)
				return &members[i];
	return NULL;
}

/* Two readers could take different ones of two members that share a name; so nobody gets to choose. */
static int refuse_duplicates(const struct json *doc, struct err *e)
{
	cleanup_free struct member *members = malloc((size_t)doc->count * sizeof *members);

	if (!members)
		return err_nomem(e);
	for (int i = 0; i < doc->count; i++) {
		const struct member *twice;
		size_t n = 0;

		if (doc->tokens[i].type != JSMN_OBJECT)
			continue;
		for (int m = i + 1; m < doc->after[i]; m = doc->after[m]) {
			const jsmntok_t *t = &doc->tokens[m];
			int len = t->end - t->start;

			members[n++] = (struct member){ doc->text + t->start, len,
							memchr(doc->text + t->start, '\\', (size_t)len) != NULL };
		}
		twice = duplicate(members, n);
		if (twice)
			return err_set(e, ERR_CONTENT, "JSON with two members '%.*s'", twice->len < 80 ? twice->len : 80,
				       twice->key);
	}
	return 0;
}

static int tokenize(struct json *doc, size_t tokens, struct err *e)
{
	jsmn_parser parser;
	int n;

	doc->tokens = malloc(tokens * sizeof *doc->tokens);
	doc->after = malloc(tokens * sizeof *doc->after);
	if (!doc->tokens || !doc->after)
		return err_nomem(e);
	doc->count = (int)tokens;
	jsmn_init(&parser);
	n = jsmn_parse(&parser, doc->text, doc->len + 1, doc->tokens, (unsigned int)tokens);
	if (n != doc->count || !link_tokens(doc))
		return err_set(e, ERR_CONTENT, "not JSON: two readings of it differ");
	return refuse_duplicates(doc, e);
}

struct json *json_parse_max(const char *text, size_t len, size_t max, struct err *e)
{
	size_t factor = max / JSON_BYTES_MAX > 1 ? max / JSON_BYTES_MAX : 1, tokens;
	cleanup_json struct json *doc = NULL;

	if (len > max || len >= INT_MAX) {
		err_set(e, ERR_CONTENT, "JSON of more than %zu bytes", max);
		return NULL;
	}
	if (json_check(text, len, factor * JSON_TOKENS_MAX, &tokens, e) == -1)
		return NULL;
	doc = calloc(1, sizeof *doc);
	if (doc)
		doc->text = malloc(len + 1);
	if (!doc || !doc->text) {
		err_nomem(e);
		return NULL;
	}
	memcpy(doc->text, text, len);
	doc->text[len] = '\n';
	doc->len = len;
	return tokenize(doc, tokens, e) == -1 ? NULL : steal_ptr(&doc);
}

struct json *json_parse(const char *text, size_t len, struct err *e)
{
	return json_parse_max(text, len, JSON_BYTES_MAX, e);
}

static const struct json_value nothing = { NULL, -1 };

static const jsmntok_t *token(struct json_value v)
{
	return &v.doc->tokens[v.token];
}

struct json_value json_root(const struct json *doc)
{
	return doc ? (struct json_value){ doc, 0 } : nothing;
}

enum json_type json_type(struct json_value v)
{
	if (!json_exists(v))
		return JSON_NONE;
	switch (token(v)->type) {
	case JSMN_OBJECT: return JSON_OBJECT;
	case JSMN_ARRAY: return JSON_ARRAY;
	case JSMN_STRING: return JSON_STRING;
	default: break;
	}
	switch (v.doc->text[token(v)->start]) {
	case 't':
	case 'f': return JSON_BOOL;
	case 'n': return JSON_NULL;
	default: return JSON_NUMBER;
	}
}

struct json_value json_name(struct json_value member)
{
	struct json_value key = member;

	if (!json_exists(member) || token(member)->parent < 0)
		return nothing;
	key.token = token(member)->parent;
	return token(key)->type == JSMN_STRING ? key : nothing;
}

struct json_value json_first(struct json_value container)
{
	if (json_count(container) == 0)
		return nothing;
	container.token += json_type(container) == JSON_OBJECT ? 2 : 1;
	return container;
}

struct json_value json_next(struct json_value element)
{
	struct json_value key = json_name(element), next = element;
	int container;

	if (!json_exists(element))
		return nothing;
	container = json_exists(key) ? token(key)->parent : token(element)->parent;
	next.token = element.doc->after[element.token];
	if (container < 0 || next.token >= element.doc->after[container])
		return nothing;
	next.token += json_exists(key); /* from the next key to its value */
	return next;
}

size_t json_count(struct json_value container)
{
	enum json_type type = json_type(container);

	return type == JSON_OBJECT || type == JSON_ARRAY ? (size_t)token(container)->size : 0;
}

static struct json_bytes bytes_of(struct json_value string)
{
	const jsmntok_t *t = token(string);

	return (struct json_bytes){ .p = string.doc->text + t->start, .end = string.doc->text + t->end, .escapes = true };
}

bool json_equals(struct json_value v, const char *text)
{
	size_t n = strlen(text), len;
	struct json_bytes bytes, plain = { .p = text, .end = text + n };

	if (json_type(v) != JSON_STRING)
		return false;
	bytes = bytes_of(v);
	len = (size_t)(bytes.end - bytes.p);
	if (!memchr(bytes.p, '\\', len))
		return len == n && memcmp(bytes.p, text, n) == 0;
	return json_compare(bytes, plain) == 0;
}

struct json_value json_member(struct json_value object, const char *key)
{
	struct json_value v = nothing;

	if (json_type(object) == JSON_OBJECT)
		for (v = json_first(object); json_exists(v); v = json_next(v))
			if (json_equals(json_name(v), key))
				break;
	return v;
}

/* An escape is never shorter than what it stands for. */
static char *unescaped(struct json_value string, struct err *e)
{
	struct json_bytes bytes = bytes_of(string);
	size_t len = (size_t)(bytes.end - bytes.p), n = 0;
	cleanup_free char *text = malloc(len + 1);
	int c;

	if (!text) {
		err_nomem(e);
		return NULL;
	}
	if (!memchr(bytes.p, '\\', len)) { /* then it holds no NUL either: json_check was there */
		memcpy(text, bytes.p, len);
		text[len] = '\0';
		return steal_ptr(&text);
	}
	while ((c = json_next_byte(&bytes)) > 0)
		text[n++] = (char)c;
	if (c == 0) {
		err_set(e, ERR_CONTENT, "a string holds a NUL");
		return NULL;
	}
	text[n] = '\0';
	return steal_ptr(&text);
}

char *json_key(struct json_value member, struct err *e)
{
	struct json_value key = json_name(member);

	if (json_exists(key))
		return unescaped(key, e);
	err_set(e, ERR_CONTENT, "a value without a name");
	return NULL;
}

char *json_string(struct json_value v, struct err *e)
{
	if (json_type(v) == JSON_STRING)
		return unescaped(v, e);
	err_set(e, ERR_CONTENT, json_exists(v) ? "not a string" : "missing");
	return NULL;
}

int json_int64(struct json_value v, int64_t *out, struct err *e)
{
	const char *p, *end;
	bool negative;
	int64_t n = 0;

	if (json_type(v) != JSON_NUMBER)
		return err_set(e, ERR_CONTENT, json_exists(v) ? "not a number" : "missing");
	p = v.doc->text + token(v)->start;
	end = v.doc->text + token(v)->end;
	negative = *p == '-';
	for (p += negative; p < end; p++) {
		if (*p < '0' || *p > '9')
			return err_set(e, ERR_CONTENT, "not an integer");
		/* Counted downwards: the smallest number has no positive twin. */
		if (n < INT64_MIN / 10 || n * 10 < INT64_MIN + (*p - '0'))
			return err_set(e, ERR_CONTENT, "a number out of range");
		n = n * 10 - (*p - '0');
	}
	if (!negative && n == INT64_MIN)
		return err_set(e, ERR_CONTENT, "a number out of range");
	*out = negative ? n : -n;
	return 0;
}

bool json_bool(struct json_value v, bool otherwise)
{
	return json_type(v) == JSON_BOOL ? v.doc->text[token(v)->start] == 't' : otherwise;
}

const char *json_raw(struct json_value v, size_t *len)
{
	int quote = json_type(v) == JSON_STRING;

	*len = json_exists(v) ? (size_t)(token(v)->end - token(v)->start + 2 * quote) : 0;
	return json_exists(v) ? v.doc->text + token(v)->start - quote : NULL;
}
