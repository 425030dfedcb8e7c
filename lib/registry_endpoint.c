#include "registry_call.h"

#include "io.h"

#include <string.h>

/* The place of that base, known or new. NULL with the error set. */
static struct place *place_of(struct registry *r, const char *base, struct err *e)
{
	struct place *p;

	for (p = r->places; p; p = p->next)
		if (strcmp(p->base, base) == 0)
			return p;
	p = calloc(1, sizeof *p);
	if (!p || !(p->base = strdup(base))) {
		free(p);
		err_nomem(e);
		return NULL;
	}
	p->next = r->places;
	r->places = p;
	return p;
}

void registry_free_places(struct registry *r)
{
	while (r->places) {
		struct place *next = r->places->next;

		free(r->places->base);
		free(r->places);
		r->places = next;
	}
}

static int add_endpoint(struct call *c, const char *scheme, const char *host, bool mirror, struct err *e)
{
	cleanup_buf struct buf base = BUF_INIT;
	struct place *p;

	if (c->endpoint_count == ENDPOINTS_MAX)
		return err_set(e, ERR_USAGE, "%s: more than %d mirrors", c->registry, ENDPOINTS_MAX - 1);
	buf_addf(&base, "%s%s", scheme, host);
	while (base.len > 0 && base.data[base.len - 1] == '/')
		base.data[--base.len] = '\0';
	if (buf_check(&base, e) == -1 || !(p = place_of(c->r, buf_text(&base), e)))
		return -1;
	if (mirror && p->out_of_reach)
		return 0;
	c->endpoints[c->endpoint_count++] = (struct endpoint){ p->tls ? p->tls : p, mirror };
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
		if (strpbrk(p->mirrors[i].url, "?#"))
			return err_set(e, ERR_USAGE, "mirror %s: a URL with a query or a fragment", p->mirrors[i].url);
		if (strcmp(o.scheme, "http") == 0 && !p->plain_http && !http_is_loopback(o.host))
			return err_set(e, ERR_USAGE, "mirror %s: plain http needs --plain-http", p->mirrors[i].url);
		if (add_endpoint(c, "", p->mirrors[i].url, true, e) == -1)
			return -1;
	}
	return 0;
}

/* Where the images of a registry's name are. */
static const char *own_host(const char *registry)
{
	return strcmp(registry, "docker.io") == 0 ? "registry-1.docker.io" : registry;
}

static bool has_certs(const struct registry_policy *p, const char *host)
{
	cleanup_buf struct buf url = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct http_origin o;

	buf_addf(&url, "https://%s/", host);
	return http_origin(buf_text(&url), &o, &ignored) == 0 && http_has_certs(&p->http, &o);
}

/*
 * By https; on loopback by http first, which harms nobody there, unless authorities were named to trust. A request that
 * began as https is never sent as http.
 */
int call_add_endpoints(struct call *c, struct err *e)
{
	const char *host = own_host(c->registry);
	const struct registry_policy *p = c->r->policy;
	bool local = http_is_loopback(host) && !p->http.cacert && !has_certs(p, host);

	if ((c->kind != CALL_LOGIN && add_mirrors(c, e) == -1) ||
	    add_endpoint(c, p->plain_http || local ? "http://" : "https://", host, false, e) == -1)
		return -1;
	if (local && !p->plain_http && strncmp(c->endpoints[c->endpoint_count - 1].place->base, "http:", 5) == 0)
		c->endpoints[c->endpoint_count - 1].place->may_want_tls = true;
	return 0;
}

int call_change_to_tls(struct call *c, const struct err *why, struct err *e)
{
	struct place *p = c->endpoints[c->endpoint].place;
	cleanup_buf struct buf base = BUF_INIT;

	buf_addf(&base, "https:%s", p->base + strlen("http:"));
	if (buf_check(&base, e) == -1 || !(p->tls = place_of(c->r, buf_text(&base), e)))
		return -1;
	c->endpoints[c->endpoint].place = p->tls;
	if (why)
		c->guess = *why;
	return call_send_first(c, e);
}

const char *call_host(const struct call *c)
{
	const char *slashes = strstr(c->endpoints[c->endpoint].place->base, "//");

	return slashes ? slashes + 2 : c->registry;
}

bool call_asks_origin(const struct call *c)
{
	struct http_origin asked, own;
	struct err ignored = ERR_INIT;

	return http_origin(buf_text(&c->url), &asked, &ignored) == 0 &&
	       http_origin(c->endpoints[c->endpoint].place->base, &own, &ignored) == 0 &&
	       http_same_origin(&asked, &own);
}

void call_who_answers(const struct call *c, struct buf *out)
{
	struct http_origin o;
	struct err ignored = ERR_INIT;
	bool own = strcmp(call_host(c), own_host(c->registry)) == 0;

	if (call_asks_origin(c) || http_origin(buf_text(&c->url), &o, &ignored) == -1) {
		if (!own || c->kind == CALL_LOGIN)
			buf_addf(out, "%s: ", call_host(c));
		return;
	}
	if (!own)
		buf_addf(out, "%s, ", call_host(c));
	buf_addf(out, "redirected to %s:%s: ", o.host, o.port);
}
