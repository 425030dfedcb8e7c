/*
 * Z4: compressed streams, in pieces of odd sizes, read in odd pieces. gzip is held against zlib, which has the whole
 * of it at once: the same bytes, or both refuse.
 */
#include "inflate.h"

#include "fuzz.h"
#include "inflate_member.h"

#include <zlib.h>

#define PIECE_MAX (64u << 10)

/* All that came of a stream: an input of some thousand bytes gives some megabytes at most. */
struct outcome {
	int result; /* 0, or -1 */
	bool odd_codes; /* zlib refused a block for its codes */
	uint64_t length;
	uLong sum;
};

static void add(struct outcome *o, const void *data, size_t n)
{
	o->length += n;
	o->sum = crc32(o->sum, data, (uInt)n);
}

/* What zlib says of members one behind another, and zeros. */
static struct outcome reference(const uint8_t *data, size_t size)
{
	static Bytef piece[PIECE_MAX];
	struct outcome o = { 0 };

	while (size && *data && o.result == 0) {
		z_stream z = { .next_in = (z_const Bytef *)data, .avail_in = (uInt)size };
		int r;

		MUST(inflateInit2(&z, MAX_WBITS + 16) == Z_OK);
		do {
			z.next_out = piece;
			z.avail_out = sizeof piece;
			r = inflate(&z, Z_NO_FLUSH);
			add(&o, piece, sizeof piece - z.avail_out);
		} while (r == Z_OK && (z.avail_in || z.avail_out == 0));
		if (r != Z_STREAM_END)
			o.result = -1;
		o.odd_codes = z.msg && strstr(z.msg, " set"); /* "invalid distances set" */
		data += size - z.avail_in;
		size = z.avail_in;
		inflateEnd(&z);
	}
	for (; size && o.result == 0; data++, size--)
		if (*data)
			o.result = -1;
	return o;
}

/* The same by inflate. */
static struct outcome ours(const uint8_t *data, size_t size, uint32_t pieces)
{
	struct source_bytes s = source_bytes(data, size, pieces);
	struct outcome o = { .result = -1 };
	struct err e = ERR_INIT;
	cleanup_inflate struct inflate *z = inflate_new(&s.source, 0, &e);
	uint32_t random = pieces | 1;
	ssize_t n = z ? 1 : -1;

	while (n > 0) {
		size_t room = pieces ? 1 + fuzz_random(&random) % 5000 : PIECE_MAX;
		char *piece = malloc(room);

		MUST(piece);
		n = inflate_source(z)->read(inflate_source(z), piece, room, &e);
		MUST(n <= (ssize_t)room);
		if (n > 0)
			add(&o, piece, (size_t)n);
		free(piece);
	}
	MUST(fuzz_result((int)n, &e, ERR_CONTENT));
	MUST(n == -1 || s.left == 0);
	o.result = (int)n;
	return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->result == b->result && (a->result == -1 || (a->length == b->length && a->sum == b->sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = ours(data, size, 0), pieces = ours(data, size, (uint32_t)size + 1), theirs;

	MUST(same(&whole, &pieces));
	if (size < 2 || data[0] != 0x1f || data[1] != 0x8b)
		return 0;
	theirs = reference(data, size);
	/*
	 * Huffman codes that are not complete: zlib, gzip and Go refuse a block that has them at its beginning, ISA-L
	 * one that uses what they lack.
	 */
	if (theirs.odd_codes)
		return 0;
	MUST(same(&whole, &theirs));
	return 0;
}

/*
 * After a change, the checksum and the length at the end are put right, where the stream can be read so far: else all
 * would end there. What is right, the reader under test says: it may be one that takes more than zlib.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	static unsigned char out[PIECE_MAX];
	struct inflate_flow f = { data, 0, NULL, 0 };
	struct outcome o = { 0 };
	struct err e = ERR_INIT;
	struct inflate_member *m;
	int r;

	size = LLVMFuzzerMutate(data, size, max);
	if (seed % 8 == 0 || size < 18 || data[0] != 0x1f || !(m = inflate_member_new(&e)))
		return size;
	f.in_len = size;
	do {
		f.out = out;
		f.out_len = sizeof out;
		r = inflate_member_run(m, &f, &e);
		add(&o, out, sizeof out - f.out_len);
	} while (r == 0 && (f.in_len || f.out_len == 0));
	inflate_member_free(m);
	if (r == -1 && strstr(e.text, "check")) {
		uint8_t *trailer = data + size - (f.in_len < size - 8 ? f.in_len : 0) - 8;

		for (int i = 0; i < 4; i++) {
			trailer[i] = (uint8_t)(o.sum >> 8 * i);
			trailer[4 + i] = (uint8_t)(o.length >> 8 * i);
		}
	}
	return size;
}
