#include "tar_input.h"

#include <string.h>

static int cut_off(struct err *e)
{
	return err_set(e, ERR_CONTENT, "the archive is cut off");
}

ssize_t tar_input_read(struct tar_input *t, void *data, size_t n, struct err *e)
{
	size_t have;

	if (t->at == t->len) {
		ssize_t got;

		if (n >= sizeof t->buffer)
			return t->in->read(t->in, data, n, e);
		got = t->in->read(t->in, t->buffer, sizeof t->buffer, e);
		if (got <= 0)
			return got;
		t->at = 0;
		t->len = (size_t)got;
	}
	have = t->len - t->at;
	if (n > have)
		n = have;
	memcpy(data, t->buffer + t->at, n);
	t->at += n;
	return (ssize_t)n;
}

/* As many of n bytes as there are. */
static ssize_t read_full(struct tar_input *t, char *data, size_t n, struct err *e)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = tar_input_read(t, data + have, n - have, e);
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

int tar_input_exactly(struct tar_input *t, void *data, size_t n, struct err *e)
{
	ssize_t got = read_full(t, data, n, e);

	if (got == -1)
		return -1;
	return (size_t)got == n ? 0 : cut_off(e);
}

int tar_input_skip(struct tar_input *t, int64_t n, struct err *e)
{
	while (n > 0) {
		size_t have = t->len - t->at;

		if (have == 0) {
			ssize_t got = t->in->read(t->in, t->buffer, sizeof t->buffer, e);
			if (got <= 0)
				return got == 0 ? cut_off(e) : -1;
			t->at = 0;
			t->len = have = (size_t)got;
		}
		if ((int64_t)have > n)
			have = (size_t)n;
		t->at += have;
		n -= (int64_t)have;
	}
	return 0;
}

int tar_input_block(struct tar_input *t, char block[TAR_BLOCK_SIZE], struct err *e)
{
	ssize_t got = read_full(t, block, TAR_BLOCK_SIZE, e);

	if (got == TAR_BLOCK_SIZE)
		return 1;
	if (got > 0)
		return cut_off(e);
	return (int)got;
}
