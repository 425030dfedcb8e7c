#include "layer_state.h"

#include "io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void layer_notes_clear(struct layer_notes *n)
{
	for (size_t i = 0; i < n->count; i++) {
		free(n->items[i].path);
		free(n->items[i].link);
	}
	free(n->items);
	*n = (struct layer_notes){ NULL, 0, 0 };
}

static struct layer_noted *add(struct layer_notes *n)
{
	if (n->count == n->room) {
		size_t room = n->room ? 2 * n->room : 64;
		struct layer_noted *more = realloc(n->items, room * sizeof *more);
		if (!more)
			return NULL;
		n->items = more;
		n->room = room;
	}
	n->items[n->count] = (struct layer_noted){ .path = NULL };
	return &n->items[n->count++];
}

int layer_note(struct layer *l, enum layer_note note, const char *path, const char *link,
	       const struct tar_entry *entry, struct err *e)
{
	struct layer_noted *item;

	if (!l->options->note)
		return 0;
	item = add(&l->notes);
	if (!item)
		return err_nomem(e);
	item->note = note;
	item->number = layer_number(l);
	item->path = strdup(path);
	item->link = strdup(link);
	if (!item->path || !item->link)
		return err_nomem(e);
	item->has_entry = entry != NULL;
	if (entry)
		item->entry = *entry;
	item->entry.path = item->path;
	item->entry.link = item->link;
	item->entry.xattrs = NULL;
	item->entry.xattr_count = 0;
	return 0;
}

static bool newer(const struct layer_paths *p, const char *path, uint32_t flags, uint32_t number)
{
	const struct path_slot *slot = layer_paths_find(p, path);

	return slot && (slot->flags & flags) == flags && slot->value > number;
}

/* Whether a later entry took the place of what the note tells of, or of a directory above it. */
static bool superseded(const struct layer *l, const struct layer_noted *item)
{
	char path[BENEATH_PATH_MAX];
	char *slash;

	if (newer(&l->paths, item->path, PATH_MADE, item->number))
		return true;
	memcpy(path, item->path, strlen(item->path) + 1); /* it came from a spot, which is no longer */
	for (;;) {
		if (newer(&l->removed, path, 0, item->number))
			return true;
		slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
}

/* Whether a whiteout has removed the directory again. */
static bool is_gone(const struct layer *l, const struct layer_noted *item)
{
	struct err why = ERR_INIT;
	cleanup_fd int fd = -1;

	if (item->note != LAYER_NOTE_IMPLIED)
		return false;
	fd = beneath_directory(l->root, item->path, O_RDONLY, &why);
	return fd == -1 && why.kind == ERR_NOT_FOUND;
}

/*
 * What is left of a note when its entry gave way. The link must have been right too, and the path may have led elsewhere, through a
 * symlink: whether that is so, the layers below know.
 */
static bool still_matters(struct layer_noted *item)
{
	if (item->note == LAYER_NOTE_IMPLIED)
		item->note = LAYER_NOTE_PASSED;
	return item->note == LAYER_NOTE_PASSED || item->note == LAYER_NOTE_HARDLINK;
}

int layer_notes_finish(struct layer *l, struct err *e)
{
	for (size_t i = 0; i < l->notes.count; i++) {
		struct layer_noted *item = &l->notes.items[i];

		if ((superseded(l, item) || is_gone(l, item)) && !still_matters(item))
			continue;
		if (l->options->note(l->options->ctx, item->note, item->path, item->link,
				     item->has_entry ? &item->entry : NULL, e) == -1)
			return -1;
	}
	return 0;
}
