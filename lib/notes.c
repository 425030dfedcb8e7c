#include "notes.h"

#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const char *const kinds[] = {
	[LAYER_NOTE_IMPLIED] = "implied", [LAYER_NOTE_HARDLINK] = "hardlink", [LAYER_NOTE_WHITEOUT] = "whiteout",
	[LAYER_NOTE_DEVICE] = "device",	  [LAYER_NOTE_OWNER] = "owner",	      [LAYER_NOTE_XATTR] = "xattr",
	[LAYER_NOTE_TRAILING] = "trailing", [LAYER_NOTE_PASSED] = "passed",	    [LAYER_NOTE_SINGLE] = "single",
	[LAYER_NOTE_TOTAL] = "total",
};

FILE *notes_open(int dir, const char *path, struct err *e)
{
	int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *notes = fd == -1 ? NULL : fdopen(fd, "r");

	if (notes)
		return notes;
	err_errno(e, errno, "notes");
	io_cleanup_fd(&fd);
	return NULL;
}

static void put_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\t')
			buf_adds(out, "\\t");
		else if (*text == '\n')
			buf_adds(out, "\\n");
		else if (*text == '\\')
			buf_adds(out, "\\\\");
		else
			buf_addc(out, *text);
	}
}

static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && text[1]) {
			text++;
			*to++ = *text == 't' ? '\t' : *text == 'n' ? '\n' : *text;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

int notes_write(FILE *out, enum layer_note kind, const char *path, const char *link, const struct tar_entry *entry,
		struct err *e)
{
	cleanup_buf struct buf line = BUF_INIT;

	buf_addf(&line, "%s\t", kinds[kind]);
	put_escaped(&line, path);
	buf_addc(&line, '\t');
	if (kind == LAYER_NOTE_DEVICE && entry)
		buf_addf(&line, "%c %u:%u %o %u:%u %lld.%09ld", entry->type == TAR_BLOCK ? 'b' : 'c', entry->major,
			 entry->minor, entry->mode, entry->uid, entry->gid, (long long)entry->mtime.tv_sec,
			 entry->mtime.tv_nsec);
	else if (kind == LAYER_NOTE_OWNER && entry)
		buf_addf(&line, "%u:%u", entry->uid, entry->gid);
	else if (link)
		put_escaped(&line, link);
	buf_addc(&line, '\n');
	if (buf_check(&line, e) == -1)
		return -1;
	if (fwrite(line.data, 1, line.len, out) != line.len)
		return err_errno(e, errno, "notes");
	return 0;
}

static int read_line(char *line, int (*each)(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e),
		     void *ctx, struct err *e)
{
	char *path = strchr(line, '\t'), *argument = path ? strchr(path + 1, '\t') : NULL;

	if (!argument)
		return err_set(e, ERR_CONTENT, "notes: a malformed line");
	*path++ = '\0';
	*argument++ = '\0';
	unescape(path);
	unescape(argument);
	for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
		if (strcmp(line, kinds[kind]) == 0)
			return each(ctx, (enum layer_note)kind, path, argument, e);
	return err_set(e, ERR_CONTENT, "notes: '%s' is not known", line);
}

int notes_read(FILE *in, int (*each)(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e),
	       void *ctx, struct err *e)
{
	cleanup_free char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, in)) > 0) {
		int status;

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		status = read_line(line, each, ctx, e);
		if (status)
			return status;
	}
	return ferror(in) ? err_errno(e, errno, "notes") : 0;
}
