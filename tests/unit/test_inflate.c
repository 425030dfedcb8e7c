#include "inflate.h"

#include "buf.h"
#include "test.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct source_buf {
	struct source source;
	const char *data;
	size_t left, step; /* step: at most so many bytes a read */
};

static ssize_t read_buf(struct source *self, void *data, size_t n, struct err *e)
{
	struct source_buf *s = (struct source_buf *)self;

	(void)e;
	if (n > s->step)
		n = s->step;
	if (n > s->left)
		n = s->left;
	if (n)
		memcpy(data, s->data, n);
	s->data += n;
	s->left -= n;
	return (ssize_t)n;
}

/* Decompresses all of it, with reads of every kind; expected NULL: it must be refused. */
static void check(const struct buf *in, const char *expected)
{
	static const size_t steps[] = { 1, 3, 1000, 1 << 20 };

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct source_buf s = { { read_buf }, in->data, in->len, steps[i] };
		cleanup_buf struct buf out = BUF_INIT;
		struct err e = ERR_INIT;
		cleanup_inflate struct inflate *z = inflate_new(&s.source, 0, &e);
		char data[100];
		ssize_t n = -1;

		while (z && (n = source_read_full(inflate_source(z), data, sizeof data, &e)) > 0)
			buf_add(&out, data, (size_t)n);
		CHECK_INT(n, expected ? 0 : -1);
		CHECK_INT(e.kind, expected ? ERR_NONE : ERR_CONTENT);
		if (expected)
			CHECK_STR(buf_text(&out), expected);
		if (expected)
			CHECK_INT(s.left, 0);
	}
}

static void add_gzip(struct buf *out, const char *text)
{
	unsigned char data[4096];
	z_stream z = { .next_in = (z_const Bytef *)text, .avail_in = (uInt)strlen(text), .next_out = data,
		       .avail_out = sizeof data };

	deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	buf_add(out, data, sizeof data - z.avail_out);
	deflateEnd(&z);
}

static void add_zstd(struct buf *out, const char *text)
{
	char data[4096];

	buf_add(out, data, ZSTD_compress(data, sizeof data, text, strlen(text), 3));
}

static void add_zeros(struct buf *out, size_t n)
{
	while (n--)
		buf_addc(out, '\0');
}

static void test_gzip(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	add_gzip(&b, "hello ");
	check(&b, "hello ");
	add_gzip(&b, "");
	add_gzip(&b, "world");
	check(&b, "hello world");
	add_zeros(&b, 600);
	check(&b, "hello world");
	buf_addc(&b, 'x');
	check(&b, NULL);
}

/* Every byte of a stream counts: each cut, and each damage to data or checksums. */
static void test_damaged_gzip(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	add_gzip(&b, "some text, some more text");
	for (size_t n = 2; n < b.len; n++) {
		cleanup_buf struct buf cut = BUF_INIT;

		buf_add(&cut, b.data, n);
		check(&cut, NULL);
	}
	for (size_t i = b.len - 8; i < b.len; i++) {
		b.data[i] ^= 1;
		check(&b, NULL);
		b.data[i] ^= 1;
	}
}

/* RFC 1952, 2.3: every optional field, and the header's own checksum. */
static void add_full_header(struct buf *out, unsigned char flags)
{
	const unsigned char fixed[] = { 0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3 };
	size_t start = out->len;
	uLong crc;

	buf_add(out, fixed, sizeof fixed);
	if (flags & 4)
		buf_add(out, "\5\0extra", 7);
	if (flags & 8)
		buf_add(out, "name", 5);
	if (flags & 16)
		buf_add(out, "a comment", 10);
	crc = crc32(0, (const Bytef *)out->data + start, (uInt)(out->len - start));
	if (flags & 2) {
		buf_addc(out, (char)crc);
		buf_addc(out, (char)(crc >> 8));
	}
}

static void add_gzip_with_header(struct buf *out, unsigned char flags, const char *text)
{
	cleanup_buf struct buf plain = BUF_INIT;

	add_gzip(&plain, text);
	add_full_header(out, flags);
	buf_add(out, plain.data + 10, plain.len - 10);
}

static void test_gzip_headers(void)
{
	for (unsigned char flags = 0; flags < 32; flags++) {
		cleanup_buf struct buf b = BUF_INIT;

		add_gzip_with_header(&b, flags, "some text");
		check(&b, "some text");
		if (!(flags & 2))
			continue;
		b.data[8] ^= 1; /* what its checksum is over */
		check(&b, NULL);
	}
	for (unsigned char flags = 32; flags; flags = (unsigned char)(flags << 1)) {
		cleanup_buf struct buf b = BUF_INIT;

		add_gzip_with_header(&b, flags, "some text");
		check(&b, NULL);
	}
}

static void test_zstd(void)
{
	static const char skippable[] = "\x50\x2a\x4d\x18\x03\0\0\0abc";
	cleanup_buf struct buf b = BUF_INIT;

	buf_add(&b, skippable, sizeof skippable - 1);
	add_zstd(&b, "hello ");
	add_zstd(&b, "world");
	buf_add(&b, skippable, sizeof skippable - 1);
	check(&b, "hello world");
	b.len -= 15; /* into the last frame */
	check(&b, NULL);
}

/* A frame that declares a window of so many MiB (a power of two), and an empty last block. */
static void add_window(struct buf *out, unsigned mib)
{
	unsigned char log = 0;

	while (1u << log < mib << 20)
		log++;
	buf_add(out, "\x28\xb5\x2f\xfd\0", 5);
	buf_addc(out, (char)((log - 10) << 3));
	buf_add(out, "\1\0\0", 3);
}

static enum err_kind kind_of_window(unsigned mib, int64_t max)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	struct source_buf s;
	char data[16];

	add_window(&b, mib);
	s = (struct source_buf){ { read_buf }, b.data, b.len, 100 };
	cleanup_inflate struct inflate *z = inflate_new(&s.source, max, &e);
	if (z)
		inflate_source(z)->read(inflate_source(z), data, sizeof data, &e);
	CHECK(e.kind == ERR_NONE || strstr(e.text, "window"));
	return e.kind;
}

static void test_zstd_windows(void)
{
	CHECK_INT(kind_of_window(8, 0), ERR_NONE);
	CHECK_INT(kind_of_window(16, 0), ERR_CONTENT);
	CHECK_INT(kind_of_window(128, INT64_C(128) << 20), ERR_NONE);
	CHECK_INT(kind_of_window(256, INT64_C(128) << 20), ERR_CONTENT);
	CHECK_INT(kind_of_window(1, 1000000), ERR_CONTENT);
}

static void test_as_it_is(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	buf_adds(&b, "a");
	check(&b, "a");
	buf_adds(&b, " plain stream of bytes");
	check(&b, "a plain stream of bytes");
}

static void test_refused_by_name(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *name;
	} cases[] = {
		{ "\xfd" "7zXZ\0....", 10, "xz" }, { "BZh91AY&SY", 10, "bzip2" }, { "\x1f\x9d........", 10, "compress" },
		{ "\x04\x22\x4d\x18......", 10, "lz4" }, { "", 0, "empty" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct source_buf s = { { read_buf }, cases[i].bytes, cases[i].len, 100 };
		struct err e = ERR_INIT;

		CHECK(inflate_new(&s.source, 0, &e) == NULL);
		CHECK_INT(e.kind, ERR_CONTENT);
		CHECK(strstr(e.text, cases[i].name) != NULL);
	}
}

int main(void)
{
	RUN(test_gzip);
	RUN(test_damaged_gzip);
	RUN(test_gzip_headers);
	RUN(test_zstd);
	RUN(test_zstd_windows);
	RUN(test_as_it_is);
	RUN(test_refused_by_name);
	return test_end();
}
