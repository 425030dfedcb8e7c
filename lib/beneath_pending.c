#include "beneath_pending.h"

#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 4096	 /* names of one directory */
#define PENDING_BYTES (1u << 20) /* of all on the way down; beyond, a directory has PENDING_FEW */
#define PENDING_FEW 16

void pending_clear(struct pending *p, size_t *bytes)
{
	while (p->count) {
		char *name = p->names[--p->count];
		*bytes -= strlen(name) + 1;
		free(name);
	}
	free(p->names);
	*p = (struct pending){ NULL, 0, 0, false };
}

static void swap(char **a, char **b)
{
	char *old = *a;

	*a = *b;
	*b = old;
}

static void sift_down(struct pending *p, size_t i)
{
	for (;;) {
		size_t last = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < p->count; child++)
			if (strcmp(p->names[child], p->names[last]) > 0)
				last = child;
		if (last == i)
			return;
		swap(&p->names[i], &p->names[last]);
		i = last;
	}
}

static void make_heap(struct pending *p)
{
	for (size_t i = p->count / 2; i-- > 0;)
		sift_down(p, i);
}

static int pending_grow(struct pending *p, struct err *e)
{
	size_t room = p->room ? 2 * p->room : 16;
	char **more;

	if (p->count < p->room)
		return 0;
	more = realloc(p->names, room * sizeof *more);
	if (!more)
		return err_nomem(e);
	p->names = more;
	p->room = room;
	return 0;
}

int pending_add(struct pending *p, const char *name, size_t *bytes, struct err *e)
{
	size_t max = *bytes < PENDING_BYTES ? PENDING_MAX : PENDING_FEW;
	char *copy;

	if (p->count >= max && !p->more) {
		p->more = true;
		make_heap(p);
	}
	if (p->more && strcmp(name, p->names[0]) > 0)
		return 0;
	if (!p->more && pending_grow(p, e) == -1)
		return -1;
	if (!(copy = strdup(name)))
		return err_nomem(e);
	*bytes += strlen(copy) + 1;
	if (!p->more) {
		p->names[p->count++] = copy;
		return 0;
	}
	*bytes -= strlen(p->names[0]) + 1;
	free(p->names[0]);
	p->names[0] = copy;
	sift_down(p, 0);
	return 0;
}

const char *pending_last(struct pending *p)
{
	make_heap(p);
	return p->names[0];
}
