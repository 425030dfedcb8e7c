#include "store.h"

#include "buf.h"
#include "hash.h"
#include "store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK (256 * 1024)

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

/* Writes images/oci-layout where it is not there: whole, then renamed, by one of those that may be at it. */
static int write_layout_file(const struct store *s, struct err *e)
{
	static const char name[] = "oci-layout.new";
	cleanup_fd int fd = -1;

	if (faccessat(s->images, "oci-layout", F_OK, 0) == 0)
		return 0;
	if ((fd = store_lock_file(s, name, true, NULL, e)) == -1)
		return -1;
	if (faccessat(s->images, "oci-layout", F_OK, 0) == 0) {
		unlinkat(s->tmp, name, 0);
		return 0;
	}
	if (ftruncate(fd, 0) == -1 || io_write_full(fd, layout_text, sizeof layout_text - 1) == -1 ||
	    fchmod(fd, 0644) == -1 || fsync(fd) == -1 || renameat(s->tmp, name, s->images, "oci-layout") == -1) {
		err_errno(e, errno, "oci-layout");
		unlinkat(s->tmp, name, 0);
		return -1;
	}
	return 0;
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

/* Reads all of the blob, hashing, and copies it to `out` unless that is -1. */
static int read_through(int fd, const struct digest *d, int out, struct err *e)
{
	cleanup_hash struct hash *h = hash_new(e);
	cleanup_free char *chunk = malloc(CHUNK);
	struct digest actual;

	if (!h)
		return -1;
	if (!chunk)
		return err_nomem(e);
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

int store_open_verified(const struct store *s, const struct digest *d, int64_t size, struct err *e)
{
	cleanup_fd int fd = store_open_blob(s, d, size, e);

	if (fd == -1 || read_through(fd, d, -1, e) == -1)
		return -1;
	if (lseek(fd, 0, SEEK_SET) == -1)
		return err_errno(e, errno, "%s", digest_str(d).text);
	return steal_fd(&fd);
}

int store_verify_blob(const struct store *s, const struct digest *d, int64_t size, struct err *e)
{
	cleanup_fd int fd = store_open_verified(s, d, size, e);

	return fd == -1 ? -1 : 0;
}

int store_copy_blob(const struct store *s, const struct digest *d, int out, struct err *e)
{
	cleanup_fd int fd = store_open_blob(s, d, -1, e);

	return fd == -1 ? -1 : read_through(fd, d, out, e);
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
