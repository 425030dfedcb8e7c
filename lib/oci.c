#include "oci.h"

#include "buf.h"
#include "io.h"
#include "oci_read.h"

#include <stdlib.h>
#include <string.h>

#define DOCKER_MANIFEST_1 "application/vnd.docker.distribution.manifest.v1"
#define MEDIA_TYPE_MAX 255 /* RFC 6838: 127 characters on each side of the slash */

static const char *const layer_types[] = {
	OCI_LAYER,
	OCI_LAYER "+gzip",
	OCI_LAYER "+zstd",
	"application/vnd.oci.image.layer.nondistributable.v1.tar",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
	"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
	"application/vnd.docker.image.rootfs.diff.tar",
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.diff.tar.zstd", /* in no specification, but in use */
	"application/vnd.docker.image.rootfs.foreign.diff.tar",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	"application/vnd.docker.image.rootfs.foreign.diff.tar.zstd",
};

/* What Docker once called a config (distribution issue 1621); old images have it to this day. */
static const char *const old_config_types[] = { "application/octet-stream", "application/json", "text/html" };

/* The length without parameters: "application/json; charset=utf-8" */
static size_t type_length(const char *media_type)
{
	size_t n = strcspn(media_type, ";");

	while (n > 0 && (media_type[n - 1] == ' ' || media_type[n - 1] == '\t'))
		n--;
	return n;
}

static bool same_type(const char *a, const char *b)
{
	size_t n = type_length(a);

	return n == type_length(b) && memcmp(a, b, n) == 0;
}

static bool listed(const char *media_type, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_type(media_type, list[i]))
			return true;
	return false;
}

enum oci_kind oci_kind(const char *media_type)
{
	if (same_type(media_type, OCI_INDEX) || same_type(media_type, DOCKER_INDEX))
		return OCI_KIND_INDEX;
	if (same_type(media_type, OCI_MANIFEST) || same_type(media_type, DOCKER_MANIFEST))
		return OCI_KIND_MANIFEST;
	if (same_type(media_type, OCI_CONFIG) || same_type(media_type, DOCKER_CONFIG))
		return OCI_KIND_CONFIG;
	if (listed(media_type, layer_types, sizeof layer_types / sizeof *layer_types))
		return OCI_KIND_LAYER;
	return OCI_KIND_OTHER;
}

void descriptor_clear(struct descriptor *d)
{
	free(d->media_type);
	free(d->ref_name);
	*d = (struct descriptor){ 0 };
}

int descriptor_copy(struct descriptor *to, const struct descriptor *from, struct err *e)
{
	struct descriptor copy = *from;

	copy.media_type = from->media_type ? strdup(from->media_type) : NULL;
	copy.ref_name = from->ref_name ? strdup(from->ref_name) : NULL;
	if ((from->media_type && !copy.media_type) || (from->ref_name && !copy.ref_name)) {
		descriptor_clear(&copy);
		return err_nomem(e);
	}
	*to = copy;
	return 0;
}

/* It goes into records, whose fields hold no blanks. */
static int read_media_type(struct json_value v, char **out, struct err *e)
{
	cleanup_free char *text = NULL;

	if (oci_read_text(v, "mediaType", &text, e) == -1)
		return -1;
	if (!text)
		return err_set(e, ERR_CONTENT, "mediaType: missing");
	if (strlen(text) > MEDIA_TYPE_MAX)
		return err_set(e, ERR_CONTENT, "mediaType: too long");
	for (const char *s = text; *s; s++)
		if (*s <= ' ' || *s > '~')
			return err_set(e, ERR_CONTENT, "mediaType: '%s' is no media type", text);
	*out = steal_ptr(&text);
	return 0;
}

/* Nothing else of a descriptor is used: not its urls (nothing is fetched from there), not its embedded data. */
int descriptor_parse(struct descriptor *d, struct json_value v, struct err *e)
{
	cleanup_descriptor struct descriptor parsed = { 0 };

	if (json_type(v) != JSON_OBJECT)
		return err_set(e, ERR_CONTENT, json_exists(v) ? "no descriptor" : "missing");
	if (read_media_type(v, &parsed.media_type, e) == -1 || oci_read_digest(v, "digest", &parsed.digest, e) == -1)
		return -1;
	if (json_int64(json_member(v, "size"), &parsed.size, e) == -1)
		return err_context(e, "size");
	if (parsed.size < 0)
		return err_set(e, ERR_CONTENT, "size: below zero");
	if (oci_read_platform(json_member(v, "platform"), &parsed.platform, &parsed.has_platform, e) == -1)
		return err_context(e, "platform");
	if (oci_read_text(json_member(v, "annotations"), OCI_REF_NAME, &parsed.ref_name, e) == -1)
		return err_context(e, "annotations");
	*d = parsed;
	parsed = (struct descriptor){ 0 };
	return 0;
}

char *oci_own_media_type(const char *text, size_t len, struct err *e)
{
	cleanup_json struct json *doc = json_parse(text, len, e);
	struct json_value type;
	char *guess;

	if (!doc)
		return NULL;
	type = json_member(json_root(doc), "mediaType");
	if (json_exists(type))
		return json_string(type, e);
	guess = strdup(json_exists(json_member(json_root(doc), "manifests")) ? OCI_INDEX : OCI_MANIFEST);
	if (!guess)
		err_nomem(e);
	return guess;
}

void descriptor_put_members(struct json_writer *w, const struct descriptor *d)
{
	json_put_string(w, "mediaType", d->media_type);
	json_put_string(w, "digest", digest_str(&d->digest).text);
	json_put_int64(w, "size", d->size);
	if (!d->has_platform)
		return;
	json_begin_object(w, "platform");
	json_put_string(w, "architecture", d->platform.arch);
	json_put_string(w, "os", d->platform.os);
	if (*d->platform.variant)
		json_put_string(w, "variant", d->platform.variant);
	json_end(w);
}

void descriptor_put(struct json_writer *w, const char *key, const struct descriptor *d)
{
	json_begin_object(w, key);
	descriptor_put_members(w, d);
	if (d->ref_name) {
		json_begin_object(w, "annotations");
		json_put_string(w, OCI_REF_NAME, d->ref_name);
		json_end(w);
	}
	json_end(w);
}

static int refuse_old_schema(struct json_value root, const char *media_type, struct err *e)
{
	int64_t version = 0;

	if (media_type && strncmp(media_type, DOCKER_MANIFEST_1, strlen(DOCKER_MANIFEST_1)) == 0)
		version = 1;
	else if (json_int64(json_member(root, "schemaVersion"), &version, e) == -1)
		return err_context(e, "schemaVersion");
	if (version == 1)
		return err_set(e, ERR_CONTENT, "Docker's manifest schema 1, which is out of use: push the image again");
	if (version != 2)
		return err_set(e, ERR_CONTENT, "schemaVersion %lld is unknown", (long long)version);
	return 0;
}

static int want_kind(const char *media_type, enum oci_kind kind, struct err *e)
{
	if (oci_kind(media_type) == kind)
		return 0;
	return err_set(e, ERR_CONTENT, "'%.100s' is not the type of %s", media_type,
		       kind == OCI_KIND_INDEX ? "an index" : "a manifest");
}

/*
 * A document must be of one kind only, whoever reads it (CVE-2021-41190): what it calls itself, what the transport
 * calls it, and what it holds have to agree. *own becomes its own media type, or NULL.
 */
static int check_document(struct json_value root, const char *media_type, enum oci_kind kind, char **own, struct err *e)
{
	bool holds_index = oci_has(root, "manifests");
	bool holds_manifest = oci_has(root, "layers") || oci_has(root, "config") || oci_has(root, "fsLayers");
	cleanup_free char *type = NULL;

	if (json_type(root) != JSON_OBJECT)
		return err_set(e, ERR_CONTENT, "not an object");
	if (refuse_old_schema(root, media_type, e) == -1 || oci_read_text(root, "mediaType", &type, e) == -1)
		return -1;
	if (holds_index && holds_manifest)
		return err_set(e, ERR_CONTENT, "manifest and index in one document");
	if (type && media_type && (strlen(type) != type_length(type) || !same_type(type, media_type)))
		return err_set(e, ERR_CONTENT, "calls itself '%.100s', but was called '%.100s'", type, media_type);
	if ((media_type && want_kind(media_type, kind, e) == -1) || (type && want_kind(type, kind, e) == -1))
		return -1;
	*own = steal_ptr(&type);
	return 0;
}

static int read_descriptors(struct json_value root, const char *key, struct descriptor **out, size_t *count,
			    struct err *e)
{
	struct json_value array = json_member(root, key);
	size_t n = json_count(array);

	if (json_type(array) != JSON_ARRAY)
		return err_set(e, ERR_CONTENT, json_exists(array) ? "%s: not an array" : "%s: missing", key);
	if (n > OCI_ENTRIES_MAX)
		return err_set(e, ERR_CONTENT, "%s: %zu entries, more than %d", key, n, OCI_ENTRIES_MAX);
	*out = calloc(n ? n : 1, sizeof **out);
	if (!*out)
		return err_nomem(e);
	for (struct json_value v = json_first(array); json_exists(v); v = json_next(v)) {
		if (descriptor_parse(&(*out)[*count], v, e) == -1)
			return err_context(e, "%s[%zu]", key, *count);
		(*count)++;
	}
	return 0;
}

static void free_descriptors(struct descriptor *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		descriptor_clear(&list[i]);
	free(list);
}

void oci_index_clear(struct oci_index *x)
{
	free(x->media_type);
	free_descriptors(x->manifests, x->count);
	*x = (struct oci_index){ 0 };
}

int oci_index_parse(struct oci_index *x, const char *text, size_t len, const char *media_type, struct err *e)
{
	cleanup_json struct json *doc = json_parse(text, len, e);
	cleanup_oci_index struct oci_index parsed = { 0 };
	struct json_value root = json_root(doc);

	if (!doc || check_document(root, media_type, OCI_KIND_INDEX, &parsed.media_type, e) == -1 ||
	    read_descriptors(root, "manifests", &parsed.manifests, &parsed.count, e) == -1)
		return -1;
	*x = parsed;
	parsed = (struct oci_index){ 0 };
	return 0;
}

/* An entry that may be an image. Attestations stand among them, as images for a platform that nobody knows. */
static bool is_image(const struct descriptor *d)
{
	enum oci_kind kind = oci_kind(d->media_type);

	if (kind != OCI_KIND_MANIFEST && kind != OCI_KIND_INDEX)
		return false;
	return !d->has_platform || (strcmp(d->platform.os, "unknown") != 0 && strcmp(d->platform.arch, "unknown") != 0);
}

static int no_match(const struct oci_index *x, const struct platform *want, struct err *e)
{
	cleanup_buf struct buf list = BUF_INIT;
	char text[PLATFORM_TEXT];

	for (size_t i = 0; i < x->count && list.len < ERR_TEXT_MAX; i++) {
		if (!x->manifests[i].has_platform || !is_image(&x->manifests[i]))
			continue;
		platform_format(&x->manifests[i].platform, text);
		buf_addf(&list, "%s%s", list.len ? ", " : "", text);
	}
	platform_format(want, text);
	return err_set(e, ERR_NOT_FOUND, "no image for %s; there is %s", text, list.len ? buf_text(&list) : "none at all");
}

const struct descriptor *oci_index_choose(const struct oci_index *x, const struct platform *want, struct err *e)
{
	const struct descriptor *best = NULL, *unnamed = NULL;
	bool named = false;
	int best_match = 0;

	for (size_t i = 0; i < x->count; i++) {
		const struct descriptor *d = &x->manifests[i];
		int match;

		if (!is_image(d))
			continue;
		if (!d->has_platform) {
			unnamed = unnamed ? unnamed : d;
			continue;
		}
		named = true;
		match = platform_match(want, &d->platform);
		if (match > best_match) {
			best = d;
			best_match = match;
		}
	}
	/* What names no platform may be anything; it serves where nothing does. */
	if (!best && !named)
		best = unnamed;
	if (!best)
		no_match(x, want, e);
	return best;
}

void oci_manifest_clear(struct oci_manifest *m)
{
	free(m->media_type);
	descriptor_clear(&m->config);
	free_descriptors(m->layers, m->count);
	*m = (struct oci_manifest){ 0 };
}

static int check_config_type(struct oci_manifest *m, struct json_value root, struct err *e)
{
	bool docker = m->media_type && same_type(m->media_type, DOCKER_MANIFEST);
	cleanup_free char *artifact = NULL;

	if (oci_kind(m->config.media_type) == OCI_KIND_CONFIG)
		return 0;
	if (docker && listed(m->config.media_type, old_config_types, sizeof old_config_types / sizeof *old_config_types)) {
		free(m->config.media_type);
		m->config.media_type = strdup(DOCKER_CONFIG);
		return m->config.media_type ? 0 : err_nomem(e);
	}
	if (oci_read_text(root, "artifactType", &artifact, e) == -1)
		return -1;
	return err_set(e, ERR_CONTENT, "no container image, but an artifact of type '%.200s'",
		       artifact ? artifact : m->config.media_type);
}

static int check_layers(const struct oci_manifest *m, struct err *e)
{
	for (size_t i = 0; i < m->count; i++) {
		if (oci_kind(m->layers[i].media_type) != OCI_KIND_LAYER)
			return err_set(e, ERR_CONTENT, "layers[%zu]: '%.200s' is not the type of a layer", i,
				       m->layers[i].media_type);
		if (digest_equal(&m->layers[i].digest, &m->config.digest))
			return err_set(e, ERR_CONTENT, "layers[%zu]: is the config as well", i);
	}
	return 0;
}

int oci_manifest_parse(struct oci_manifest *m, const char *text, size_t len, const char *media_type, struct err *e)
{
	cleanup_json struct json *doc = json_parse(text, len, e);
	cleanup_oci_manifest struct oci_manifest parsed = { 0 };
	struct json_value root = json_root(doc);

	if (!doc || check_document(root, media_type, OCI_KIND_MANIFEST, &parsed.media_type, e) == -1)
		return -1;
	if (descriptor_parse(&parsed.config, json_member(root, "config"), e) == -1)
		return err_context(e, "config");
	if (check_config_type(&parsed, root, e) == -1 ||
	    read_descriptors(root, "layers", &parsed.layers, &parsed.count, e) == -1 || check_layers(&parsed, e) == -1)
		return -1;
	*m = parsed;
	parsed = (struct oci_manifest){ 0 };
	return 0;
}
