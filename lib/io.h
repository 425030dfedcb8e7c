/*
 * io - whole reads and writes, and ownership that can be seen.
 *
 * cleanup_fd, cleanup_free and cleanup_file release a local variable when it leaves its scope;
 * steal_fd and steal_ptr take the value out first, and hand it on:
 *
 *	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
 *	...
 *	return steal_fd(&fd);
 *
 * A file that was written is closed with io_close, which reports: cleanup_fd is for ways out that
 * have failed already and for files that were only read.
 */
#ifndef CR_IO_H
#define CR_IO_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

struct buf;

void io_cleanup_fd(int *fd);	  /* close unless -1; errno kept */
void io_cleanup_free(void *ptr); /* free(*(void **)ptr) */
void io_cleanup_file(FILE **f);

#define cleanup_fd __attribute__((cleanup(io_cleanup_fd)))
#define cleanup_free __attribute__((cleanup(io_cleanup_free)))
#define cleanup_file __attribute__((cleanup(io_cleanup_file)))

static inline int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

static inline void *steal_ptr(void *ptr)
{
	void **p = ptr, *value = *p;

	*p = NULL;
	return value;
}

/*
 * Reads until n bytes are there or the file ends, over short reads and EINTR.
 * Returns the count (less than n only at the end of the file), -1 with errno.
 */
ssize_t io_read_full(int fd, void *data, size_t n);

/* Writes all n bytes. Returns 0, or -1 with errno. */
int io_write_full(int fd, const void *data, size_t n);

/* Copies n bytes of `from` to `to`, both at the offset `at`. 0, or -1 with errno (ENODATA: `from` ends before). */
int io_copy_range(int from, int to, off_t at, off_t n);

/*
 * Appends the whole of fd to `out`, up to `max` bytes. More than that is ERR_CONTENT.
 */
int io_read_all(int fd, size_t max, struct buf *out, struct err *e);

/*
 * An empty file without a name, on the filesystem of the directory `dir`, open for reading and writing. Its
 * descriptor, or -1 with errno.
 */
int io_scratch(int dir);

/* Milliseconds of a clock that nobody sets. */
int64_t io_clock(void);

/* Closes a written file and reports what close says. *fd becomes -1. `what` names it in the message. */
int io_close(int *fd, const char *what, struct err *e);

/* Puts /dev/null, else nothing, in place of the descriptors from `first` to `last`. */
void io_put_null(int first, int last);

/* Lets the process have as many descriptors open as its hard limit allows. For what runs in a process of its own. */
void io_allow_descriptors(void);

/* Makes the file `name` of the directory `dir`, which must not be there yet, of mode 0644, with these contents. */
int io_write_new(int dir, const char *name, const struct buf *contents, struct err *e);

/*
 * A stream of bytes to be pulled, so that readers can be stacked (file, hash, inflate, tar). Embed it as
 * the first member and fill in `read`.
 *
 * read: at most n bytes (n > 0) into data. Returns the count, 0 at the end, -1 with the error set.
 */
struct source {
	ssize_t (*read)(struct source *self, void *data, size_t n, struct err *e);
};

/* A source over a descriptor, which stays the caller's. */
struct source_fd {
	struct source source;
	int fd;
	const char *what; /* for messages; borrowed */
};

void source_fd_init(struct source_fd *s, int fd, const char *what);

/* Reads a source until n bytes are there or it ends; the count as in io_read_full, -1 with the error set. */
ssize_t source_read_full(struct source *s, void *data, size_t n, struct err *e);

#endif
