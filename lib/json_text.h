/*
 * json_text - what is inside a JSON string (RFC 8259, section 7): UTF-8 and escapes. Shared by the parts of json,
 * used by nobody else.
 */
#ifndef CR_JSON_TEXT_H
#define CR_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length, 1 to 4 bytes, of the UTF-8 sequence at s, where n > 0 bytes are; 0 when it is not valid
 * (RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF).
 */
size_t json_utf8(const char *s, size_t n);

/* Reads the four hex digits at s. -1 when they are none. */
int json_hex4(const char *s);

static inline bool json_high_surrogate(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static inline bool json_low_surrogate(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Gives the bytes of a string one after another. With `escapes`, p..end is the checked inside of a JSON string. */
struct json_bytes {
	const char *p, *end;
	bool escapes;
	unsigned char pending[4]; /* of an escape that stands for several bytes */
	size_t have, used;
};

int json_next_byte(struct json_bytes *b); /* -1 at the end */

/* <0, 0, >0 as memcmp, a prefix being smaller. */
int json_compare(struct json_bytes a, struct json_bytes b);

#endif
