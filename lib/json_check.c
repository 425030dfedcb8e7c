#include "json_check.h"

#include "json.h"
#include "json_text.h"

#include <string.h>

enum expect {
	VALUE,
	VALUE_OR_END, /* after '[' */
	KEY,
	KEY_OR_END, /* after '{' */
	COMMA_OR_END,
	END_OF_TEXT,
};

struct check {
	const char *start, *p, *end;
	struct err *e;
	size_t tokens, max_tokens;
	int depth;
	char closer[JSON_DEPTH_MAX]; /* what ends each open container */
};

static int fault(const struct check *c, const char *what)
{
	return err_set(c->e, ERR_CONTENT, "not JSON: %s at byte %zu", what, (size_t)(c->p - c->start));
}

static bool at(const struct check *c, char wanted)
{
	return c->p < c->end && *c->p == wanted;
}

static bool at_digit(const struct check *c)
{
	return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static void skip_space(struct check *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

static int count(struct check *c)
{
	if (c->tokens == c->max_tokens)
		return err_set(c->e, ERR_CONTENT, "JSON of more than %zu values", c->max_tokens);
	c->tokens++;
	return 0;
}

static int check_digits(struct check *c)
{
	if (!at_digit(c))
		return fault(c, "a digit is missing");
	while (at_digit(c))
		c->p++;
	return 0;
}

/* RFC 8259, section 6 */
static int check_number(struct check *c)
{
	if (at(c, '-'))
		c->p++;
	if (at(c, '0')) {
		c->p++;
		if (at_digit(c))
			return fault(c, "a number with a leading zero");
	} else if (check_digits(c) == -1) {
		return -1;
	}
	if (at(c, '.')) {
		c->p++;
		if (check_digits(c) == -1)
			return -1;
	}
	if (at(c, 'e') || at(c, 'E')) {
		c->p++;
		if (at(c, '+') || at(c, '-'))
			c->p++;
		return check_digits(c);
	}
	return 0;
}

static int check_word(struct check *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
		return fault(c, "an unknown word");
	c->p += n;
	return 0;
}

/* The value of "\uXXXX" at p; -1 for anything else. */
static int unit_at(const struct check *c)
{
	return c->end - c->p >= 6 && c->p[0] == '\\' && c->p[1] == 'u' ? json_hex4(c->p + 2) : -1;
}

static int check_escape(struct check *c)
{
	int unit;

	if (c->end - c->p < 2 || c->p[1] == '\0' || !strchr("\"\\/bfnrtu", c->p[1]))
		return fault(c, "an unknown escape");
	if (c->p[1] != 'u') {
		c->p += 2;
		return 0;
	}
	unit = unit_at(c);
	if (unit == -1)
		return fault(c, "a malformed \\u escape");
	if (json_low_surrogate(unit))
		return fault(c, "half a surrogate pair");
	c->p += 6;
	if (!json_high_surrogate(unit))
		return 0;
	if (!json_low_surrogate(unit_at(c)))
		return fault(c, "half a surrogate pair");
	c->p += 6;
	return 0;
}

/* Bytes of a string that stand for themselves. */
static void skip_plain(struct check *c)
{
	const char *p = c->p;

	while (p < c->end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
		p++;
	c->p = p;
}

/* RFC 8259, section 7 */
static int check_string(struct check *c)
{
	for (c->p++, skip_plain(c); c->p < c->end && *c->p != '"'; skip_plain(c)) {
		unsigned char byte = (unsigned char)*c->p;
		size_t n = 1;

		if (byte == '\\') {
			if (check_escape(c) == -1)
				return -1;
			continue;
		}
		if (byte < 0x20)
			return fault(c, "a control character in a string");
		if (byte >= 0x80)
			n = json_utf8(c->p, (size_t)(c->end - c->p));
		if (n == 0)
			return fault(c, "invalid UTF-8");
		c->p += n;
	}
	if (c->p == c->end)
		return fault(c, "a string without an end");
	c->p++;
	return 0;
}

static int open_container(struct check *c, enum expect *next)
{
	if (c->depth == JSON_DEPTH_MAX)
		return err_set(c->e, ERR_CONTENT, "JSON nested deeper than %d", JSON_DEPTH_MAX);
	*next = *c->p == '{' ? KEY_OR_END : VALUE_OR_END;
	c->closer[c->depth++] = *c->p == '{' ? '}' : ']';
	c->p++;
	return 0;
}

static void after_value(const struct check *c, enum expect *next)
{
	*next = c->depth ? COMMA_OR_END : END_OF_TEXT;
}

static int check_scalar(struct check *c)
{
	switch (*c->p) {
	case '"': return check_string(c);
	case 't': return check_word(c, "true");
	case 'f': return check_word(c, "false");
	case 'n': return check_word(c, "null");
	}
	return *c->p == '-' || at_digit(c) ? check_number(c) : fault(c, "no value");
}

static int check_value(struct check *c, enum expect *next)
{
	if (c->p == c->end)
		return fault(c, "the text ends too early");
	if (count(c) == -1)
		return -1;
	if (*c->p == '{' || *c->p == '[')
		return open_container(c, next);
	after_value(c, next);
	return check_scalar(c);
}

static int check_key(struct check *c, enum expect *next)
{
	if (!at(c, '"'))
		return fault(c, "a member without a name");
	if (count(c) == -1 || check_string(c) == -1)
		return -1;
	skip_space(c);
	if (!at(c, ':'))
		return fault(c, "no ':' after a name");
	c->p++;
	*next = VALUE;
	return 0;
}

static int check_end(struct check *c, enum expect *next)
{
	if (!at(c, c->closer[c->depth - 1]))
		return fault(c, c->p == c->end ? "the text ends too early" : "neither ',' nor an end");
	c->p++;
	c->depth--;
	after_value(c, next);
	return 0;
}

static int check_next(struct check *c, enum expect *next)
{
	bool end_allowed = *next == VALUE_OR_END || *next == KEY_OR_END || *next == COMMA_OR_END;

	if (end_allowed && at(c, c->closer[c->depth - 1]))
		return check_end(c, next);
	switch (*next) {
	case VALUE:
	case VALUE_OR_END: return check_value(c, next);
	case KEY:
	case KEY_OR_END: return check_key(c, next);
	case COMMA_OR_END:
		if (!at(c, ','))
			return check_end(c, next);
		c->p++;
		*next = c->closer[c->depth - 1] == '}' ? KEY : VALUE;
		return 0;
	case END_OF_TEXT: break;
	}
	return fault(c, "more text after the value");
}

int json_check(const char *text, size_t len, size_t max_tokens, size_t *tokens, struct err *e)
{
	struct check c = { .start = text, .p = text, .end = text + len, .e = e, .max_tokens = max_tokens };
	enum expect next = VALUE;

	for (skip_space(&c); next != END_OF_TEXT || c.p < c.end; skip_space(&c))
		if (check_next(&c, &next) == -1)
			return -1;
	*tokens = c.tokens;
	return 0;
}
