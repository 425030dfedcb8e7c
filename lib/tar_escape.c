#include "tar_escape.h"

#include <stdbool.h>
#include <string.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int tar_unescape_url(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '%') {
			int high = hex(text[1]), low = high == -1 ? -1 : hex(text[2]);

			if (low == -1 || (high == 0 && low == 0))
				return -1;
			*to++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return 0;
}

void tar_unescape_gnu(char *text)
{
	char *to = text;

	for (; *text; text++) {
		bool equals = strncmp(text, "%3D", 3) == 0;

		*to++ = equals ? '=' : *text;
		if (equals || strncmp(text, "%25", 3) == 0)
			text += 2;
	}
	*to = '\0';
}

static int base64(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

ptrdiff_t tar_unescape_base64(char *text, size_t n)
{
	unsigned value = 0, bits = 0;
	char *to = text;

	if (n && n % 4 == 0 && text[n - 1] == '=')
		n -= text[n - 2] == '=' ? 2 : 1;
	for (size_t i = 0; i < n; i++) {
		int digit = base64(text[i]);

		if (digit == -1)
			return -1;
		value = (value << 6 | (unsigned)digit) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*to++ = (char)(value >> bits);
		}
	}
	/* One digit alone is no byte, and bits of none must be zeros: so each value has one form. */
	return bits == 6 || value & ((1u << bits) - 1) ? -1 : to - text;
}
