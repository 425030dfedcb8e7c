#include "err.h"

#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return -1;
}

int err_errno(struct err *e, int errnum, const char *fmt, ...)
{
	char what[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(e, ERR_IO, "%s: %s", what, strerror(errnum));
}

int err_context(struct err *e, const char *fmt, ...)
{
	char inner[ERR_TEXT_MAX], outer[ERR_TEXT_MAX];
	va_list ap;

	memcpy(inner, e->text, sizeof inner);
	va_start(ap, fmt);
	vsnprintf(outer, sizeof outer, fmt, ap);
	va_end(ap);
	return err_set(e, e->kind, "%s: %s", outer, inner);
}

int err_nomem(struct err *e)
{
	return err_set(e, ERR_IO, "out of memory");
}

int err_exit_status(const struct err *e)
{
	switch (e->kind) {
	case ERR_NONE: return 0;
	case ERR_IO: return 1;
	case ERR_USAGE: return 2;
	case ERR_CONTENT: return 3;
	case ERR_NOT_FOUND: return 4;
	case ERR_DENIED: return 5;
	}
	return 1;
}
