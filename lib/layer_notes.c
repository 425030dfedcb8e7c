#include "layer_state.h"

#include "io.h"

#include <fcntl.h>
#include <string.h>

/* A note that waits for the end, as it lies in the spool; its path and link follow it. */
struct waiting {
	enum layer_note note;
	uint32_t number; /* of the entry */
	size_t path_len, link_len;
	bool has_entry;
	struct tar_entry entry; /* without what it points to */
};

/* The same, out of the spool. */
struct noted {
	struct waiting waiting;
	char path[BENEATH_PATH_MAX], link[BENEATH_PATH_MAX];
};

int layer_note(struct layer *l, enum layer_note note, const char *path, const char *link,
	       const struct tar_entry *entry, struct err *e)
{
	struct waiting w;

	memset(&w, 0, sizeof w); /* its gaps too */
	w.note = note;
	w.number = layer_number(l);
	w.path_len = strlen(path);
	w.link_len = strlen(link);
	w.has_entry = entry != NULL;
	if (entry)
		w.entry = *entry;
	if (w.path_len >= BENEATH_PATH_MAX || w.link_len >= BENEATH_PATH_MAX)
		return err_set(e, ERR_CONTENT, "%s: a path that is too long", path);
	if (spool_put(&l->notes, &w, sizeof w, e) == -1 || spool_put(&l->notes, path, w.path_len, e) == -1)
		return -1;
	return spool_put(&l->notes, link, w.link_len, e);
}

/* Whether a later entry took the place of what the note tells of, or of a directory above it. */
static bool superseded(struct layer *l, const struct noted *n)
{
	struct path_facts f = layer_paths_get(&l->paths, n->path);
	char path[BENEATH_PATH_MAX];
	char *slash;

	if (f.flags & PATH_MADE && f.made > n->waiting.number)
		return true;
	memcpy(path, n->path, n->waiting.path_len + 1);
	while (f.removed <= n->waiting.number) {
		slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = '\0';
		f = layer_paths_get(&l->paths, path);
	}
	return true;
}

/* Whether a whiteout has removed the directory again. */
static bool is_gone(const struct layer *l, const struct noted *n)
{
	struct err why = ERR_INIT;
	cleanup_fd int fd = -1;

	if (n->waiting.note != LAYER_NOTE_IMPLIED)
		return false;
	fd = beneath_directory(l->root, n->path, O_RDONLY, &why);
	return fd == -1 && why.kind == ERR_NOT_FOUND;
}

/*
 * What is left of a note when its entry gave way. The link must have been right too, and the path may have led
 * elsewhere, through a symlink: whether that is so, the layers below know.
 */
static bool still_matters(struct noted *n)
{
	if (n->waiting.note == LAYER_NOTE_IMPLIED)
		n->waiting.note = LAYER_NOTE_PASSED;
	return n->waiting.note == LAYER_NOTE_PASSED || n->waiting.note == LAYER_NOTE_HARDLINK;
}

/*
 * 1 when the caller is to hear of it, 0 when not, -1. A whiteout is made only now, when it is known what else is
 * there.
 */
static int judge(struct layer *l, struct noted *n, struct err *e)
{
	if (n->waiting.note == LAYER_NOTE_WHITEOUT)
		return layer_make_whiteout(l, n->path, e);
	return !(superseded(l, n) || is_gone(l, n)) || still_matters(n);
}

static int tell(const struct layer *l, struct noted *n, struct err *e)
{
	struct tar_entry *entry = n->waiting.has_entry ? &n->waiting.entry : NULL;

	if (!l->options->note)
		return 0;
	if (entry) {
		entry->path = n->path;
		entry->link = n->link;
		entry->xattrs = NULL;
		entry->xattr_count = 0;
	}
	return l->options->note(l->options->ctx, n->waiting.note, n->path, n->link, entry, e);
}

/* 1, 0 at the end, -1. */
static int next(struct layer *l, struct noted *n, struct err *e)
{
	struct waiting *w = &n->waiting;
	int r = spool_get(&l->notes, w, sizeof *w, e);

	if (r != 1)
		return r;
	if (w->path_len && spool_get(&l->notes, n->path, w->path_len, e) != 1)
		return -1;
	if (w->link_len && spool_get(&l->notes, n->link, w->link_len, e) != 1)
		return -1;
	n->path[w->path_len] = n->link[w->link_len] = '\0';
	return 1;
}

int layer_notes_finish(struct layer *l, struct err *e)
{
	struct noted n;
	int more, wanted;

	spool_rewind(&l->notes);
	while ((more = next(l, &n, e)) == 1) {
		wanted = judge(l, &n, e);
		if (wanted == -1 || (wanted && tell(l, &n, e) == -1))
			return -1;
	}
	return more;
}
