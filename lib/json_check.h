/*
 * json_check - whether bytes are JSON: the whole grammar of RFC 8259 in one linear pass, without memory of its own.
 * Part of json, used by nobody else.
 */
#ifndef CR_JSON_CHECK_H
#define CR_JSON_CHECK_H

#include "err.h"

#include <stddef.h>

/*
 * Checks grammar, UTF-8 and surrogate pairs, and nesting up to JSON_DEPTH_MAX. Counts values and keys into *tokens; more
 * than max_tokens of them is ERR_CONTENT, as all else is that does not fit.
 */
int json_check(const char *text, size_t len, size_t max_tokens, size_t *tokens, struct err *e);

#endif
