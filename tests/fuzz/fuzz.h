/*
 * What a fuzz target needs: bytes to take its choices from, a source over bytes, and a claim that must hold.
 *
 * A target is one file with LLVMFuzzerTestOneInput. Linked with libFuzzer it searches for inputs; linked with replay.c it
 * runs those it is given.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "buf.h"
#include "io.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max); /* libFuzzer's, or replay's */

/* Ends the run as a crash does. */
#define MUST(claim) ((claim) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #claim))

_Noreturn static inline void fuzz_fail(const char *file, int line, const char *claim)
{
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, claim);
	abort();
}

/* Input that is still to be used. */
struct input {
	const uint8_t *p;
	size_t left;
};

static inline unsigned input_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

/*
 * The bytes up to the next `end`, which is passed over, or all that is left; with a NUL behind them, and nothing
 * behind that: a sanitizer sees who reads on. The caller frees.
 */
static inline char *input_until(struct input *in, int end, size_t *len)
{
	const uint8_t *stop = in->left ? memchr(in->p, end, in->left) : NULL;
	size_t n = stop ? (size_t)(stop - in->p) : in->left;
	char *text = malloc(n + 1);

	MUST(text);
	if (n)
		memcpy(text, in->p, n);
	text[n] = '\0';
	in->p += n + (stop != NULL);
	in->left -= n + (stop != NULL);
	if (len)
		*len = n;
	return text;
}

/* A copy without anything behind it, not even a byte where there are none. */
static inline char *input_copy(const struct input *in)
{
	char *copy = calloc(1, in->left);

	MUST(copy);
	if (in->left)
		memcpy(copy, in->p, in->left);
	return copy;
}

/* Numbers that only look like chance: the same each time. */
static inline uint32_t fuzz_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A source that gives its bytes in pieces of odd sizes; `pieces` 0: as many as are asked for. */
struct source_bytes {
	struct source source;
	const uint8_t *p;
	size_t left;
	uint32_t pieces;
};

static inline ssize_t source_bytes_read(struct source *self, void *data, size_t n, struct err *e)
{
	struct source_bytes *s = (struct source_bytes *)self;

	(void)e;
	if (s->pieces)
		n = 1 + fuzz_random(&s->pieces) % (fuzz_random(&s->pieces) % 4 ? 700 : 7) % n;
	if (n > s->left)
		n = s->left;
	if (n)
		memcpy(data, s->p, n);
	s->p += n;
	s->left -= n;
	return (ssize_t)n;
}

static inline struct source_bytes source_bytes(const uint8_t *data, size_t n, uint32_t pieces)
{
	return (struct source_bytes){ { source_bytes_read }, data, n, pieces };
}

/* Whether a function kept its word: 0 with the error untouched, or -1 with one of the content's kinds. */
static inline bool fuzz_result(int r, const struct err *e, enum err_kind kind)
{
	return r == -1 ? e->kind == kind && *e->text : e->kind == ERR_NONE;
}

#endif
