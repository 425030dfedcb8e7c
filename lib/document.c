#include "document.h"

#include "hash.h"
#include "layout.h"

#include <string.h>

void document_clear(struct document *doc)
{
	descriptor_clear(&doc->descriptor);
	buf_clear(&doc->text);
}

/* "application/json" and the like say nothing: then it is what the document calls itself. */
static int set_media_type(struct document *doc, const char *told, struct err *e)
{
	struct descriptor *d = &doc->descriptor;

	if (oci_kind(told) == OCI_KIND_OTHER)
		d->media_type = oci_own_media_type(buf_text(&doc->text), doc->text.len, e);
	else if (!(d->media_type = strdup(told)))
		err_nomem(e);
	return d->media_type ? 0 : -1;
}

/* --- from the registry --- */

static int check_digest(const struct registry_manifest *m, const struct digest *wanted, struct digest *actual,
			struct err *e)
{
	if (hash_bytes(buf_text(&m->body), m->body.len, actual, e) == -1)
		return -1;
	if (wanted && !digest_equal(actual, wanted))
		return err_set(e, ERR_CONTENT, "%s: the registry sent %s instead", digest_str(wanted).text,
			       digest_str(actual).text);
	if (m->has_hint && !digest_equal(actual, &m->hint))
		return err_set(e, ERR_CONTENT, "the registry calls it %s, but its bytes are %s", digest_str(&m->hint).text,
			       digest_str(actual).text);
	return 0;
}

/* Whether the document is one, before it is kept. */
static int check_document(const struct document *doc, struct err *e)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	cleanup_oci_index struct oci_index x = { 0 };
	const char *text = buf_text(&doc->text), *media_type = doc->descriptor.media_type;

	if (oci_kind(media_type) == OCI_KIND_INDEX)
		return oci_index_parse(&x, text, doc->text.len, media_type, e);
	return oci_manifest_parse(&m, text, doc->text.len, media_type, e);
}

/* Asks for what a tag or a digest (`wanted`; else NULL) names. */
static int get(const struct document_source *from, const char *reference, const struct digest *wanted,
	       struct document *doc, struct err *e)
{
	cleanup_registry_manifest struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	struct descriptor *d = &doc->descriptor;

	if (registry_manifest(from->registry, from->ref->registry, from->ref->repository, reference, &m, e) == -1 ||
	    check_digest(&m, wanted, &d->digest, e) == -1)
		return -1;
	d->size = (int64_t)m.body.len;
	buf_add(&doc->text, buf_text(&m.body), m.body.len);
	if (buf_check(&doc->text, e) == -1 || set_media_type(doc, buf_text(&m.media_type), e) == -1)
		return -1;
	if (!from->keep)
		return 0;
	return check_document(doc, e) == -1 ? -1 : store_put_blob(from->store, &d->digest, doc->text.data, doc->text.len, e);
}

/* --- by digest --- */

/* 1, or 0 when the store does not have it. */
static int read_from_store(const struct document_source *from, const struct digest *digest, const char *told,
			   struct document *doc, struct err *e)
{
	struct descriptor *d = &doc->descriptor;

	if (!store_has_blob(from->store, digest, -1))
		return 0;
	if (store_read_blob(from->store, digest, -1, OCI_MANIFEST_MAX, &doc->text, e) == -1)
		return -1;
	d->digest = *digest;
	d->size = (int64_t)doc->text.len;
	return set_media_type(doc, told, e) == -1 ? -1 : 1;
}

/* `told`: what somebody says it is, or "". */
static int of_digest(const struct document_source *from, const struct digest *digest, const char *told,
		     struct document *doc, struct err *e)
{
	char name[sizeof "manifest-.lock" + DIGEST_HEX], hex[DIGEST_HEX];
	int lock, status = read_from_store(from, digest, told, doc, e);

	if (status != 0)
		return status == 1 ? 0 : -1;
	if (!from->registry)
		return err_set(e, ERR_NOT_FOUND, "%s: not in the store, and nobody is to be asked", digest_str(digest).text);
	digest_hex(digest, hex);
	snprintf(name, sizeof name, "manifest-%s.lock", hex);
	if ((lock = store_lock(from->store, name, e)) == -1)
		return -1;
	status = read_from_store(from, digest, told, doc, e); /* another process has got it meanwhile, perhaps */
	if (status == 0)
		status = get(from, digest_str(digest).text, digest, doc, e);
	store_unlock(from->store, name, &lock);
	return status == -1 ? -1 : 0;
}

int document_of_descriptor(const struct document_source *from, const struct descriptor *d, struct document *doc,
			   struct err *e)
{
	if (d->size > OCI_MANIFEST_MAX)
		return err_set(e, ERR_CONTENT, "%s: a manifest of %lld bytes: the limit is %d", digest_str(&d->digest).text,
			       (long long)d->size, OCI_MANIFEST_MAX);
	if (of_digest(from, &d->digest, d->media_type, doc, e) == -1)
		return -1;
	if (doc->descriptor.size != d->size)
		return err_set(e, ERR_CONTENT, "%s: %lld bytes, not %lld", digest_str(&d->digest).text,
			       (long long)doc->descriptor.size, (long long)d->size);
	descriptor_clear(&doc->descriptor);
	return descriptor_copy(&doc->descriptor, d, e); /* which may name the platform */
}

/* --- by reference --- */

/* What the store's own name leads to. */
static int of_name(const struct document_source *from, struct document *doc, struct err *e)
{
	cleanup_layout_name struct layout_name n = { 0 };
	cleanup_buf struct buf name = BUF_INIT;
	struct err inner = ERR_INIT;

	ref_full(from->ref, &name);
	if (buf_check(&name, e) == -1)
		return -1;
	if (layout_find(from->store, buf_text(&name), &n, &inner) == 0)
		return document_of_descriptor(from, &n.descriptor, doc, e);
	if (inner.kind == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "not in the store, and nobody is to be asked");
	*e = inner;
	return -1;
}

static int of_tag(const struct document_source *from, struct document *doc, struct err *e)
{
	cleanup_registry_manifest struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	const struct ref *ref = from->ref;

	if (registry_resolve(from->registry, ref->registry, ref->repository, ref->tag, &m, e) == -1)
		return -1;
	return m.has_hint ? of_digest(from, &m.hint, buf_text(&m.media_type), doc, e) : get(from, ref->tag, NULL, doc, e);
}

int document_of_ref(const struct document_source *from, struct document *doc, struct err *e)
{
	if (from->ref->has_digest)
		return of_digest(from, &from->ref->digest, "", doc, e);
	return from->registry ? of_tag(from, doc, e) : of_name(from, doc, e);
}
