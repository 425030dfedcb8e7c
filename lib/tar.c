#include "tar.h"

#include "tar_guard.h"
#include "tar_number.h"

#include <errno.h>
#include <fcntl.h>
#include <libtar.h>

struct tar {
	TAR *frames;
	struct tar_guard guard;
	struct err *err; /* where the guard puts its error while libtar reads */
	int64_t left;	 /* bytes of the member's content still in the archive, padding aside */
	size_t padding;
	size_t region;	 /* of a sparse file: where the next byte goes */
	int64_t at;	 /* in that region, or in the file */
};

/* libtar hands its readfunc an int and no more: the reader at work, set around th_read alone. */
static struct tar *current;

static ssize_t read_guarded(int fd, void *data, size_t n)
{
	int r;

	(void)fd;
	if (n != TAR_BLOCK_SIZE) {
		errno = EINVAL;
		return -1;
	}
	r = tar_guard_next(&current->guard, data, current->err);
	if (r == -1)
		errno = EIO; /* libtar drops it; the reader has the real error */
	return r == 1 ? TAR_BLOCK_SIZE : r;
}

static int close_nothing(int fd)
{
	(void)fd;
	return 0;
}

static tartype_t guarded = { NULL, close_nothing, read_guarded, NULL };

struct tar *tar_new(struct source *in, struct err *e)
{
	struct tar *t = calloc(1, sizeof *t);

	if (t && tar_fdopen(&t->frames, -1, "layer", &guarded, O_RDONLY, 0, 0) == 0) {
		tar_guard_init(&t->guard, in);
		return t;
	}
	free(t);
	err_nomem(e);
	return NULL;
}

void tar_free(struct tar *t)
{
	if (!t)
		return;
	tar_close(t->frames);
	tar_guard_clear(&t->guard);
	free(t);
}

void tar_cleanup(struct tar **t)
{
	tar_free(*t);
}

/* Lets libtar read a header. 1, 0 at the end, -1. */
static int next_header(struct tar *t, struct err *e)
{
	struct err inner = ERR_INIT;
	int r;

	t->err = &inner;
	current = t;
	r = th_read(t->frames);
	current = NULL;
	t->err = NULL;
	if (r == 0)
		return 1;
	if (r == 1)
		return 0;
	if (inner.kind == ERR_NONE)
		return err_set(e, ERR_CONTENT, "libtar refuses a header");
	*e = inner;
	return -1;
}

static enum tar_type type_of(char flag)
{
	static const enum tar_type types[] = {
		TAR_FILE, TAR_HARDLINK, TAR_SYMLINK, TAR_CHAR, TAR_BLOCK, TAR_DIRECTORY, TAR_FIFO,
	};

	return types[flag - '0']; /* the guard lets no other pass */
}

/* A field of the plain header, which always is octal. */
static unsigned number(const char *p, size_t n)
{
	int64_t value = 0;

	tar_number(p, n, &value);
	return (unsigned)value;
}

static void fill_entry(const struct tar *t, struct tar_entry *entry)
{
	const struct tar_member *m = &t->guard.member;
	const struct tar_header *h = &t->frames->th_buf;

	*entry = (struct tar_entry){
		.type = type_of(h->typeflag),
		.path = m->path,
		.link = m->link,
		.mode = number(h->mode, sizeof h->mode),
		.uid = m->uid,
		.gid = m->gid,
		.size = m->size,
		.sparse = m->sparse,
		.mtime = m->mtime,
		.major = number(h->devmajor, sizeof h->devmajor),
		.minor = number(h->devminor, sizeof h->devminor),
		.xattrs = t->guard.pax.xattrs,
		.xattr_count = t->guard.pax.xattr_count,
	};
}

int tar_next(struct tar *t, struct tar_entry *entry, struct err *e)
{
	int r;

	if (tar_input_skip(&t->guard.in, t->left, e) == -1)
		return -1;
	if (tar_input_skip(&t->guard.in, (int64_t)t->padding, e) == -1)
		return -1;
	t->left = 0;
	t->padding = 0;
	r = next_header(t, e);
	if (r != 1)
		return r;
	fill_entry(t, entry);
	t->left = t->guard.member.stored;
	t->padding = tar_padding(t->left);
	t->region = 0;
	t->at = 0;
	return 1;
}

/* Where the next byte of a sparse file goes, and how many may follow it there. */
static int64_t sparse_offset(struct tar *t, size_t *n)
{
	const struct tar_map *m = &t->guard.pax.map;

	while (t->at == m->regions[t->region].length) { /* the guard saw to it that content and map end together */
		t->region++;
		t->at = 0;
	}
	const struct tar_region *r = &m->regions[t->region];
	if ((int64_t)*n > r->length - t->at)
		*n = (size_t)(r->length - t->at);
	return r->offset + t->at;
}

ssize_t tar_data(struct tar *t, void *data, size_t n, int64_t *offset, struct err *e)
{
	ssize_t got;

	if (t->left == 0)
		return 0;
	*offset = t->guard.member.sparse ? sparse_offset(t, &n) : t->at;
	if ((int64_t)n > t->left)
		n = (size_t)t->left;
	got = tar_input_read(&t->guard.in, data, n, e);
	if (got == 0)
		return err_set(e, ERR_CONTENT, "the archive is cut off");
	if (got > 0) {
		t->left -= got;
		t->at += got;
	}
	return got;
}

bool tar_trailing_data(const struct tar *t)
{
	return t->guard.trailing;
}
