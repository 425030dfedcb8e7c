/*
 * Z4: compressed streams, in pieces of odd sizes, read in odd pieces. gzip is held against zlib, which has the whole of it at once:
 * the same bytes, or both refuse.
 */
#include "inflate.h"

#include "fuzz.h"

#include <zlib.h>

#define OUTPUT_MAX (64u << 10) /* bytes that are looked at; a stream may hold more */

/* What zlib says of members one behind another, and zeros. 0, or -1. Stops at OUTPUT_MAX, which is 1. */
static int reference(const uint8_t *data, size_t size, struct buf *out)
{
	static char room[OUTPUT_MAX];
	int result = 0;

	while (size && *data && result == 0) {
		z_stream z = { .next_in = (z_const Bytef *)data, .avail_in = (uInt)size, .next_out = (Bytef *)room,
			       .avail_out = (uInt)(OUTPUT_MAX - out->len) };
		int r;

		MUST(inflateInit2(&z, MAX_WBITS + 16) == Z_OK);
		r = inflate(&z, Z_FINISH);
		buf_add(out, room, OUTPUT_MAX - out->len - z.avail_out);
		if (r != Z_STREAM_END)
			result = z.avail_out == 0 && r == Z_BUF_ERROR ? 1 : -1;
		data += size - z.avail_in;
		size = z.avail_in;
		inflateEnd(&z);
	}
	for (; size && result == 0; data++, size--)
		if (*data)
			result = -1;
	return result;
}

/* The same by inflate. */
static int ours(const uint8_t *data, size_t size, uint32_t pieces, struct buf *out)
{
	struct source_bytes s = source_bytes(data, size, pieces);
	struct err e = ERR_INIT;
	cleanup_inflate struct inflate *z = inflate_new(&s.source, 0, &e);
	uint32_t random = pieces | 1;
	char *chunk;
	ssize_t n = -1;

	while (z && out->len < OUTPUT_MAX) {
		size_t room = pieces ? 1 + fuzz_random(&random) % 5000 : OUTPUT_MAX;

		if (room > OUTPUT_MAX - out->len)
			room = OUTPUT_MAX - out->len;
		chunk = malloc(room);
		MUST(chunk);
		n = inflate_source(z)->read(inflate_source(z), chunk, room, &e);
		MUST(n <= (ssize_t)room);
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		free(chunk);
		if (n <= 0)
			break;
	}
	MUST(e.kind == ERR_NONE || e.kind == ERR_CONTENT);
	MUST((n == -1) == (e.kind == ERR_CONTENT));
	MUST(n != 0 || s.left == 0);
	return n > 0 ? 1 : (int)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf whole = BUF_INIT, pieces = BUF_INIT, other = BUF_INIT;
	int result = ours(data, size, 0, &whole), again = ours(data, size, (uint32_t)size + 1, &pieces), theirs;

	MUST(result == again);
	if (result != -1)
		MUST(whole.len == pieces.len && memcmp(buf_text(&whole), buf_text(&pieces), whole.len) == 0);
	if (size < 2 || data[0] != 0x1f || data[1] != 0x8b)
		return 0;
	theirs = reference(data, size, &other);
	if (result == 1 || theirs == 1) /* one may have seen a fault behind what fits, the other not */
		MUST(result != -1 || theirs == -1 || whole.len == OUTPUT_MAX || other.len == OUTPUT_MAX);
	else
		MUST(result == theirs);
	if (result != -1 && theirs != -1)
		MUST(whole.len == other.len && memcmp(buf_text(&whole), buf_text(&other), whole.len) == 0);
	return 0;
}

/* After a change, the checksum is put right where the stream can be read to its end: else all would end there. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	static Bytef out[65536];
	z_stream z = { 0 };
	uint32_t sum = (uint32_t)crc32(0, NULL, 0), length = 0;
	int r;

	size = LLVMFuzzerMutate(data, size, max);
	if (seed % 8 == 0 || size < 18 || data[0] != 0x1f || inflateInit2(&z, MAX_WBITS + 16) != Z_OK)
		return size;
	z.next_in = data;
	z.avail_in = (uInt)size;
	do {
		z.next_out = out;
		z.avail_out = sizeof out;
		r = inflate(&z, Z_NO_FLUSH);
		sum = (uint32_t)crc32(sum, out, (uInt)(sizeof out - z.avail_out));
		length += (uint32_t)(sizeof out - z.avail_out);
	} while (r == Z_OK && length < 1 << 22 && (z.avail_in || z.avail_out == 0));
	if (r == Z_DATA_ERROR && z.msg && strstr(z.msg, "check") && size - z.avail_in >= 8) {
		uint8_t *trailer = data + size - z.avail_in - (strstr(z.msg, "length") ? 8 : 4);

		for (int i = 0; i < 4; i++)
			trailer[i] = (uint8_t)(sum >> 8 * i);
		for (int i = 0; i < 4 && trailer + 4 + i < data + size; i++)
			trailer[4 + i] = (uint8_t)(length >> 8 * i);
	}
	inflateEnd(&z);
	return size;
}
