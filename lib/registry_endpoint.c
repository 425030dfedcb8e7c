#include "registry_call.h"

#include "io.h"

#include <string.h>

static bool speaks_tls(const struct registry *r, const char *host)
{
	for (size_t i = 0; i < r->tls_count; i++)
		if (strcmp(r->speak_tls[i], host) == 0)
			return true;
	return false;
}

void registry_remember_tls(struct registry *r, const char *host)
{
	char *copy = speaks_tls(r, host) || r->tls_count == ENDPOINTS_MAX ? NULL : strdup(host);

	if (copy)
		r->speak_tls[r->tls_count++] = copy;
}

static int add_endpoint(struct call *c, const char *scheme, const char *host, bool mirror, struct err *e)
{
	struct endpoint *p = &c->endpoints[c->endpoint_count];
	cleanup_buf struct buf base = BUF_INIT;

	if (c->endpoint_count == ENDPOINTS_MAX)
		return err_set(e, ERR_USAGE, "%s: more than %d mirrors", c->registry, ENDPOINTS_MAX - 1);
	buf_addf(&base, "%s%s", scheme, host);
	while (base.len > 0 && base.data[base.len - 1] == '/')
		base.data[--base.len] = '\0';
	*p = (struct endpoint){ buf_steal(&base), mirror, false };
	if (!p->base)
		return err_nomem(e);
	c->endpoint_count++;
	return 0;
}

static int add_mirrors(struct call *c, struct err *e)
{
	const struct registry_policy *p = c->r->policy;

	for (size_t i = 0; i < p->mirror_count; i++) {
		struct http_origin o;

		if (strcmp(p->mirrors[i].registry, c->registry) != 0)
			continue;
		if (http_origin(p->mirrors[i].url, &o, e) == -1)
			return err_context(e, "mirror of %s", c->registry);
		if (strcmp(o.scheme, "http") == 0 && !p->plain_http && !http_is_loopback(o.host))
			return err_set(e, ERR_USAGE, "mirror %s: plain http needs --plain-http", p->mirrors[i].url);
		if (add_endpoint(c, "", p->mirrors[i].url, true, e) == -1)
			return -1;
	}
	return 0;
}

/*
 * By https; on loopback by http first, which harms nobody there, unless authorities were named to trust. A request that
 * began as https is never sent as http.
 */
int call_add_endpoints(struct call *c, struct err *e)
{
	const char *host = strcmp(c->registry, "docker.io") == 0 ? "registry-1.docker.io" : c->registry;
	const struct registry_policy *p = c->r->policy;
	bool local = http_is_loopback(host) && !p->http.cacert && !speaks_tls(c->r, host);

	if (add_mirrors(c, e) == -1 || add_endpoint(c, p->plain_http || local ? "http://" : "https://", host, false, e) == -1)
		return -1;
	c->endpoints[c->endpoint_count - 1].may_want_tls = local && !p->plain_http;
	return 0;
}

const char *call_host(const struct call *c)
{
	const char *slashes = strstr(c->endpoints[c->endpoint].base, "//");

	return slashes ? slashes + 2 : c->registry;
}

bool call_asks_origin(const struct call *c)
{
	struct http_origin asked, own;
	struct err ignored = ERR_INIT;

	return http_origin(buf_text(&c->url), &asked, &ignored) == 0 &&
	       http_origin(c->endpoints[c->endpoint].base, &own, &ignored) == 0 && http_same_origin(&asked, &own);
}
