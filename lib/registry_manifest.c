/* What is asked for and waited for: manifests, what a tag names, and whether credentials serve. */
#include "registry_call.h"

#include "hash.h"
#include "io.h"

#include <string.h>

struct manifest_sink {
	struct registry_sink sink;
	struct registry_manifest *out;
	const struct digest *wanted; /* or NULL */
};

static int64_t offset(struct registry_sink *self)
{
	(void)self;
	return 0; /* never in parts */
}

static int restart(struct registry_sink *self, struct err *e)
{
	(void)e;
	buf_reset(&((struct manifest_sink *)self)->out->body);
	return 0;
}

static int data(struct registry_sink *self, const void *bytes, size_t n, struct err *e)
{
	struct buf *body = &((struct manifest_sink *)self)->out->body;

	if (body->len + n > REGISTRY_MANIFEST_MAX)
		return err_set(e, ERR_CONTENT, "the manifest is longer than %u bytes", REGISTRY_MANIFEST_MAX);
	buf_add(body, bytes, n);
	return buf_check(body, e);
}

/* The headers have been read by now. */
static int finish(struct registry_sink *self, struct err *e)
{
	const struct manifest_sink *s = (struct manifest_sink *)self;
	struct registry_manifest *m = s->out;

	if (*(buf_text(&m->body) + strspn(buf_text(&m->body), " \t\r\n")) != '{') /* a page for people, say, with status 200 */
		return err_set(e, ERR_CONTENT, "what comes is no manifest: no JSON object");
	if (hash_bytes(buf_text(&m->body), m->body.len, &m->digest, e) == -1)
		return -1;
	if (s->wanted && !digest_equal(&m->digest, s->wanted))
		return err_set(e, ERR_CONTENT, "%s: the registry sent %s instead", digest_str(s->wanted).text,
			       digest_str(&m->digest).text);
	if (m->has_hint && !digest_equal(&m->digest, &m->hint))
		return err_set(e, ERR_CONTENT, "the registry calls it %s, but its bytes are %s", digest_str(&m->hint).text,
			       digest_str(&m->digest).text);
	return 0;
}

static int ask(struct registry *r, enum call_kind kind, const char *registry, const char *repository, const char *tag,
	       const struct digest *wanted, struct registry_manifest *out, struct err *e)
{
	struct manifest_sink s = { { offset, restart, data, kind == CALL_MANIFEST ? finish : NULL }, out, wanted };
	cleanup_buf struct buf path = BUF_INIT;
	struct call *c;

	buf_addf(&path, "manifests/%s", tag ? tag : digest_str(wanted).text);
	if (buf_check(&path, e) == -1 || !(c = registry_call(r, kind, registry, repository, buf_text(&path), e)))
		return -1;
	c->manifest = out;
	c->accept_manifests = true;
	c->sink = &s.sink;
	return registry_perform(c, e);
}

int registry_manifest(struct registry *r, const char *registry, const char *repository, const char *tag,
		      const struct digest *digest, struct registry_manifest *out, struct err *e)
{
	return ask(r, CALL_MANIFEST, registry, repository, tag, digest, out, e);
}

int registry_resolve(struct registry *r, const char *registry, const char *repository, const char *tag,
		     struct registry_manifest *out, struct err *e)
{
	return ask(r, CALL_HEAD, registry, repository, tag, NULL, out, e);
}

int registry_login(struct registry *r, const char *registry, const struct credentials *who, struct err *e)
{
	cleanup_registry_manifest struct registry_manifest ignored = REGISTRY_MANIFEST_INIT;
	struct manifest_sink s = { { offset, restart, data, NULL }, &ignored, NULL };
	struct call *c = registry_call(r, CALL_LOGIN, registry, "", "", e);

	if (!c)
		return -1;
	c->credentials = who;
	c->sink = &s.sink;
	return registry_perform(c, e);
}
