#include "layer_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ROOM 1024
#define MEMORY_ROOM (1u << 17)	  /* slots: three mebibytes */
#define FILE_ROOM_MAX (UINT64_C(1) << 34) /* slots */

struct path_slot {
	uint64_t key; /* 0: free */
	struct path_facts facts;
};

/* A file has four times the room that is needed: its holes take no space, and a look finds its slot at once. */
static size_t room_of_file(int64_t paths_max)
{
	uint64_t room = MEMORY_ROOM;

	while (room < (uint64_t)paths_max * 4 && room < FILE_ROOM_MAX)
		room *= 2;
	return (size_t)room;
}

void layer_paths_init(struct layer_paths *p, int file, int64_t paths_max)
{
	*p = (struct layer_paths){ .file = file, .file_room = room_of_file(paths_max) };
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

static bool in_file(const struct layer_paths *p)
{
	return p->room > MEMORY_ROOM && p->file != -1;
}

/* --- in memory --- */

/* Where the key is, or belongs. There always is a free slot. */
static struct path_slot *probe(struct path_slot *slots, size_t room, uint64_t key)
{
	size_t i = key & (room - 1);

	while (slots[i].key && slots[i].key != key)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

/* --- in the file --- */

static off_t offset_of(size_t i)
{
	return (off_t)(i * sizeof(struct path_slot));
}

/* As probe: the slot's index, its content in *slot (free beyond the end of the file). */
static size_t probe_file(struct layer_paths *p, uint64_t key, struct path_slot *slot)
{
	size_t i = key & (p->room - 1);

	for (;; i = (i + 1) & (p->room - 1)) {
		ssize_t n = pread(p->file, slot, sizeof *slot, offset_of(i));
		if (n != sizeof *slot)
			*slot = (struct path_slot){ .key = 0 };
		if (n == -1)
			p->failed = errno;
		if (n == -1 || slot->key == key || !slot->key)
			return i;
	}
}

static int write_slot(struct layer_paths *p, size_t i, const struct path_slot *slot, struct err *e)
{
	if (p->failed || pwrite(p->file, slot, sizeof *slot, offset_of(i)) != sizeof *slot)
		return err_errno(e, p->failed ? p->failed : errno, "a scratch file");
	return 0;
}

static int move_to_file(struct layer_paths *p, struct err *e)
{
	struct path_slot *slots = p->slots, there;
	size_t old = p->room;
	int status = 0;

	p->slots = NULL;
	p->room = p->file_room > MEMORY_ROOM ? p->file_room : 2 * MEMORY_ROOM;
	for (size_t i = 0; i < old && status == 0; i++)
		if (slots[i].key)
			status = write_slot(p, probe_file(p, slots[i].key, &there), &slots[i], e);
	free(slots);
	return status;
}

/* --- both --- */

static int grow(struct layer_paths *p, struct err *e)
{
	size_t room = p->room ? 2 * p->room : FIRST_ROOM;
	struct path_slot *slots;

	if (in_file(p))
		return err_set(e, ERR_CONTENT, "more paths than there is room for");
	if (room > MEMORY_ROOM && p->file != -1)
		return move_to_file(p, e);
	slots = calloc(room, sizeof *slots);
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

struct path_facts layer_paths_get(struct layer_paths *p, const char *path)
{
	struct path_slot slot = { .key = 0 };

	if (p->used == 0)
		return slot.facts;
	if (in_file(p))
		probe_file(p, key_of(p, path), &slot);
	else
		slot = *probe(p->slots, p->room, key_of(p, path));
	return slot.facts;
}

int layer_paths_put(struct layer_paths *p, const char *path, const struct path_facts *f, struct err *e)
{
	const struct path_slot new = { key_of(p, path), *f };
	struct path_slot old, *place = &old;
	size_t i = 0;

	if (p->used >= p->room / 4 * 3 && grow(p, e) == -1)
		return -1;
	if (in_file(p))
		i = probe_file(p, new.key, &old);
	else
		place = probe(p->slots, p->room, new.key);
	if (!place->key)
		p->used++;
	if (in_file(p))
		return write_slot(p, i, &new, e);
	*place = new;
	return 0;
}
