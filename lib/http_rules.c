/* Who may send us where, and who may have whose credentials; and text in URLs. */
#include "http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The host's name without its port. */
static void bare_host(const char *host, char out[256])
{
	size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	if (n > 255)
		n = 255;
	memcpy(out, host, n);
	out[n] = '\0';
}

/* An address literal as its 16 bytes, one of IPv4 as ::ffff:a.b.c.d; false for a name. */
static bool address_of(const char *host, struct in6_addr *out)
{
	char name[256], mapped[280];
	size_t n;

	bare_host(host, name);
	n = strlen(name);
	if (*name == '[' && n > 2 && name[n - 1] == ']') {
		name[n - 1] = '\0';
		return inet_pton(AF_INET6, name + 1, out) == 1;
	}
	snprintf(mapped, sizeof mapped, "::ffff:%s", name);
	return strchr(name, '.') && inet_pton(AF_INET6, mapped, out) == 1;
}

bool http_is_loopback(const char *host)
{
	struct in6_addr a;
	char name[256];

	bare_host(host, name);
	if (!address_of(name, &a))
		return strcasecmp(name, "localhost") == 0;
	return *name == '[' ? IN6_IS_ADDR_LOOPBACK(&a) : a.s6_addr[12] == 127;
}

/*
 * A name may end in a dot, and then leads where it leads without. Only what is refused is judged so, and nothing
 * allowed for it.
 */
static void undotted_host(const char *host, char out[256])
{
	size_t n;

	bare_host(host, out);
	n = strlen(out);
	if (n > 1 && out[n - 1] == '.')
		out[n - 1] = '\0';
}

/* Loopback, also in disguise, and the unspecified address, which connects to this machine. */
static bool reaches_this_machine(const char *host)
{
	struct in6_addr a;
	char name[256];
	size_t n;

	undotted_host(host, name);
	n = strlen(name);
	if (http_is_loopback(name) || (n > 10 && strcasecmp(name + n - 10, ".localhost") == 0))
		return true;
	if (!address_of(name, &a))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&a))
		return a.s6_addr[12] == 127 || a.s6_addr[12] == 0;
	return IN6_IS_ADDR_UNSPECIFIED(&a);
}

static bool is_link_local(const char *host)
{
	struct in6_addr a;
	char name[256];

	undotted_host(host, name);
	if (!address_of(name, &a))
		return false;
	return IN6_IS_ADDR_LINKLOCAL(&a) || (IN6_IS_ADDR_V4MAPPED(&a) && a.s6_addr[12] == 169 && a.s6_addr[13] == 254);
}

/* Full-width digits are digits to some resolvers, so that an address could hide in a name. */
static bool is_ascii(const char *host)
{
	while (*host && (unsigned char)*host < 0x80)
		host++;
	return !*host;
}

int http_may_lead(const struct http_origin *from, const struct http_origin *to, bool plain_http, struct err *e)
{
	bool from_tls = strcmp(from->scheme, "https") == 0, to_tls = strcmp(to->scheme, "https") == 0;
	const char *why = NULL;

	if (from_tls && !to_tls)
		why = "from https to http";
	else if (strcmp(from->host, to->host) != 0 && is_link_local(to->host))
		why = "a link-local address";
	else if (strcmp(from->host, to->host) != 0 && !is_ascii(to->host))
		why = "a host whose name is not in ASCII";
	else if (!reaches_this_machine(from->host) && reaches_this_machine(to->host))
		why = "this machine itself";
	else if (!to_tls && !plain_http && !http_is_loopback(to->host))
		why = "plain http needs --plain-http";
	if (!why)
		return 0;
	return err_set(e, ERR_CONTENT, "%s:%s leads to %s:%s, which is refused: %s", from->host, from->port, to->host,
		       to->port, why);
}

/* Domains whose hosts belong to many: those that registries are rented in, and such as co.uk, com.br. */
static bool is_shared(const char *domain)
{
	static const char *const rented[] = { "amazonaws.com", "azurecr.cn", "azurecr.io", "azurecr.us", "gcr.io", "github.io",
					      "gitlab.io", "jfrog.io", "ocir.io", "pkg.dev" };
	static const char *const second_level[] = { "ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org" };
	size_t n = strcspn(domain, ".");

	for (size_t i = 0; i < sizeof rented / sizeof *rented; i++)
		if (strcmp(domain, rented[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof second_level / sizeof *second_level; i++)
		if (strlen(domain) == n + 3 && strlen(second_level[i]) == n && memcmp(domain, second_level[i], n) == 0)
			return true;
	return false;
}

/* The domain a registry's hosts lie in: all but the first label, or the name itself where that is nobody's alone. */
static const char *domain_of(const char *host)
{
	const char *dot = strchr(host, '.');

	return dot && strchr(dot + 1, '.') && !is_shared(dot + 1) ? dot + 1 : host;
}

bool http_same_site(const struct http_origin *registry, const struct http_origin *realm)
{
	const char *domain = domain_of(registry->host);
	size_t n = strlen(realm->host), d = strlen(domain);
	struct in6_addr ignored;

	if (http_same_origin(registry, realm))
		return true;
	if (strcmp(registry->scheme, "https") != 0 || strcmp(realm->scheme, "https") != 0 ||
	    address_of(registry->host, &ignored) || !strchr(domain, '.') || n < d ||
	    strcmp(realm->host + n - d, domain) != 0)
		return false;
	return n == d || realm->host[n - d - 1] == '.';
}

void http_escape(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			buf_addc(out, *text);
		else
			buf_addf(out, "%%%02X", (unsigned char)*text);
	}
}
