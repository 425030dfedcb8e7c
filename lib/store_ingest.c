/* Blobs on their way into the store. */
#include "store.h"

#include "fsext.h"
#include "hash.h"
#include "store_lock.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK (256 * 1024)
#define FLUSH (8 << 20) /* bytes after which the disk is set to work */
#define SYNC (1 << 20)	/* bytes that may be lost with the power, where the disk is quick enough */
#define SYNC_SHARE 32	/* at most this part of the time is spent on that */

struct ingest {
	const struct store *store;
	struct digest digest;
	int64_t size;	/* that the descriptor says */
	int64_t offset; /* bytes written and hashed */
	int64_t flushed; /* of them, told to go to the disk */
	int64_t synced;	 /* of them, on it for good */
	int64_t next_sync; /* io_clock: when waiting for the disk again does not cost too much */
	struct hash *hash;
	int fd; /* tmp/name, locked */
	bool committed;
	bool foreign; /* what stands there is not ours to remove */
	char name[sizeof "blob-" + DIGEST_HEX];
};

static int64_t limit(const struct ingest *in)
{
	return in->size == -1 ? STORE_BLOB_MAX : in->size;
}

/* Whoever planted something else there must not get the bytes. */
static int check_partial(struct ingest *in, struct err *e)
{
	struct stat st;

	if (fstat(in->fd, &st) == -1)
		return err_errno(e, errno, "tmp/%s", in->name);
	in->foreign = !S_ISREG(st.st_mode) || st.st_nlink != 1;
	if (in->foreign)
		return err_set(e, ERR_CONTENT, "tmp/%s: not a regular file of its own", in->name);
	return 0;
}

/* Hashes what an earlier process left in the partial file. */
static int rehash(struct ingest *in, struct err *e)
{
	cleanup_free char *chunk = malloc(CHUNK);

	if (!chunk)
		return err_nomem(e);
	for (;;) {
		ssize_t got = io_read_full(in->fd, chunk, CHUNK);
		if (got == -1)
			return err_errno(e, errno, "tmp/%s", in->name);
		hash_update(in->hash, chunk, (size_t)got);
		in->offset += got;
		if (in->offset > limit(in))
			return ingest_restart(in, e);
		if (got < CHUNK) {
			in->flushed = in->synced = in->offset;
			return 0;
		}
	}
}

static struct ingest *ingest_start(const struct store *s, const struct digest *d, int64_t size, bool wait, bool *busy,
				   struct err *e)
{
	struct ingest *in = calloc(1, sizeof *in);
	char hex[DIGEST_HEX];

	if (!in) {
		err_nomem(e);
		return NULL;
	}
	digest_hex(d, hex);
	in->store = s;
	in->digest = *d;
	in->size = size;
	snprintf(in->name, sizeof in->name, "blob-%s", hex);
	in->fd = store_lock_file(s, in->name, wait, busy, e);
	if (in->fd == -1) {
		free(in);
		return NULL;
	}
	if (store_has_blob(s, d, size) || check_partial(in, e) == -1 || !(in->hash = hash_new(e)) ||
	    rehash(in, e) == -1) {
		ingest_close(in);
		return NULL;
	}
	return in;
}

struct ingest *ingest_open(const struct store *s, const struct digest *d, int64_t size, struct err *e)
{
	if (store_has_blob(s, d, size))
		return NULL;
	return ingest_start(s, d, size, true, NULL, e);
}

struct ingest *ingest_try(const struct store *s, const struct digest *d, int64_t size, bool *busy, struct err *e)
{
	*busy = false;
	if (store_has_blob(s, d, size))
		return NULL;
	return ingest_start(s, d, size, false, busy, e);
}

int64_t ingest_offset(const struct ingest *in)
{
	return in->offset;
}

int ingest_restart(struct ingest *in, struct err *e)
{
	struct digest discarded;

	hash_final(in->hash, &discarded);
	in->offset = in->flushed = in->synced = 0;
	if (ftruncate(in->fd, 0) == -1 || lseek(in->fd, 0, SEEK_SET) == -1)
		return err_errno(e, errno, "tmp/%s", in->name);
	return 0;
}

/*
 * What is on its way to the disk need not be waited for at the end; what has arrived there is not lost with the power. A failure
 * is final: a second fsync may not know of it.
 */
static int keep_up(struct ingest *in, struct err *e)
{
	int64_t began;

	if (in->offset - in->flushed >= FLUSH) {
		fsext_flush(in->fd, in->flushed, in->offset - in->flushed);
		in->flushed = in->offset;
	}
	if (in->offset - in->synced < SYNC || (began = io_clock()) < in->next_sync)
		return 0;
	if (fsync(in->fd) == -1)
		return err_errno(e, errno, "%s: write", digest_str(&in->digest).text);
	in->next_sync = io_clock() + (io_clock() - began) * SYNC_SHARE;
	in->synced = in->flushed = in->offset;
	return 0;
}

int ingest_write(struct ingest *in, const void *data, size_t n, struct err *e)
{
	if (n > (uint64_t)(limit(in) - in->offset))
		return err_set(e, ERR_CONTENT, "%s: longer than its %lld bytes", digest_str(&in->digest).text,
			       (long long)limit(in));
	if (io_write_full(in->fd, data, n) == -1)
		return err_errno(e, errno, "%s: write", digest_str(&in->digest).text);
	hash_update(in->hash, data, n);
	in->offset += (int64_t)n;
	return keep_up(in, e);
}

int ingest_commit(struct ingest *in, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct digest actual;
	char hex[DIGEST_HEX];

	if (in->size != -1 && in->offset != in->size)
		return err_set(e, ERR_CONTENT, "%s: %lld of %lld bytes came", digest_str(&in->digest).text,
			       (long long)in->offset, (long long)in->size);
	hash_final(in->hash, &actual);
	if (!digest_equal(&actual, &in->digest)) {
		err_set(e, ERR_CONTENT, "%s: wrong bytes, their digest is %s", digest_str(&in->digest).text,
			digest_str(&actual).text);
		ingest_restart(in, &ignored); /* they must not be continued */
		return -1;
	}
	digest_hex(&in->digest, hex);
	/* Read-only only at last: a process that was killed before must leave what the next one can write to. */
	if (fsync(in->fd) == -1 || renameat(in->store->tmp, in->name, in->store->blobs, hex) == -1)
		return err_errno(e, errno, "publish %s", digest_str(&in->digest).text);
	in->committed = true;
	if (fchmod(in->fd, 0444) == -1 || fsync(in->store->blobs) == -1)
		return err_errno(e, errno, "publish %s", digest_str(&in->digest).text);
	return 0;
}

void ingest_close(struct ingest *in)
{
	if (!in)
		return;
	if (!in->committed && !in->foreign && in->offset == 0)
		unlinkat(in->store->tmp, in->name, 0);
	io_cleanup_fd(&in->fd);
	hash_free(in->hash);
	free(in);
}
