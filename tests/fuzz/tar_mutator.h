/*
 * tar_mutator - changes archives so that they stay archives more often than not: after libFuzzer's own change, the
 * sums of headers are put right, so that not all of them end there.
 */
#ifndef FUZZ_TAR_MUTATOR_H
#define FUZZ_TAR_MUTATOR_H

#include "fuzz.h"
#include "tar_number.h"

#define MUTATOR_BLOCK 512

static inline void mutator_write_sum(uint8_t *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < MUTATOR_BLOCK; i++)
		sum += block[i];
	tar_write_octal((char *)block + 148, 7, sum);
}

/* Blocks of content after this header, as far as it says. */
static inline size_t mutator_content(const uint8_t *block)
{
	int64_t size;

	if (!memchr("0xgLKS7", block[156], 8) || tar_number((const char *)block + 124, 12, &size) == -1 || size < 0 || size > 1 << 20)
		return 0;
	return ((size_t)size + MUTATOR_BLOCK - 1) / MUTATOR_BLOCK;
}

/* Puts a copy of some blocks elsewhere, over what is there or between. */
static inline size_t mutator_move_blocks(uint8_t *data, size_t size, size_t max, uint32_t *random)
{
	size_t blocks = size / MUTATOR_BLOCK, n, from, to;

	if (blocks < 2)
		return size;
	n = 1 + fuzz_random(random) % 4 % blocks;
	from = fuzz_random(random) % (blocks - n + 1);
	to = fuzz_random(random) % (blocks - n + 1);
	if (fuzz_random(random) % 2 && size + n * MUTATOR_BLOCK <= max) {
		memmove(data + (to + n) * MUTATOR_BLOCK, data + to * MUTATOR_BLOCK, size - to * MUTATOR_BLOCK);
		size += n * MUTATOR_BLOCK;
	}
	memmove(data + to * MUTATOR_BLOCK, data + from * MUTATOR_BLOCK, n * MUTATOR_BLOCK);
	return size;
}

/* `data` is the archive alone. Returns its new size. */
static inline size_t mutator_mutate(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	uint32_t random = seed | 1;
	size_t at = 0;

	if (fuzz_random(&random) % 4 == 0)
		size = mutator_move_blocks(data, size, max, &random);
	else
		size = LLVMFuzzerMutate(data, size, max);
	if (fuzz_random(&random) % 16 == 0)
		return size;
	while (at + MUTATOR_BLOCK <= size) {
		uint8_t *block = data + at;

		at += MUTATOR_BLOCK;
		if (!*block && !memcmp(block, block + 1, MUTATOR_BLOCK - 1))
			continue;
		mutator_write_sum(block);
		at += mutator_content(block) * MUTATOR_BLOCK;
	}
	return size;
}

#endif
