#include "image.h"

#include "hash.h"
#include "layout.h"
#include "ref.h"

#include <stdlib.h>
#include <string.h>

void image_clear(struct image *im)
{
	descriptor_clear(&im->descriptor);
	oci_manifest_clear(&im->manifest);
	oci_config_clear(&im->config);
	free(im->chain_ids);
	*im = (struct image)IMAGE_INIT;
}

/* chain(1) = diff(1); chain(n) = sha256("chain(n-1) diff(n)"), the digests spelled out. */
static int chain_ids(struct image *im, struct err *e)
{
	im->chain_ids = calloc(im->config.count ? im->config.count : 1, sizeof *im->chain_ids);
	if (!im->chain_ids)
		return err_nomem(e);
	for (size_t i = 0; i < im->config.count; i++) {
		char text[2 * DIGEST_TEXT];
		int n;

		if (i == 0) {
			im->chain_ids[0] = im->config.diff_ids[0];
			continue;
		}
		n = snprintf(text, sizeof text, "%s %s", digest_str(&im->chain_ids[i - 1]).text,
			     digest_str(&im->config.diff_ids[i]).text);
		if (hash_bytes(text, (size_t)n, &im->chain_ids[i], e) == -1)
			return -1;
	}
	return 0;
}

static int read_parts(struct image *im, const struct store *s, const struct descriptor *d, struct err *e)
{
	cleanup_buf struct buf manifest = BUF_INIT, config = BUF_INIT;

	if (descriptor_copy(&im->descriptor, d, e) == -1 ||
	    store_read_blob(s, &d->digest, d->size, OCI_MANIFEST_MAX, &manifest, e) == -1 ||
	    oci_manifest_parse(&im->manifest, buf_text(&manifest), manifest.len, d->media_type, e) == -1)
		return err_context(e, "manifest");
	if (store_read_blob(s, &im->manifest.config.digest, im->manifest.config.size, OCI_CONFIG_MAX, &config, e) == -1 ||
	    oci_config_parse(&im->config, buf_text(&config), config.len, e) == -1)
		return err_context(e, "config");
	if (im->config.count != im->manifest.count)
		return err_set(e, ERR_CONTENT, "%s: %zu layers, but %zu diff_ids in the config",
			       digest_str(&d->digest).text, im->manifest.count, im->config.count);
	return chain_ids(im, e);
}

int image_open(struct image *im, const struct store *s, const struct descriptor *d, struct err *e)
{
	*im = (struct image)IMAGE_INIT;
	if (read_parts(im, s, d, e) == 0) {
		if (!im->descriptor.has_platform && *im->config.platform.os) {
			im->descriptor.has_platform = true;
			im->descriptor.platform = im->config.platform;
		}
		return 0;
	}
	image_clear(im);
	return -1;
}

/* Follows indexes down to the manifest for `want`. `from` and `to` are different values; *to is filled on success. */
static int choose_manifest(const struct store *s, const struct descriptor *from, const struct platform *want, int depth,
			   struct descriptor *to, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_oci_index struct oci_index index = { 0 };
	const struct descriptor *chosen;

	if (oci_kind(from->media_type) != OCI_KIND_INDEX)
		return descriptor_copy(to, from, e);
	if (depth > OCI_NESTING_MAX)
		return err_set(e, ERR_CONTENT, "indexes nested deeper than %d", OCI_NESTING_MAX);
	if (store_read_blob(s, &from->digest, from->size, OCI_MANIFEST_MAX, &text, e) == -1 ||
	    oci_index_parse(&index, buf_text(&text), text.len, from->media_type, e) == -1 ||
	    !(chosen = oci_index_choose(&index, want, e)))
		return -1;
	return choose_manifest(s, chosen, want, depth + 1, to, e);
}

/* A blob named by its digest alone: what it is stands in its own text. */
static int describe_blob(const struct store *s, const struct digest *digest, struct descriptor *d, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;

	if (store_read_blob(s, digest, -1, OCI_MANIFEST_MAX, &text, e) == -1)
		return -1;
	d->media_type = oci_own_media_type(buf_text(&text), text.len, e);
	if (!d->media_type)
		return err_context(e, "%s: not a manifest", digest_str(digest).text);
	d->digest = *digest;
	d->size = (int64_t)text.len;
	return 0;
}

static int find_by_digest(const struct store *s, const char *what, struct descriptor *d, struct err *e)
{
	struct digest digest;

	return digest_parse(&digest, what, strlen(what), e) == -1 ? -1 : describe_blob(s, &digest, d, e);
}

/* First the name as it stands (another tool may have written it), then what the reference grammar makes of it. */
static int find_by_name(const struct store *s, const char *what, struct descriptor *d, struct buf *name, struct err *e)
{
	cleanup_layout_name struct layout_name n = { 0 };
	cleanup_ref struct ref ref = REF_INIT;
	cleanup_buf struct buf full = BUF_INIT;
	struct err inner = ERR_INIT;

	if (layout_find(s, what, &n, &inner) == 0) {
		if (name)
			buf_adds(name, what);
		return descriptor_copy(d, &n.descriptor, e);
	}
	if (inner.kind != ERR_NOT_FOUND) {
		*e = inner;
		return -1;
	}
	if (ref_parse(&ref, what, e) == -1)
		return -1;
	if (ref.has_digest)
		return describe_blob(s, &ref.digest, d, e);
	ref_full(&ref, &full);
	if (buf_check(&full, e) == -1 || layout_find(s, buf_text(&full), &n, e) == -1)
		return -1;
	if (name)
		buf_adds(name, buf_text(&full));
	return descriptor_copy(d, &n.descriptor, e);
}

int image_check_platform(const struct image *im, const struct platform *want, struct err *e)
{
	char wanted[PLATFORM_TEXT], is[PLATFORM_TEXT];

	if (!*im->config.platform.os || platform_match(want, &im->config.platform))
		return 0;
	platform_format(want, wanted);
	platform_format(&im->config.platform, is);
	return err_set(e, ERR_NOT_FOUND, "no image for %s; it is for %s", wanted, is);
}

int image_find(struct image *im, const struct store *s, const char *what, const struct platform *want, struct buf *name,
	       struct err *e)
{
	cleanup_descriptor struct descriptor found = { 0 }, manifest = { 0 };
	struct platform host;
	int status;

	if (strncmp(what, "sha256:", 7) == 0)
		status = find_by_digest(s, what, &found, e);
	else
		status = find_by_name(s, what, &found, name, e);
	if (status == -1 || (!want && platform_host(&host, e) == -1))
		return -1;
	if (choose_manifest(s, &found, want ? want : &host, 0, &manifest, e) == -1)
		return err_context(e, "%s", what);
	if (image_open(im, s, &manifest, e) == -1)
		return -1;
	/* An index has said what its manifests are for. */
	if (!want || oci_kind(found.media_type) == OCI_KIND_INDEX || image_check_platform(im, want, e) == 0)
		return 0;
	image_clear(im);
	return err_context(e, "%s", what);
}

int64_t image_size(const struct image *im)
{
	int64_t size = im->descriptor.size + im->manifest.config.size;

	for (size_t i = 0; i < im->manifest.count; i++)
		size += im->manifest.layers[i].size;
	return size;
}

int image_record(const struct image *im, size_t i, const char *source, struct record *r, struct err *e)
{
	const struct descriptor *d = i == 0 ? &im->descriptor :
				     i == 1 ? &im->manifest.config :
					      &im->manifest.layers[i - 2];

	return record_set(r, d, source, e);
}

int image_print(const struct image *im, const char *source, FILE *out, struct err *e)
{
	struct record r;

	for (size_t i = 0; i < im->manifest.count + 2; i++)
		if (image_record(im, i, source, &r, e) == -1 || record_print(out, &r, e) == -1)
			return -1;
	return 0;
}

int image_check_layers(const struct image *im, const struct store *s, struct err *e)
{
	for (size_t i = 0; i < im->manifest.count; i++) {
		cleanup_fd int fd =
			store_open_blob(s, &im->manifest.layers[i].digest, im->manifest.layers[i].size, e);
		if (fd == -1)
			return -1;
	}
	return 0;
}
