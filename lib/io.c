#include "io.h"

#include "buf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>

#define COPY_BUFFER (256u << 10) /* bytes */

void io_cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void io_cleanup_free(void *ptr)
{
	void **p = ptr;
	int saved = errno;

	free(*p);
	errno = saved;
}

void io_cleanup_file(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	*f = NULL;
	errno = saved;
}

ssize_t io_read_full(int fd, void *data, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, (char *)data + have, n - have);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

int io_write_full(int fd, const void *data, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t put = write(fd, (const char *)data + done, n - done);
		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1)
			return -1;
		done += (size_t)put;
	}
	return 0;
}

int io_copy_range(int from, int to, off_t at, off_t n)
{
	cleanup_free char *data = malloc(COPY_BUFFER);

	if (!data)
		return -1;
	while (n > 0) {
		size_t want = n < (off_t)COPY_BUFFER ? (size_t)n : COPY_BUFFER;
		ssize_t got = pread(from, data, want, at), put;
		if (got == 0)
			errno = ENODATA;
		if (got <= 0)
			return -1;
		put = pwrite(to, data, (size_t)got, at);
		if (put == -1)
			return -1;
		at += put;
		n -= put;
	}
	return 0;
}

int io_read_all(int fd, size_t max, struct buf *out, struct err *e)
{
	char chunk[16384];
	size_t total = 0;

	for (;;) {
		ssize_t got = io_read_full(fd, chunk, sizeof chunk);
		if (got == -1)
			return err_errno(e, errno, "read");
		if (got == 0)
			return buf_check(out, e);
		total += (size_t)got;
		if (total > max)
			return err_set(e, ERR_CONTENT, "longer than the limit of %zu bytes", max);
		buf_add(out, chunk, (size_t)got);
	}
}

/* Where no file can be made without a name: one that nobody else has, for a moment. */
static int make_and_unlink(int dir)
{
	char name[64];
	int fd;

	snprintf(name, sizeof name, ".scratch.%ld.%lld", (long)getpid(), (long long)io_clock());
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1)
		unlinkat(dir, name, 0);
	return fd;
}

int io_scratch(int dir)
{
#ifdef O_TMPFILE
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd != -1)
		return fd;
#endif
	return make_and_unlink(dir);
}

int64_t io_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int io_close(int *fd, const char *what, struct err *e)
{
	/* Linux frees the descriptor even when close fails: never a second try. */
	if (close(steal_fd(fd)) == -1 && errno != EINTR)
		return err_errno(e, errno, "close %s", what);
	return 0;
}

void io_put_null(int first, int last)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = first; fd <= last; fd++)
		if (null == -1 || dup2(null, fd) == -1)
			close(fd);
	if (null > last)
		close(null);
}

void io_allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int io_write_new(int dir, const char *name, const struct buf *contents, struct err *e)
{
	cleanup_fd int fd = -1;

	if (buf_check(contents, e) == -1)
		return -1;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || io_write_full(fd, buf_text(contents), contents->len) == -1)
		return err_errno(e, errno, "%s", name);
	return io_close(&fd, name, e);
}

static ssize_t source_fd_read(struct source *self, void *data, size_t n, struct err *e)
{
	struct source_fd *s = (struct source_fd *)self;

	for (;;) {
		ssize_t got = read(s->fd, data, n);
		if (got >= 0)
			return got;
		if (errno != EINTR)
			return err_errno(e, errno, "read %s", s->what);
	}
}

void source_fd_init(struct source_fd *s, int fd, const char *what)
{
	s->source.read = source_fd_read;
	s->fd = fd;
	s->what = what;
}

ssize_t source_read_full(struct source *s, void *data, size_t n, struct err *e)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = s->read(s, (char *)data + have, n - have, e);
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}
