#include "json_text.h"

size_t json_utf8(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	size_t len;

	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	switch (u[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	}
	if (u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (u[i] < 0x80 || u[i] > 0xbf)
			return 0;
	return len;
}

int json_hex4(const char *s)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

static size_t encode(unsigned int point, unsigned char out[4])
{
	size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--, point >>= 6)
		out[i] = (unsigned char)(0x80 | (point & 0x3f));
	out[0] = (unsigned char)(lead[len] | point);
	return len;
}

/* The escape at *s, which a check has found to be whole; *s moves behind it. */
static size_t unescape(const char **s, unsigned char out[4])
{
	unsigned int point;
	char c = (*s)[1];

	*s += 2;
	switch (c) {
	case 'b': out[0] = '\b'; return 1;
	case 'f': out[0] = '\f'; return 1;
	case 'n': out[0] = '\n'; return 1;
	case 'r': out[0] = '\r'; return 1;
	case 't': out[0] = '\t'; return 1;
	case 'u': break;
	default: out[0] = (unsigned char)c; return 1; /* quote, backslash, slash */
	}
	point = (unsigned int)json_hex4(*s);
	*s += 4;
	if (json_high_surrogate((int)point)) {
		point = 0x10000 + ((point - 0xd800) << 10) + ((unsigned int)json_hex4(*s + 2) - 0xdc00);
		*s += 6;
	}
	return encode(point, out);
}

int json_next_byte(struct json_bytes *b)
{
	if (b->used < b->have)
		return b->pending[b->used++];
	if (b->p == b->end)
		return -1;
	if (!b->escapes || *b->p != '\\')
		return (unsigned char)*b->p++;
	b->have = unescape(&b->p, b->pending);
	b->used = 1;
	return b->pending[0];
}

int json_compare(struct json_bytes a, struct json_bytes b)
{
	int x, y;

	do {
		x = json_next_byte(&a);
		y = json_next_byte(&b);
	} while (x == y && x != -1);
	return x - y;
}
