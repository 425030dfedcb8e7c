#include "inflate.h"

#include "inflate_codec.h"

#include <string.h>

struct inflate {
	struct source source;
	struct source *in;
	const struct inflate_codec *codec; /* NULL: as it is */
	void *state;
	bool in_ended;
	const unsigned char *next; /* what was read and not yet used */
	size_t left;
	unsigned char input[INFLATE_INPUT];
};

#define MAGIC_MAX 10

static const struct magic {
	const char *name;
	unsigned char bytes[MAGIC_MAX];
	size_t len;
	const struct inflate_codec *codec; /* NULL: not supported */
	size_t any;			   /* the index of a byte that may be anything; 0: none */
} magics[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, &inflate_gzip, 0 },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, &inflate_zstd, 0 },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, NULL, 0 },
	{ "bzip2", { 'B', 'Z', 'h', 0, '1', 'A', 'Y', '&', 'S', 'Y' }, 10, NULL, 3 }, /* its level */
	{ "lz4", { 0x04, 0x22, 0x4d, 0x18 }, 4, NULL, 0 },
	{ "compress", { 0x1f, 0x9d }, 2, NULL, 0 },
	{ "lzip", { 'L', 'Z', 'I', 'P', 1 }, 5, NULL, 0 },
	{ "zip", { 'P', 'K', 3, 4 }, 4, NULL, 0 },
};

static bool matches(const struct magic *m, const unsigned char *data, size_t n)
{
	if (n < m->len)
		return false;
	for (size_t i = 0; i < m->len; i++)
		if (data[i] != m->bytes[i] && (i == 0 || i != m->any))
			return false;
	return true;
}

/* zstd frames may come after skippable ones: 0x184D2A50 to 0x184D2A5F, little-endian. */
static bool is_skippable_frame(const unsigned char *data, size_t n)
{
	return n >= 4 && (data[0] & 0xf0) == 0x50 && data[1] == 0x2a && data[2] == 0x4d && data[3] == 0x18;
}

static int choose(struct inflate *z, int64_t window_max, struct err *e)
{
	if (z->left == 0)
		return err_set(e, ERR_CONTENT, "the layer is empty");
	if (is_skippable_frame(z->next, z->left))
		z->codec = &inflate_zstd;
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		if (!matches(&magics[i], z->next, z->left))
			continue;
		if (!magics[i].codec)
			return err_set(e, ERR_CONTENT, "%s compression is not supported", magics[i].name);
		z->codec = magics[i].codec;
		break;
	}
	if (!z->codec)
		return 0;
	z->state = z->codec->open(window_max ? window_max : INFLATE_WINDOW, e);
	return z->state ? 0 : -1;
}

static int fill(struct inflate *z, struct err *e)
{
	ssize_t got = z->in->read(z->in, z->input, sizeof z->input, e);

	if (got == -1)
		return -1;
	z->in_ended = got == 0;
	z->next = z->input;
	z->left = (size_t)got;
	return 0;
}

static ssize_t read_plain(struct inflate *z, void *data, size_t n, struct err *e)
{
	if (z->left == 0) /* the first bytes are used up: no copy from here on */
		return z->in->read(z->in, data, n, e);
	if (n > z->left)
		n = z->left;
	memcpy(data, z->next, n);
	z->next += n;
	z->left -= n;
	return (ssize_t)n;
}

static ssize_t inflate_read(struct source *self, void *data, size_t n, struct err *e)
{
	struct inflate *z = (struct inflate *)self;
	struct inflate_flow f = { .out = data, .out_len = n };

	if (!z->codec)
		return read_plain(z, data, n, e);
	for (;;) {
		f.in = z->next;
		f.in_len = z->left;
		if (z->codec->run(z->state, &f, e) == -1)
			return err_context(e, "%s", z->codec->name);
		z->next = f.in;
		z->left = f.in_len;
		if (f.out_len < n)
			return (ssize_t)(n - f.out_len);
		if (z->left == 0 && fill(z, e) == -1)
			return -1;
		if (z->in_ended && z->codec->at_end(z->state))
			return 0;
		if (z->in_ended)
			return err_set(e, ERR_CONTENT, "%s: the stream is cut off", z->codec->name);
	}
}

struct inflate *inflate_new(struct source *in, int64_t window_max, struct err *e)
{
	cleanup_inflate struct inflate *z = malloc(sizeof *z);
	ssize_t got;

	if (!z) {
		err_nomem(e);
		return NULL;
	}
	*z = (struct inflate){ .source.read = inflate_read, .in = in };
	got = source_read_full(in, z->input, MAGIC_MAX, e);
	if (got == -1)
		return NULL;
	z->next = z->input;
	z->left = (size_t)got;
	if (choose(z, window_max, e) == -1)
		return NULL;
	return steal_ptr(&z);
}

void inflate_free(struct inflate *z)
{
	if (z && z->state)
		z->codec->close(z->state);
	free(z);
}

void inflate_cleanup(struct inflate **z)
{
	inflate_free(*z);
}

struct source *inflate_source(struct inflate *z)
{
	return &z->source;
}
