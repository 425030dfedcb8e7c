/*
 * Z1: an archive in memory, every entry and all content. Read twice, in pieces of one kind and of another: what is
 * told must be the same, and be what tar.h promises.
 */
#include "tar.h"

#include "fuzz.h"
#include "tar_mutator.h"

/* A number that stands for all that was told. */
struct told {
	uint64_t sum;
	int result;
	char error[ERR_TEXT_MAX];
};

static void tell(struct told *t, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++)
		t->sum = (t->sum ^ p[i]) * UINT64_C(1099511628211);
}

static void tell_number(struct told *t, int64_t n)
{
	tell(t, &n, sizeof n);
}

static void check_entry(const struct tar_entry *entry, struct told *t)
{
	bool link = entry->type == TAR_HARDLINK || entry->type == TAR_SYMLINK;

	MUST(*entry->path && strlen(entry->path) < TAR_PATH_MAX && strlen(entry->link) < TAR_PATH_MAX);
	MUST(link == (*entry->link != '\0'));
	MUST(entry->mode <= 07777 && entry->uid < UINT32_MAX && entry->gid < UINT32_MAX);
	MUST(entry->size >= 0 && (entry->type == TAR_FILE || (entry->size == 0 && !entry->sparse)));
	MUST(entry->mtime.tv_nsec >= 0 && entry->mtime.tv_nsec < 1000000000);
	MUST(entry->xattr_count <= TAR_XATTRS_MAX);
	tell(t, entry->path, strlen(entry->path) + 1);
	tell(t, entry->link, strlen(entry->link) + 1);
	tell_number(t, entry->type);
	tell_number(t, entry->mode);
	tell_number(t, entry->uid);
	tell_number(t, entry->gid);
	tell_number(t, entry->size);
	tell_number(t, entry->mtime.tv_sec);
	tell_number(t, entry->mtime.tv_nsec);
	tell_number(t, entry->major);
	tell_number(t, entry->minor);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *x = &entry->xattrs[i];

		MUST(*x->name && strlen(x->name) <= 255 && x->len <= TAR_XATTR_VALUE_MAX);
		tell(t, x->name, strlen(x->name) + 1);
		tell(t, x->value, x->len);
	}
}

/* Reads some of the content, or all of it. */
static int read_content(struct tar *tar, const struct tar_entry *entry, size_t piece, struct told *t, struct err *e)
{
	char data[4096];
	int64_t offset = -1, end = 0, total = 0;
	ssize_t n;

	while ((n = tar_data(tar, data, piece, &offset, e)) > 0) {
		MUST(entry->type == TAR_FILE && (size_t)n <= piece);
		MUST(offset >= end && offset <= entry->size - n);
		MUST(entry->sparse || offset == end);
		end = offset + n;
		total += n;
		for (ssize_t i = 0; i < n; i++) { /* byte by byte, so that pieces do not matter */
			t->sum += entry->sparse ? (uint64_t)(offset + i) : 0;
			tell(t, data + i, 1);
		}
	}
	MUST(n == -1 || entry->sparse || total == entry->size);
	return (int)n;
}

static void read_archive(const uint8_t *data, size_t size, uint32_t pieces, struct told *t)
{
	struct source_bytes s = source_bytes(data, size, pieces);
	struct err e = ERR_INIT;
	cleanup_tar struct tar *tar = tar_new(&s.source, &e);
	struct tar_entry entry;
	size_t count = 0, piece = pieces ? 1 + pieces % 700 : 4096;
	int r;

	MUST(tar);
	while ((r = tar_next(tar, &entry, &e)) == 1) {
		check_entry(&entry, t);
		count++;
		/* each fifth is passed over */
		if (count % 5 && read_content(tar, &entry, piece, t, &e) == -1) {
			r = -1;
			break;
		}
	}
	MUST(fuzz_result(r, &e, ERR_CONTENT));
	MUST(count <= size / 512);
	MUST(r == -1 || s.left == 0);
	t->result = r;
	if (r == 0)
		tell_number(t, tar_trailing_data(tar));
	memcpy(t->error, e.text, sizeof t->error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told whole = { 0 }, pieces = { 0 };

	read_archive(data, size, 0, &whole);
	read_archive(data, size, (uint32_t)size + 1, &pieces);
	MUST(whole.result == pieces.result && whole.sum == pieces.sum && strcmp(whole.error, pieces.error) == 0);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return mutator_mutate(data, size, max, seed);
}
