#include "unpack_parts.h"

#include "beneath.h"
#include "io.h"
#include "notes.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int unpack_open_below(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd == -1 ? err_errno(e, errno, "%s", name) : fd;
}

static int write_note(void *ctx, enum layer_note kind, const char *path, const char *link,
		      const struct tar_entry *entry, struct err *e)
{
	return notes_write(ctx, kind, path, link, entry, e);
}

static FILE *make_notes(int dir, struct err *e)
{
	int fd = openat(dir, "notes", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd == -1 ? NULL : fdopen(fd, "w");

	if (!f)
		err_errno(e, errno, "notes");
	return f;
}

/* All of it is hashed first: no byte is parsed before its digest is known to be right (DESIGN §4, promise 2). */
int unpack_to(struct unpack *u, int dir, int root, struct err *e)
{
	const struct descriptor *blob = u->blob;
	cleanup_fd int fd = -1, paths = io_scratch(dir), spool = io_scratch(dir);
	cleanup_file FILE *notes = NULL;

	if (paths == -1 || spool == -1)
		return err_errno(e, errno, "make a scratch file");
	if ((fd = store_open_verified(u->store, &blob->digest, blob->size, e)) == -1 ||
	    !(notes = make_notes(dir, e)))
		return -1;
	if (!u->options.chown && notes_write(notes, LAYER_NOTE_SINGLE, "", NULL, NULL, e) == -1)
		return -1;
	u->options.note = write_note;
	u->options.ctx = notes;
	u->options.scratch = (int[]){ paths, spool };
	if (unpack_stream(&(struct unpack_input){ fd, "the blob", u->window_max, u->diff_id }, root, &u->options,
			  (int[]){ fileno(notes), worker_report(), paths, spool }, 4, e) == -1)
		return -1;
	return fflush(notes) == EOF ? err_errno(e, errno, "notes") : 0;
}

int unpack_alone(void *ctx, struct err *e)
{
	struct unpack *u = ctx;
	cleanup_fd int dir = unpack_open_below(u->store->tmp, u->dir, e), root = -1;

	umask(0);
	if (dir == -1)
		return -1;
	if (mkdirat(dir, "fs", 0755) == -1)
		return err_errno(e, errno, "mkdir fs");
	if ((root = unpack_open_below(dir, "fs", e)) == -1)
		return -1;
	u->options.form = LAYER_ALONE;
	return unpack_to(u, dir, root, e);
}

int unpack_remove(void *ctx, struct err *e)
{
	const struct unpack *u = ctx;

	return beneath_remove(u->store->tmp, u->dir, e);
}
