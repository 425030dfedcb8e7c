/*
 * err - the error value.
 *
 * A function that can fail takes a `struct err *` as its last argument and returns -1 or NULL when it
 * failed; the value is then set, and otherwise untouched. The message grows from the inside out: the
 * function that saw the fault says what it was, each caller puts before it what it was doing:
 *
 *	if (store_open(&s, path, e) == -1)
 *		return err_context(e, "store %s", path);
 *
 * The value owns no memory: it can be dropped at any time.
 */
#ifndef CR_ERR_H
#define CR_ERR_H

#include <stdarg.h>

enum err_kind {
	ERR_NONE,
	ERR_IO,		/* a system call, the network, memory: exit 1 */
	ERR_USAGE,	/* the caller's words: exit 2 */
	ERR_CONTENT,	/* bytes are not what their digest or format says: exit 3 */
	ERR_NOT_FOUND,	/* no such image, blob, name: exit 4 */
	ERR_DENIED,	/* credentials missing or refused: exit 5 */
};

#define ERR_TEXT_MAX 1024 /* longer messages lose their tail */

struct err {
	enum err_kind kind;
	char text[ERR_TEXT_MAX];
};

#define ERR_INIT { ERR_NONE, "" }

/* Sets the error. Returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Sets an ERR_IO error from the errno value `errnum`: "<formatted>: <strerror>". Returns -1.
 * Pass errno itself; it is read before anything else is called.
 */
int err_errno(struct err *e, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "<formatted>: " before the message of an error that is set. The kind stays. Returns -1. */
int err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory, said the same way everywhere. Returns -1. */
int err_nomem(struct err *e);

/* The exit status of a program that ends with this error (DESIGN: 0 to 5). */
int err_exit_status(const struct err *e);

#endif
