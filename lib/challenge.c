#include "challenge.h"

#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Length of a token of RFC 9110 at p. */
static size_t token_length(const char *p)
{
	return strspn(p, "!#$%&'*+-.^_`|~0123456789"
			 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static int malformed(struct err *e)
{
	return err_set(e, ERR_CONTENT, "a malformed WWW-Authenticate header");
}

/* Reads a token or a quoted string into out. Returns what follows it, or NULL. */
static const char *read_value(const char *p, char out[CHALLENGE_VALUE_MAX])
{
	size_t n = 0;

	if (*p != '"') {
		n = token_length(p);
		if (n == 0 || n >= CHALLENGE_VALUE_MAX)
			return NULL;
		memcpy(out, p, n);
		out[n] = '\0';
		return p + n;
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && *++p == '\0')
			return NULL;
		if (n + 1 >= CHALLENGE_VALUE_MAX)
			return NULL;
		out[n++] = *p;
	}
	out[n] = '\0';
	return *p == '"' ? p + 1 : NULL;
}

/* Where the parameter of that name goes; scratch for those that do not matter. */
static char *slot(struct challenge *c, const char *name, size_t n, char *scratch)
{
	if (n == 5 && strncasecmp(name, "realm", n) == 0)
		return c->realm;
	if (n == 7 && strncasecmp(name, "service", n) == 0)
		return c->service;
	if (n == 5 && strncasecmp(name, "scope", n) == 0)
		return c->scope;
	return scratch;
}

/* "name = value", if that is what stands here: *next is set behind it. 1, 0 for something else, -1. */
static int read_parameter(struct challenge *c, const char *p, const char **next, struct err *e)
{
	char scratch[CHALLENGE_VALUE_MAX], *into;
	size_t n = token_length(p);
	const char *value = skip_blanks(p + n);

	if (n == 0 || *value != '=')
		return 0;
	into = slot(c, p, n, scratch);
	if (into != scratch && *into)
		return err_set(e, ERR_CONTENT, "a parameter twice in a WWW-Authenticate header");
	*next = read_value(skip_blanks(value + 1), into);
	return *next ? 1 : malformed(e);
}

static enum challenge_scheme scheme_of(const char *p, size_t n)
{
	if (n == 6 && strncasecmp(p, "bearer", n) == 0)
		return CHALLENGE_BEARER;
	return n == 5 && strncasecmp(p, "basic", n) == 0 ? CHALLENGE_BASIC : CHALLENGE_NONE;
}

/* The token68 of a scheme that has one ("Negotiate oYG2…=="), up to the next challenge: its length, or 0. */
static size_t token68_length(const char *p)
{
	size_t n = strspn(p, "-._~+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
	       padding = n ? strspn(p + n, "=") : 0;
	const char *behind = skip_blanks(p + n + padding);

	return *behind == '\0' || *behind == ',' ? n + padding : 0;
}

/* One challenge: a scheme and its parameters. Sets *rest behind them. */
static int read_challenge(struct challenge *c, const char *p, const char **rest, struct err *e)
{
	size_t n = token_length(p);
	const char *next = p;
	int got;

	if (n == 0)
		return malformed(e);
	c->scheme = scheme_of(p, n);
	p += n;
	if (*p && *p != ' ' && *p != '\t' && *p != ',')
		return malformed(e);
	if (c->scheme == CHALLENGE_NONE) {
		p = skip_blanks(p);
		p += token68_length(p);
	}
	for (;;) {
		p = p + strspn(p, " \t,");
		got = read_parameter(c, p, &next, e);
		if (got != 1)
			break;
		p = next;
		if (*p && !strchr(" \t,", *p))
			return malformed(e);
	}
	*rest = p;
	return got;
}

static int usefulness(const struct challenge *c)
{
	if (c->scheme == CHALLENGE_BEARER)
		return *c->realm ? 3 : 1; /* who gives the tokens is not said */
	return c->scheme == CHALLENGE_BASIC ? 2 : 0;
}

bool challenge_is_better(const struct challenge *a, const struct challenge *b)
{
	return usefulness(a) > usefulness(b);
}

int challenge_parse(struct challenge *c, const char *header, struct err *e)
{
	const char *p = skip_blanks(header);

	memset(c, 0, sizeof *c);
	while (*p) {
		struct challenge one;

		memset(&one, 0, sizeof one);
		if (read_challenge(&one, p, &p, e) == -1)
			return -1;
		if (challenge_is_better(&one, c))
			*c = one;
	}
	return 0;
}
