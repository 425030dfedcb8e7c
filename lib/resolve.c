#include "resolve.h"

#include "document.h"
#include "image.h"

#include <string.h>

/* One reference at work. */
struct work {
	struct resolve *r;
	struct document_source from;
	struct buf source; /* of its records */
	FILE *out;
};

/* A manifest: fetches its config, prints the image. depth: 0 where no index has said what it is for. */
static int take_manifest(struct work *w, const struct document *doc, int depth, struct err *e)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	cleanup_image struct image im = IMAGE_INIT;
	struct fetch_source config = { .registry = w->from.ref->registry, .repository = w->from.ref->repository };

	if (oci_manifest_parse(&m, buf_text(&doc->text), doc->text.len, doc->descriptor.media_type, e) == -1)
		return -1;
	if (m.config.size > OCI_CONFIG_MAX)
		return err_set(e, ERR_CONTENT, "a config of %lld bytes: the limit is %d", (long long)m.config.size,
			       OCI_CONFIG_MAX);
	config.blob.digest = m.config.digest;
	config.blob.size = m.config.size;
	if (fetch_one(&w->r->fetch, &config, e) == -1)
		return err_context(e, "config %s", digest_str(&m.config.digest).text);
	if (image_open(&im, w->r->fetch.store, &doc->descriptor, e) == -1)
		return -1;
	if (depth == 0 && w->r->exact && image_check_platform(&im, &w->r->platform, e) == -1)
		return -1;
	return image_print(&im, buf_text(&w->source), w->out, e);
}

static int take(struct work *w, const struct document *doc, int depth, struct err *e);

static int take_entry(struct work *w, const struct descriptor *entry, int depth, struct err *e)
{
	cleanup_document struct document doc = DOCUMENT_INIT;

	return document_of_descriptor(&w->from, entry, &doc, e) == -1 ? -1 : take(w, &doc, depth, e);
}

static bool is_attestation(const struct descriptor *d)
{
	return d->has_platform && strcmp(d->platform.os, "unknown") == 0;
}

static int take_all(struct work *w, const struct document *doc, const struct oci_index *x, int depth, struct err *e)
{
	struct record r;

	if (depth == 0 && (record_set(&r, &doc->descriptor, buf_text(&w->source), e) == -1 ||
			   record_print(w->out, &r, e) == -1))
		return -1;
	for (size_t i = 0; i < x->count; i++)
		if (!is_attestation(&x->manifests[i]) && take_entry(w, &x->manifests[i], depth + 1, e) == -1)
			return -1;
	return 0;
}

static int take_index(struct work *w, const struct document *doc, int depth, struct err *e)
{
	cleanup_oci_index struct oci_index x = { 0 };
	const struct descriptor *chosen;

	if (depth >= OCI_NESTING_MAX)
		return err_set(e, ERR_CONTENT, "indexes nested deeper than %d", OCI_NESTING_MAX);
	if (oci_index_parse(&x, buf_text(&doc->text), doc->text.len, doc->descriptor.media_type, e) == -1)
		return -1;
	if (w->r->all)
		return take_all(w, doc, &x, depth, e);
	chosen = oci_index_choose(&x, &w->r->platform, e);
	return chosen ? take_entry(w, chosen, depth + 1, e) : -1;
}

static int take(struct work *w, const struct document *doc, int depth, struct err *e)
{
	if (oci_kind(doc->descriptor.media_type) == OCI_KIND_INDEX)
		return take_index(w, doc, depth, e);
	return take_manifest(w, doc, depth, e);
}

static int print_raw(const struct document *doc, FILE *out, struct err *e)
{
	if (fwrite(buf_text(&doc->text), 1, doc->text.len, out) == doc->text.len)
		return 0;
	return err_set(e, ERR_IO, "standard output: write failed");
}

int resolve_ref(struct resolve *r, const struct ref *ref, FILE *out, struct err *e)
{
	cleanup_document struct document doc = DOCUMENT_INIT;
	struct work w = { r, { r->fetch.store, r->fetch.registry, ref, !r->raw }, BUF_INIT, out };
	int status;

	ref_source(ref, &w.source);
	status = buf_check(&w.source, e);
	if (status == 0)
		status = document_of_ref(&w.from, &doc, e);
	if (status == 0)
		status = r->raw ? print_raw(&doc, out, e) : take(&w, &doc, 0, e);
	buf_clear(&w.source);
	return status;
}
