/* digest: text that can spell only one thing (image-spec descriptor.md, Digests; CVE-2024-3727). */
#include "test.h"

#include "digest.h"

#include <stdlib.h>

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define SHA "sha256:" HEX64

static void test_spelling(void)
{
	struct err e = ERR_INIT;
	char text[DIGEST_TEXT], hex[DIGEST_HEX];
	struct digest d;

	CHECK_INT(digest_parse(&d, SHA, strlen(SHA), &e), 0);
	CHECK_INT(d.bytes[0], 0x01);
	CHECK_INT(d.bytes[31], 0xef);
	digest_format(&d, text);
	digest_hex(&d, hex);
	CHECK_STR(text, SHA);
	CHECK_STR(hex, HEX64);
	CHECK_STR(digest_str(&d).text, SHA);
}

/* Only n bytes count: no NUL need follow, and nothing after them is looked at. */
static void test_exactly_n_bytes(void)
{
	size_t n = strlen(SHA);
	struct err e = ERR_INIT;
	char *text = malloc(n);
	struct digest d;

	memcpy(text, SHA, n);
	CHECK_INT(digest_parse(&d, text, n, &e), 0);
	CHECK_INT(digest_parse(&d, text, n - 1, &e), -1);
	CHECK_INT(digest_parse(&d, text, 3, &e), -1);
	CHECK_INT(digest_parse(&d, text, 0, &e), -1);
	free(text);
	CHECK_INT(digest_parse(&d, SHA "tail", n, &e), 0);
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		size_t n;
	} cases[] = {
#define T(s) { s, sizeof(s) - 1 }
		T(""), T("sha256:"), T(HEX64), T("sha256-" HEX64), T("SHA256:" HEX64), T("sha256" HEX64), T("sha512:" HEX64),
		T("sha512:" HEX64 HEX64), T("sha256:" HEX16 HEX16 HEX16 "0123456789ABCDEF"), T(SHA "0"), T(SHA "\n"), T(" " SHA),
		T(SHA " "), T("sha256:" HEX16 HEX16 HEX16 "0123456789abcde"), T("sha256:" HEX16 HEX16 HEX16 "0123456789abcdeg"),
		T("sha256:" HEX16 HEX16 HEX16 "0123456789abcde\0"), T("sha256:" HEX16 HEX16 HEX16 "0123456789abcde/"),
		T("sha256:\0" HEX16 HEX16 HEX16 "0123456789abcde"), T("sha256:../../../../../../../../../../../../../../../etc/passwd.."),
		T("sha256:.." HEX16 HEX16 HEX16 "0123456789abcd"), T("sha256:0x" HEX16 HEX16 HEX16 "0123456789abcd"),
		T("sha256::" HEX16 HEX16 HEX16 "0123456789abcde"), T("sha256:`" HEX16 HEX16 HEX16 "0123456789abcde"),
		T("sha256:@" HEX16 HEX16 HEX16 "0123456789abcde"), T("sha256:\xc3\xa9" HEX16 HEX16 HEX16 "0123456789abcd"),
	};
	struct digest before;

	memset(&before, 7, sizeof before);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct digest d = before;
		char got[512], want[512];

		snprintf(got, sizeof got, "%s: %d", cases[i].text, digest_parse(&d, cases[i].text, cases[i].n, &e));
		snprintf(want, sizeof want, "%s: -1", cases[i].text);
		CHECK_STR(got, want);
		CHECK_INT(e.kind, ERR_CONTENT);
		CHECK(digest_equal(&d, &before)); /* untouched */
	}
}

static void test_every_byte(void)
{
	struct err e = ERR_INIT;
	struct digest d, back;

	for (int value = 0; value < 256; value++) {
		for (int i = 0; i < DIGEST_BYTES; i++)
			d.bytes[i] = (unsigned char)(value + i);
		CHECK_INT(digest_parse(&back, digest_str(&d).text, DIGEST_TEXT - 1, &e), 0);
		CHECK(digest_equal(&d, &back));
		back.bytes[value % DIGEST_BYTES] ^= 1;
		CHECK(!digest_equal(&d, &back));
	}
}

int main(void)
{
	RUN(test_spelling);
	RUN(test_exactly_n_bytes);
	RUN(test_refused);
	RUN(test_every_byte);
	return test_end();
}
