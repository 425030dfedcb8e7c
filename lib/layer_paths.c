#include "layer_paths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ROOM 1024

void layer_paths_init(struct layer_paths *p)
{
	memset(p, 0, sizeof *p);
	if (getentropy(p->secret, sizeof p->secret) == -1) { /* a guess at where we lie is better than nothing */
		p->secret[0] = (uint64_t)(uintptr_t)p;
		p->secret[1] = (uint64_t)(uintptr_t)&p->secret ^ (uint64_t)getpid();
	}
	p->secret[1] |= 1;
}

void layer_paths_clear(struct layer_paths *p)
{
	free(p->slots);
	p->slots = NULL;
	p->room = p->used = 0;
}

static uint64_t mix(uint64_t h, uint64_t word, uint64_t odd)
{
	h = (h ^ word) * odd;
	h ^= h >> 32;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t key_of(const struct layer_paths *p, const char *path)
{
	size_t n = strlen(path);
	uint64_t h = p->secret[0] ^ n, word;

	for (; n >= sizeof word; n -= sizeof word, path += sizeof word) {
		memcpy(&word, path, sizeof word);
		h = mix(h, word, p->secret[1]);
	}
	word = 0;
	memcpy(&word, path, n);
	h = mix(h, word, p->secret[1]);
	return h ? h : 1;
}

/* Where the key is, or belongs. There always is a free slot. */
static struct path_slot *probe(struct path_slot *slots, size_t room, uint64_t key)
{
	size_t i = key & (room - 1);

	while (slots[i].key && slots[i].key != key)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static int grow(struct layer_paths *p, struct err *e)
{
	size_t room = p->room ? 2 * p->room : FIRST_ROOM;
	struct path_slot *slots = calloc(room, sizeof *slots);

	if (!slots)
		return err_nomem(e);
	for (size_t i = 0; i < p->room; i++)
		if (p->slots[i].key)
			*probe(slots, room, p->slots[i].key) = p->slots[i];
	free(p->slots);
	p->slots = slots;
	p->room = room;
	return 0;
}

struct path_slot *layer_paths_find(const struct layer_paths *p, const char *path)
{
	struct path_slot *slot;

	if (p->used == 0)
		return NULL;
	slot = probe(p->slots, p->room, key_of(p, path));
	return slot->key ? slot : NULL;
}

struct path_slot *layer_paths_add(struct layer_paths *p, const char *path, struct err *e)
{
	uint64_t key = key_of(p, path);
	struct path_slot *slot;

	if (p->used >= p->room / 4 * 3 && grow(p, e) == -1)
		return NULL;
	slot = probe(p->slots, p->room, key);
	if (!slot->key) {
		slot->key = key;
		p->used++;
	}
	return slot;
}

uint32_t layer_paths_flags(const struct layer_paths *p, const char *path)
{
	const struct path_slot *slot = layer_paths_find(p, path);

	return slot ? slot->flags : 0;
}
