/*
 * challenge - a WWW-Authenticate header (RFC 9110, 11.6.1; distribution spec/auth/token.md), which is data of an attacker.
 *
 * Scheme and parameter names come in any case, quoted values hold commas and escapes, several challenges stand in one
 * header.
 */
#ifndef CR_CHALLENGE_H
#define CR_CHALLENGE_H

#include "err.h"

#include <stdbool.h>

#define CHALLENGE_VALUE_MAX 2048 /* bytes with the NUL */

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char realm[CHALLENGE_VALUE_MAX];
	char service[CHALLENGE_VALUE_MAX];
	char scope[CHALLENGE_VALUE_MAX];
};

/*
 * Reads a header's value; of several challenges Bearer is preferred, then Basic, and others are passed over (scheme
 * CHALLENGE_NONE when nothing else is there). Malformed, a parameter twice, or a value past the limit: ERR_CONTENT.
 */
int challenge_parse(struct challenge *c, const char *header, struct err *e);

/* Whether more can be done with a than with b: Bearer, Basic, a Bearer that does not say who gives the tokens, nothing. */
bool challenge_is_better(const struct challenge *a, const struct challenge *b);

#endif
