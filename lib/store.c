#include "store.h"

#include "buf.h"
#include "fsext.h"
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define CHUNK (256 * 1024)
#define FLUSH (8 << 20) /* bytes of an ingest after which the disk is set to work */

static const char layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";

/* Opens the directory `name` below dir, made where it is missing. */
static int open_directory(int dir, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
		return err_errno(e, errno, "mkdir %s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_errno(e, errno, "%s", name);
	return fd;
}

/* The store's own directory: its parents are made too, and may be symlinks. */
static int open_root(const char *path, struct err *e)
{
	cleanup_free char *copy = strdup(path);
	int fd;

	if (!copy)
		return err_nomem(e);
	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) == -1 && errno != EEXIST)
			return err_errno(e, errno, "mkdir %s", copy);
		*p = '/';
	}
	if (mkdir(copy, 0700) == -1 && errno != EEXIST)
		return err_errno(e, errno, "mkdir");
	fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd == -1 ? err_errno(e, errno, "open") : fd;
}

/* Writes images/oci-layout where it is not there: whole, then linked, for two processes may be at it. */
static int write_layout_file(const struct store *s, struct err *e)
{
	char name[64];
	cleanup_fd int fd = -1;
	int linked;

	if (faccessat(s->images, "oci-layout", F_OK, 0) == 0)
		return 0;
	snprintf(name, sizeof name, "oci-layout.%ld", (long)getpid());
	fd = openat(s->tmp, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1 || io_write_full(fd, layout_text, sizeof layout_text - 1) == -1 || fsync(fd) == -1)
		return err_errno(e, errno, "oci-layout");
	linked = linkat(s->tmp, name, s->images, "oci-layout", 0);
	if (linked == -1 && errno != EEXIST)
		linked = renameat(s->tmp, name, s->images, "oci-layout"); /* no hard links here */
	if (linked == -1 && errno != EEXIST)
		err_errno(e, errno, "oci-layout");
	unlinkat(s->tmp, name, 0);
	return e->kind == ERR_NONE ? 0 : -1;
}

static int open_parts(struct store *s, const char *path, struct err *e)
{
	cleanup_fd int blobs = -1, layers = -1;

	if ((s->root = open_root(path, e)) == -1 ||
	    (s->images = open_directory(s->root, "images", e)) == -1 ||
	    (blobs = open_directory(s->images, "blobs", e)) == -1 ||
	    (s->blobs = open_directory(blobs, "sha256", e)) == -1 ||
	    (layers = open_directory(s->root, "layers", e)) == -1 ||
	    (s->layers = open_directory(layers, "sha256", e)) == -1 ||
	    (s->tmp = open_directory(s->root, "tmp", e)) == -1)
		return -1;
	return write_layout_file(s, e);
}

int store_open(struct store *s, const char *path, struct err *e)
{
	struct err inner = ERR_INIT;

	*s = (struct store)STORE_INIT;
	s->path = realpath(path, NULL);
	if (open_parts(s, path, &inner) == -1) {
		store_close(s);
		*e = inner;
		return err_context(e, "store %s", path);
	}
	if (!s->path)
		s->path = realpath(path, NULL);
	if (!s->path) {
		store_close(s);
		return err_errno(e, errno, "store %s", path);
	}
	return 0;
}

void store_close(struct store *s)
{
	int *fds[] = { &s->root, &s->images, &s->blobs, &s->layers, &s->tmp };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		io_cleanup_fd(fds[i]);
	free(steal_ptr(&s->path));
}

int store_open_blob(const struct store *s, const struct digest *d, int64_t size, struct err *e)
{
	char hex[DIGEST_HEX];
	cleanup_fd int fd = -1;
	struct stat st;

	digest_hex(d, hex);
	fd = openat(s->blobs, hex, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: not in the store", digest_str(d).text);
	if (fd == -1 && errno == ELOOP)
		return err_set(e, ERR_CONTENT, "%s: a symlink in the store", digest_str(d).text);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_errno(e, errno, "%s", digest_str(d).text);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONTENT, "%s: not a regular file", digest_str(d).text);
	if (size >= 0 && st.st_size != size)
		return err_set(e, ERR_CONTENT, "%s: %lld bytes in the store, %lld expected", digest_str(d).text,
			       (long long)st.st_size, (long long)size);
	return steal_fd(&fd);
}

bool store_has_blob(const struct store *s, const struct digest *d, int64_t size)
{
	struct err ignored = ERR_INIT;
	cleanup_fd int fd = store_open_blob(s, d, size, &ignored);

	return fd != -1;
}

int store_read_blob(const struct store *s, const struct digest *d, int64_t size, size_t max, struct buf *out,
		    struct err *e)
{
	cleanup_fd int fd = store_open_blob(s, d, size, e);
	struct digest actual;

	if (fd == -1)
		return -1;
	if (io_read_all(fd, max, out, e) == -1)
		return err_context(e, "%s", digest_str(d).text);
	if (hash_bytes(out->data ? out->data : "", out->len, &actual, e) == -1)
		return -1;
	if (!digest_equal(&actual, d))
		return err_set(e, ERR_CONTENT, "%s: the blob in the store is corrupt (its digest is %s)",
			       digest_str(d).text, digest_str(&actual).text);
	return 0;
}

int store_put_blob(const struct store *s, const struct digest *d, const void *data, size_t n, struct err *e)
{
	struct err inner = ERR_INIT;
	struct ingest *in = ingest_open(s, d, (int64_t)n, &inner);
	int status;

	if (!in) {
		if (inner.kind == ERR_NONE)
			return 0;
		*e = inner;
		return -1;
	}
	status = ingest_restart(in, e);
	if (status == 0)
		status = ingest_write(in, data, n, e);
	if (status == 0)
		status = ingest_commit(in, e);
	ingest_close(in);
	return status;
}

/* Reads the blob, hashing, and copies it to `out` unless that is -1. */
static int read_through(const struct store *s, const struct digest *d, int64_t size, int out, struct err *e)
{
	cleanup_hash struct hash *h = NULL;
	cleanup_free char *chunk = malloc(CHUNK);
	cleanup_fd int fd = -1;
	struct digest actual;

	if (!chunk)
		return err_nomem(e);
	h = hash_new(e);
	if (!h || (fd = store_open_blob(s, d, size, e)) == -1)
		return -1;
	for (;;) {
		ssize_t got = io_read_full(fd, chunk, CHUNK);
		if (got == -1)
			return err_errno(e, errno, "%s: unreadable", digest_str(d).text);
		if (got == 0)
			break;
		hash_update(h, chunk, (size_t)got);
		if (out != -1 && io_write_full(out, chunk, (size_t)got) == -1)
			return err_errno(e, errno, "%s: write", digest_str(d).text);
	}
	hash_final(h, &actual);
	if (!digest_equal(&actual, d))
		return err_set(e, ERR_CONTENT, "%s: corrupt, the digest of its bytes is %s", digest_str(d).text,
			       digest_str(&actual).text);
	return 0;
}

int store_verify_blob(const struct store *s, const struct digest *d, int64_t size, struct err *e)
{
	return read_through(s, d, size, -1, e);
}

int store_copy_blob(const struct store *s, const struct digest *d, int out, struct err *e)
{
	return read_through(s, d, -1, out, e);
}

/* Whether the locked descriptor is still what stands under the name: its last holder may have removed or renamed it. */
static bool still_named(int dir, const char *name, int fd)
{
	struct stat by_fd, by_name;

	return fstat(fd, &by_fd) == 0 && fstatat(dir, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
	       by_fd.st_dev == by_name.st_dev && by_fd.st_ino == by_name.st_ino;
}

/* A locked descriptor of tmp/name; -1 with *busy set when `wait` is false and another process holds it. */
static int lock_file(const struct store *s, const char *name, bool wait, bool *busy, struct err *e)
{
	for (;;) {
		cleanup_fd int fd =
			openat(s->tmp, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (fd == -1)
			return err_errno(e, errno, "tmp/%s", name);
		while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == -1) {
			if (errno == EINTR)
				continue;
			if (!wait && errno == EWOULDBLOCK) {
				*busy = true;
				return -1;
			}
			return err_errno(e, errno, "lock tmp/%s", name);
		}
		if (still_named(s->tmp, name, fd))
			return steal_fd(&fd);
	}
}

int store_lock(const struct store *s, const char *name, struct err *e)
{
	return lock_file(s, name, true, NULL, e);
}

int store_try_lock(const struct store *s, const char *name, bool *busy, struct err *e)
{
	*busy = false;
	return lock_file(s, name, false, busy, e);
}

void store_unlock(const struct store *s, const char *name, int *fd)
{
	unlinkat(s->tmp, name, 0);
	flock(*fd, LOCK_UN); /* children may hold copies of the descriptor */
	io_cleanup_fd(fd);
}

int store_sync(const struct store *s, struct err *e)
{
#ifdef __linux__
	if (syncfs(s->root) == -1)
		return err_errno(e, errno, "store %s: sync", s->path);
#else
	(void)s;
	(void)e;
	sync();
#endif
	return 0;
}

struct ingest {
	const struct store *store;
	struct digest digest;
	int64_t size;	/* that the descriptor says */
	int64_t offset; /* bytes written and hashed */
	int64_t flushed; /* of them, told to go to the disk */
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
			in->flushed = in->offset;
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
	in->fd = lock_file(s, in->name, wait, busy, e);
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
	in->offset = in->flushed = 0;
	if (ftruncate(in->fd, 0) == -1 || lseek(in->fd, 0, SEEK_SET) == -1)
		return err_errno(e, errno, "tmp/%s", in->name);
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
	/* What is on its way to the disk need not be waited for at the end, and is there after a power cut. */
	if (in->offset - in->flushed >= FLUSH) {
		fsext_flush(in->fd, in->flushed, in->offset - in->flushed);
		in->flushed = in->offset;
	}
	return 0;
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
	if (fchmod(in->fd, 0444) == -1 || fsync(in->fd) == -1 ||
	    renameat(in->store->tmp, in->name, in->store->blobs, hex) == -1)
		return err_errno(e, errno, "publish %s", digest_str(&in->digest).text);
	in->committed = true;
	if (fsync(in->store->blobs) == -1)
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
