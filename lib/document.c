#include "document.h"

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

/* Asks for what the tag names, or where that is NULL the digest. */
static int get(const struct document_source *from, const char *tag, const struct digest *digest, struct document *doc,
	       struct err *e)
{
	cleanup_registry_manifest struct registry_manifest m = REGISTRY_MANIFEST_INIT;

	if (registry_manifest(from->registry, from->ref->registry, from->ref->repository, tag, digest, &m, e) == -1)
		return -1;
	doc->descriptor.digest = m.digest;
	doc->descriptor.size = (int64_t)m.body.len;
	buf_add(&doc->text, buf_text(&m.body), m.body.len);
	if (buf_check(&doc->text, e) == -1 || set_media_type(doc, buf_text(&m.media_type), e) == -1)
		return -1;
	return from->keep ? check_document(doc, e) : 0;
}

/* --- by digest --- */

static int read_from_store(const struct document_source *from, const struct digest *digest, const char *told,
			   struct document *doc, struct err *e)
{
	struct descriptor *d = &doc->descriptor;

	if (store_read_blob(from->store, digest, -1, OCI_MANIFEST_MAX, &doc->text, e) == -1)
		return -1;
	d->digest = *digest;
	d->size = (int64_t)doc->text.len;
	return set_media_type(doc, told, e);
}

static int get_and_keep(const struct document_source *from, struct ingest *in, const struct digest *digest,
			struct document *doc, struct err *e)
{
	if (get(from, NULL, digest, doc, e) == -1 || ingest_restart(in, e) == -1 ||
	    ingest_write(in, buf_text(&doc->text), doc->text.len, e) == -1)
		return -1;
	return ingest_commit(in, e);
}

/* `told`: what somebody says it is, or "". */
static int of_digest(const struct document_source *from, const struct digest *digest, const char *told,
		     struct document *doc, struct err *e)
{
	struct err inner = ERR_INIT;
	struct ingest *in;
	int status;

	if (store_has_blob(from->store, digest, -1))
		return read_from_store(from, digest, told, doc, e);
	if (!from->registry)
		return err_set(e, ERR_NOT_FOUND, "%s: not in the store, and nobody is to be asked", digest_str(digest).text);
	if (!from->keep)
		return get(from, NULL, digest, doc, e);
	in = ingest_open(from->store, digest, -1, &inner); /* waits while another process is at it */
	if (!in) {
		if (inner.kind == ERR_NONE)
			return read_from_store(from, digest, told, doc, e);
		*e = inner;
		return -1;
	}
	status = get_and_keep(from, in, digest, doc, e);
	ingest_close(in);
	return status;
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

static int get_by_tag(const struct document_source *from, struct document *doc, struct err *e)
{
	if (get(from, from->ref->tag, NULL, doc, e) == -1)
		return -1;
	return from->keep ? store_put_blob(from->store, &doc->descriptor.digest, buf_text(&doc->text), doc->text.len, e) : 0;
}

static int of_tag(const struct document_source *from, struct document *doc, struct err *e)
{
	cleanup_registry_manifest struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	const struct ref *ref = from->ref;
	struct err inner = ERR_INIT;

	if (registry_resolve(from->registry, ref->registry, ref->repository, ref->tag, &m, e) == -1)
		return -1;
	if (!m.has_hint)
		return get_by_tag(from, doc, e);
	if (of_digest(from, &m.hint, buf_text(&m.media_type), doc, &inner) == 0)
		return 0;
	if (inner.kind == ERR_NOT_FOUND) /* it was stale: the tag has moved on, or the one who told does not keep it */
		return get_by_tag(from, doc, e);
	*e = inner;
	return -1;
}

int document_of_ref(const struct document_source *from, struct document *doc, struct err *e)
{
	if (from->ref->has_digest)
		return of_digest(from, &from->ref->digest, "", doc, e);
	return from->registry ? of_tag(from, doc, e) : of_name(from, doc, e);
}
