#include "layers_summary.h"

#include "buf.h"
#include "io.h"
#include "notes.h"

#include <stdio.h>

static int take_total(struct layers_summary *s, const char *text, struct err *e)
{
	long long entries, bytes;

	if (sscanf(text, "%lld %lld", &entries, &bytes) != 2 || entries < 0 || bytes < 0)
		return err_set(e, ERR_CONTENT, "notes: a malformed total");
	s->entries = entries;
	s->bytes = bytes;
	return 0;
}

static int count(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e)
{
	struct layers_summary *s = ctx;

	(void)path;
	if (kind == LAYER_NOTE_DEVICE)
		s->devices++;
	if (kind == LAYER_NOTE_OWNER)
		s->owners++;
	if (kind == LAYER_NOTE_XATTR && s->xattrs++ == 0)
		snprintf(s->xattr, sizeof s->xattr, "%s", argument);
	if (kind == LAYER_NOTE_TRAILING)
		s->trailing = true;
	return kind == LAYER_NOTE_TOTAL ? take_total(s, argument, e) : 0;
}

int layers_summary_read(struct layers_summary *s, int dir, const char *name, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;
	cleanup_file FILE *notes = NULL;

	*s = (struct layers_summary){ .devices = 0 };
	buf_addf(&path, "%s/notes", name);
	if (buf_check(&path, e) == -1)
		return -1;
	notes = notes_open(dir, buf_text(&path), e);
	return notes ? notes_read(notes, count, s, e) : -1;
}

void layers_summary_tell(const struct layers_summary *s, void (*say)(void *ctx, bool detail, const char *text), void *ctx)
{
	char text[400];

	if (s->xattrs) {
		snprintf(text, sizeof text, "%zu extended attributes left out (%s first)", s->xattrs, s->xattr);
		say(ctx, false, text);
	}
	if (s->trailing)
		say(ctx, false, "bytes after the end of the archive, ignored");
	if (s->devices) {
		snprintf(text, sizeof text, "%zu device nodes left out", s->devices);
		say(ctx, true, text);
	}
	if (s->owners) {
		snprintf(text, sizeof text, "%zu entries have owners that cannot be set here", s->owners);
		say(ctx, true, text);
	}
}
