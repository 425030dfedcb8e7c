#include "ref.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_REGISTRY "docker.io"
#define DEFAULT_NAMESPACE "library/"
#define PORT_MAX 65535

/* A part of the reference's text. */
struct part {
	const char *s;
	size_t n;
};

static bool is(struct part p, const char *text)
{
	return p.n == strlen(text) && memcmp(p.s, text, p.n) == 0;
}

static const char *find(struct part p, char c)
{
	return memchr(p.s, c, p.n);
}

static bool lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool alnum(char c)
{
	return lower_alnum(c) || upper(c);
}

static bool hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* What is wrong with a component of the repository, or NULL: letters and digits between '.', '_', '__' and dashes. */
static const char *component_fault(struct part p)
{
	size_t i = 0;

	if (p.n == 0)
		return "is empty";
	for (i = 0; i < p.n; i++)
		if (upper(p.s[i]))
			return "must be lower case";
	for (i = 0; i < p.n; i++)
		if (!lower_alnum(p.s[i]) && p.s[i] != '.' && p.s[i] != '_' && p.s[i] != '-')
			return "may hold only a-z, 0-9, '.', '_' and '-'";
	if (!lower_alnum(p.s[0]) || !lower_alnum(p.s[p.n - 1]))
		return "must begin and end with a letter or a digit";
	for (i = 0; i < p.n; i++) {
		size_t start = i;

		while (!lower_alnum(p.s[i]))
			i++;
		if (i - start > 1 && !is((struct part){ p.s + start, i - start }, "__") &&
		    strspn(p.s + start, "-") < i - start)
			return "may hold only '.', '_', '__' or dashes between two letters";
	}
	return NULL;
}

static const char *repository_fault(struct part repository, struct part *where)
{
	struct part rest = repository;

	for (;;) {
		const char *slash = find(rest, '/'), *fault;

		*where = (struct part){ rest.s, slash ? (size_t)(slash - rest.s) : rest.n };
		fault = component_fault(*where);
		if (fault || !slash)
			return fault;
		rest = (struct part){ slash + 1, rest.n - where->n - 1 };
	}
}

static const char *port_fault(struct part port)
{
	long value = 0;

	if (port.n == 0)
		return "has an empty port";
	for (size_t i = 0; i < port.n; i++) {
		if (port.s[i] < '0' || port.s[i] > '9')
			return "has a port that is no number";
		value = value * 10 + (port.s[i] - '0');
		if (value > PORT_MAX)
			return "has a port that is too large";
	}
	return value == 0 ? "has port 0" : NULL;
}

static const char *ipv6_fault(struct part p)
{
	size_t colons = 0;

	for (size_t i = 0; i < p.n; i++) {
		colons += p.s[i] == ':';
		if (p.s[i] != ':' && !isxdigit((unsigned char)p.s[i]))
			return "is no IPv6 address";
	}
	return colons < 2 ? "is no IPv6 address" : NULL;
}

/* Labels of letters, digits and inner dashes, between single dots. */
static const char *name_fault(struct part p)
{
	for (size_t i = 0; i < p.n; i++) {
		bool edge = i == 0 || i + 1 == p.n || p.s[i - 1] == '.' || p.s[i + 1] == '.';

		if (!alnum(p.s[i]) && (edge || (p.s[i] != '-' && p.s[i] != '.')))
			return "is no host name";
	}
	return p.n == 0 ? "is no host name" : NULL;
}

static const char *registry_fault(struct part registry)
{
	bool bracketed = registry.s[0] == '[';
	const char *end = find(registry, bracketed ? ']' : ':'), *fault;
	struct part host = { registry.s, end ? (size_t)(end - registry.s) : registry.n };
	struct part port = { end, end ? registry.n - host.n : 0 };

	if (bracketed) {
		if (!end)
			return "has no ']'";
		host = (struct part){ host.s + 1, host.n - 1 };
		port = (struct part){ end + 1, port.n - 1 };
	}
	fault = bracketed ? ipv6_fault(host) : name_fault(host);
	if (fault || port.n == 0)
		return fault;
	if (port.s[0] != ':')
		return "has more than a port after its ']'";
	return port_fault((struct part){ port.s + 1, port.n - 1 });
}

/* distribution-spec, Pulling manifests: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
static const char *tag_fault(struct part tag)
{
	if (tag.n == 0)
		return "is empty";
	if (tag.n > REF_TAG_MAX)
		return "is longer than 128 characters";
	for (size_t i = 0; i < tag.n; i++)
		if (!alnum(tag.s[i]) && tag.s[i] != '_' && (i == 0 || (tag.s[i] != '.' && tag.s[i] != '-')))
			return "may hold only letters, digits, '_', and after the first '.' and '-'";
	return NULL;
}

static int fault_in(struct part p, const char *role, const char *fault, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s '%.*s%s' %s", role, p.n < 80 ? (int)p.n : 80, p.s, p.n < 80 ? "" : "…", fault);
}

/* Whether the text before the first '/' names a registry. */
static bool is_registry(struct part first)
{
	if (first.n && first.s[0] == '[')
		return true;
	for (size_t i = 0; i < first.n; i++)
		if (first.s[i] == '.' || first.s[i] == ':' || upper(first.s[i]))
			return true;
	return is(first, "localhost");
}

/* What a reference consists of, as it stands; a part that is not there has s == NULL. */
struct parts {
	struct part registry, repository, tag, digest;
};

static struct parts split(const char *text)
{
	const char *end = text + strlen(text), *at = strchr(text, '@'), *slash, *p;
	struct parts r = { 0 };

	if (at) {
		r.digest = (struct part){ at + 1, (size_t)(end - at - 1) };
		end = at;
	}
	slash = memchr(text, '/', (size_t)(end - text));
	if (slash && is_registry((struct part){ text, (size_t)(slash - text) })) {
		r.registry = (struct part){ text, (size_t)(slash - text) };
		text = slash + 1;
	}
	for (p = end; p > text && p[-1] != '/' && p[-1] != ':'; p--)
		;
	if (p > text && p[-1] == ':') {
		r.tag = (struct part){ p, (size_t)(end - p) };
		end = p - 1;
	}
	r.repository = (struct part){ text, (size_t)(end - text) };
	return r;
}

/* The digits alone could be meant as an image's id; a name they are not. */
static bool bare_id(const char *text)
{
	size_t n = 0;

	while (hex(text[n]))
		n++;
	return n == DIGEST_HEX - 1 && text[n] == '\0';
}

static int check(const char *text, const struct parts *parts, struct err *e)
{
	struct part where;
	const char *fault;

	if (*text == '\0')
		return err_set(e, ERR_USAGE, "is empty");
	if (strstr(text, "://"))
		return err_set(e, ERR_USAGE, "leave out what stands before and with '://'");
	if (bare_id(text))
		return err_set(e, ERR_USAGE, "64 hex digits are no name; a digest is written NAME@sha256:…");
	if (parts->registry.s && (fault = registry_fault(parts->registry)))
		return fault_in(parts->registry, "host", fault, e);
	if ((fault = repository_fault(parts->repository, &where)))
		return fault_in(where, where.n == parts->repository.n ? "name" : "part", fault, e);
	if (parts->tag.s && (fault = tag_fault(parts->tag)))
		return fault_in(parts->tag, "tag", fault, e);
	return 0;
}

static char *join(const char *before, struct part p)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, before);
	buf_add(&b, p.s, p.n);
	return buf_steal(&b);
}

/* Makes the parts what they stand for, with all that is left out filled in. */
static int fill(struct ref *r, struct parts parts, struct err *e)
{
	struct part hub = { DEFAULT_REGISTRY, strlen(DEFAULT_REGISTRY) }, latest = { "latest", 6 };
	bool short_name;

	if (!parts.registry.s || is(parts.registry, "index.docker.io"))
		parts.registry = hub;
	if (!parts.tag.s && !parts.digest.s)
		parts.tag = latest;
	short_name = is(parts.registry, DEFAULT_REGISTRY) && !find(parts.repository, '/');
	r->registry = join("", parts.registry);
	r->repository = join(short_name ? DEFAULT_NAMESPACE : "", parts.repository);
	if (parts.tag.s)
		r->tag = join("", parts.tag);
	if (!r->registry || !r->repository || (parts.tag.s && !r->tag))
		return err_nomem(e);
	if (strlen(r->registry) + 1 + strlen(r->repository) > REF_REPOSITORY_MAX)
		return err_set(e, ERR_USAGE, "host and name are longer than %d characters", REF_REPOSITORY_MAX);
	r->has_digest = parts.digest.s != NULL;
	if (!r->has_digest || digest_parse(&r->digest, parts.digest.s, parts.digest.n, e) == 0)
		return 0;
	e->kind = ERR_USAGE; /* the caller's words, and no document's */
	return -1;
}

int ref_parse(struct ref *r, const char *text, struct err *e)
{
	cleanup_ref struct ref parsed = REF_INIT;
	struct parts parts;

	if (strlen(text) > REF_TEXT_MAX)
		return err_set(e, ERR_USAGE, "reference of more than %d bytes", REF_TEXT_MAX);
	parts = split(text);
	if (check(text, &parts, e) == -1 || fill(&parsed, parts, e) == -1)
		return err_context(e, "reference '%.100s%s'", text, strlen(text) > 100 ? "…" : "");
	*r = parsed;
	parsed = (struct ref)REF_INIT;
	return 0;
}

void ref_clear(struct ref *r)
{
	free(r->registry);
	free(r->repository);
	free(r->tag);
	*r = (struct ref)REF_INIT;
}

static void add_tail(const struct ref *r, struct buf *out)
{
	if (r->tag)
		buf_addf(out, ":%s", r->tag);
	if (r->has_digest)
		buf_addf(out, "@%s", digest_str(&r->digest).text);
}

void ref_source(const struct ref *r, struct buf *out)
{
	buf_addf(out, "%s/%s", r->registry, r->repository);
}

void ref_full(const struct ref *r, struct buf *out)
{
	ref_source(r, out);
	add_tail(r, out);
}

void ref_familiar(const struct ref *r, struct buf *out)
{
	const char *name = r->repository, *slash = strchr(name, '/');
	size_t namespace = strlen(DEFAULT_NAMESPACE);

	if (strcmp(r->registry, DEFAULT_REGISTRY) != 0 || !slash)
		buf_addf(out, "%s/", r->registry);
	else if (strncmp(name, DEFAULT_NAMESPACE, namespace) == 0 && !strchr(name + namespace, '/'))
		name += namespace;
	else if (is_registry((struct part){ name, (size_t)(slash - name) }))
		buf_addf(out, "%s/", r->registry);
	buf_adds(out, name);
	add_tail(r, out);
}
