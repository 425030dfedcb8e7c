#include "digest.h"

#include <string.h>

static const char prefix[] = "sha256:";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int digest_parse(struct digest *d, const char *text, size_t n, struct err *e)
{
	struct digest parsed;
	const char *hex = text + sizeof prefix - 1;

	if (n != DIGEST_TEXT - 1 || memcmp(text, prefix, sizeof prefix - 1) != 0)
		return err_set(e, ERR_CONTENT, "'%.*s' is not a sha256 digest", n > 80 ? 80 : (int)n, text);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return err_set(e, ERR_CONTENT, "'%.*s' is not a sha256 digest", (int)n, text);
		parsed.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*d = parsed;
	return 0;
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = digits[d->bytes[i] >> 4];
		out[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	out[DIGEST_HEX - 1] = '\0';
}

void digest_format(const struct digest *d, char out[DIGEST_TEXT])
{
	memcpy(out, prefix, sizeof prefix - 1);
	digest_hex(d, out + sizeof prefix - 1);
}

struct digest_str digest_str(const struct digest *d)
{
	struct digest_str s;

	digest_format(d, s.text);
	return s;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}
