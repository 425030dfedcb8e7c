#include "unpack_parts.h"

#include "beneath.h"
#include "fsext.h"
#include "io.h"
#include "metadata.h"
#include "notes.h"
#include "stack.h"
#include "unpacked.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct settling {
	const struct stack *below;
	int root;
};

static int settle_implied(const struct settling *s, enum layer_note kind, const char *path, struct err *e)
{
	struct err inner = ERR_INIT;
	struct stat st;
	cleanup_fd int from = stack_lookup(s->below, path, &st, &inner), to = -1;

	if (from == -1 && inner.kind == ERR_NOT_FOUND)
		return UNPACK_SETTLED;
	if (from == -1) {
		*e = inner;
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return UNPACK_AGAIN;
	if (kind == LAYER_NOTE_PASSED)
		return UNPACK_SETTLED;
	to = beneath_open(s->root, *path ? path : ".", O_RDONLY | O_DIRECTORY, e);
	if (to == -1)
		return -1;
	return metadata_copy(from, "", &st, to, "", e);
}

/*
 * A whiteout of what no layer below has goes: overlayfs would list its name in a directory that it does not merge.
 */
static int settle_whiteout(const struct settling *s, const char *path, struct err *e)
{
	char name[BENEATH_NAME_MAX];
	struct timespec mtime;
	struct err inner = ERR_INIT;
	struct stat st;
	cleanup_fd int below = stack_lookup(s->below, path, &st, &inner), dir = -1;

	if (below != -1)
		return UNPACK_SETTLED;
	if (inner.kind != ERR_NOT_FOUND) {
		*e = inner;
		return -1;
	}
	if ((dir = beneath_parent(s->root, path, NULL, name, e)) == -1)
		return -1;
	if (beneath_keep_time(dir, &mtime, e) == -1)
		return -1;
	if (fsext_remove_whiteout(dir, name) == -1)
		return err_errno(e, errno, "%s: whiteout", path);
	return beneath_put_time(dir, &mtime, e) == -1 ? -1 : UNPACK_SETTLED;
}

static int settle_note(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e)
{
	(void)argument;
	if (kind == LAYER_NOTE_HARDLINK)
		return UNPACK_AGAIN;
	if (kind == LAYER_NOTE_WHITEOUT)
		return settle_whiteout(ctx, path, e);
	if (kind == LAYER_NOTE_IMPLIED || kind == LAYER_NOTE_PASSED)
		return settle_implied(ctx, kind, path, e);
	return UNPACK_SETTLED;
}

static int settle_against(struct unpack *u, int dir, int *roots, struct err *e)
{
	struct stack below = { roots, u->below };
	cleanup_fd int root = unpack_open_below(dir, "fs", e);
	cleanup_file FILE *notes = root == -1 ? NULL : notes_open(dir, "notes", e);
	struct settling s = { &below, root };

	if (!notes)
		return -1;
	return notes_read(notes, settle_note, &s, e);
}

int unpack_settle(void *ctx, struct err *e)
{
	struct unpack *u = ctx;
	cleanup_fd int dir = unpack_open_below(u->store->tmp, u->dir, e);
	int *roots = dir == -1 ? NULL : unpacked_open_all(u->store, u->chain_ids, u->below, e);
	int status = roots ? settle_against(u, dir, roots, e) : -1;

	unpacked_close_all(roots, u->below);
	return status;
}
