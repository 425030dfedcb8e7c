/*
 * oci - the image-spec's documents as structs: descriptor, index, manifest, config, platform. Bytes in,
 * structs out; no I/O. Docker's media types are read as their OCI twins; text is kept as it was.
 *
 * Every *_parse fills a zeroed struct, and every filled struct is released by its *_clear; on failure nothing
 * needs releasing. Text fields are owned by the struct. A document that breaks the specification, that is
 * both manifest and index (CVE-2021-41190), or that passes a limit, is ERR_CONTENT.
 */
#ifndef CR_OCI_H
#define CR_OCI_H

#include "digest.h"
#include "err.h"
#include "json.h"

#include <stdbool.h>
#include <stdint.h>

#define OCI_MANIFEST_MAX (4 << 20) /* bytes of a manifest or index */
#define OCI_CONFIG_MAX (4 << 20)
#define OCI_ENTRIES_MAX 4096 /* layers of a manifest, manifests of an index */
#define OCI_NESTING_MAX 4    /* indexes in indexes */

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"

#define OCI_REF_NAME "org.opencontainers.image.ref.name"

enum oci_kind {
	OCI_KIND_OTHER,
	OCI_KIND_INDEX,	   /* image index, or Docker's manifest list */
	OCI_KIND_MANIFEST,
	OCI_KIND_CONFIG,
	OCI_KIND_LAYER,
};

/* What a media type stands for (parameters after ';' ignored). */
enum oci_kind oci_kind(const char *media_type);

/*
 * What a manifest or an index calls itself (mediaType), else what it looks like. malloc'ed; NULL with ERR_CONTENT for what is no
 * JSON, or has a mediaType that is no string.
 */
char *oci_own_media_type(const char *text, size_t len, struct err *e);

struct platform {
	char os[32], arch[32];
	char variant[32]; /* "" for none */
};

/* Reads "os/arch[/variant]" and normalises it (aarch64 is arm64, its v8 is none, …). ERR_USAGE. */
int platform_parse(struct platform *p, const char *text, struct err *e);

/* The platform this machine runs, from uname(2). */
int platform_host(struct platform *p, struct err *e);

/*
 * From three words as a document has them, "" for none; they are normalised. One that is too long, or is not made of
 * letters and digits with "._-" after the first, is ERR_CONTENT.
 */
int platform_set(struct platform *p, const char *os, const char *arch, const char *variant, struct err *e);

/* Writes "linux/arm/v7". */
#define PLATFORM_TEXT 100
void platform_format(const struct platform *p, char out[PLATFORM_TEXT]);

/*
 * How well `have` serves one who wants `want`: 0 not at all, otherwise the larger the better (an exact match is
 * the best; then the fallbacks of containerd: amd64 v3, v2, v1; arm v7, v6, v5; 386 for amd64; arm for arm64).
 */
int platform_match(const struct platform *want, const struct platform *have);

struct descriptor {
	char *media_type; /* owned, never NULL after a parse */
	struct digest digest;
	int64_t size; /* bytes, >= 0 */
	bool has_platform;
	struct platform platform; /* normalised */
	char *ref_name;		  /* annotation OCI_REF_NAME, or NULL */
};

void descriptor_clear(struct descriptor *d);
int descriptor_copy(struct descriptor *to, const struct descriptor *from, struct err *e);

/* From a JSON object that is a descriptor (image-spec descriptor.md). */
int descriptor_parse(struct descriptor *d, struct json_value v, struct err *e);

/* Writes a descriptor as an object: mediaType, digest, size, platform, and the ref.name annotation. */
void descriptor_put(struct json_writer *w, const char *key, const struct descriptor *d);

/* Its members alone, but for annotations, into an object that is begun: for whoever has annotations of their own. */
void descriptor_put_members(struct json_writer *w, const struct descriptor *d);

struct oci_index {
	char *media_type; /* of the document itself, or NULL where it has none */
	struct descriptor *manifests;
	size_t count;
};

/*
 * Parses an index. `media_type` is what the transport or the descriptor called it, or NULL: a document whose
 * own mediaType differs is refused.
 */
int oci_index_parse(struct oci_index *x, const char *text, size_t len, const char *media_type, struct err *e);
void oci_index_clear(struct oci_index *x);

/*
 * The entry for a platform: the best match, the first among equals; unknown/unknown (attestations) never. Where no
 * entry names a platform, the first image.
 * NULL with ERR_NOT_FOUND, the message listing what there is.
 */
const struct descriptor *oci_index_choose(const struct oci_index *x, const struct platform *want, struct err *e);

struct oci_manifest {
	char *media_type; /* or NULL */
	struct descriptor config;
	struct descriptor *layers; /* base first */
	size_t count;
};

/*
 * Parses a manifest; media_type as above. Schema 1 and artifacts whose config is no image config are refused
 * with a message that says what was found. A config that old Docker clients called application/octet-stream (or json, or
 * text/html) has DOCKER_CONFIG in the struct. Whether the layers fit the config's diff_ids is for the caller to see.
 */
int oci_manifest_parse(struct oci_manifest *m, const char *text, size_t len, const char *media_type,
		       struct err *e);
void oci_manifest_clear(struct oci_manifest *m);

/* A NULL-terminated list of strings; NULL where the document has none (or an empty list, or null). */
typedef char **strings;

/* Text that is missing, null or empty is NULL. */
struct oci_config {
	struct platform platform; /* normalised; "" in all of it unless os and architecture are given */
	char *created;	    /* RFC 3339, or NULL */
	char *author;	    /* or NULL */
	char *user;	    /* config.User, or NULL */
	char *working_dir;  /* or NULL */
	char *stop_signal;  /* "SIGQUIT", or NULL */
	strings env;	    /* "NAME=value" */
	strings entrypoint;
	strings cmd;
	strings volumes;       /* keys of config.Volumes */
	strings exposed_ports; /* keys of config.ExposedPorts */
	strings label_names, label_values; /* config.Labels, alike in number */
	struct digest *diff_ids; /* of the uncompressed layers, base first */
	size_t count;
};

int oci_config_parse(struct oci_config *c, const char *text, size_t len, struct err *e);
void oci_config_clear(struct oci_config *c);

void strings_free(strings s);			/* NULL is allowed */
size_t strings_count(const strings s);		/* 0 for NULL */
strings strings_copy(const strings s, struct err *e); /* NULL with the error set on failure; NULL for NULL */

#define cleanup_descriptor __attribute__((cleanup(descriptor_clear)))
#define cleanup_oci_index __attribute__((cleanup(oci_index_clear)))
#define cleanup_oci_manifest __attribute__((cleanup(oci_manifest_clear)))
#define cleanup_oci_config __attribute__((cleanup(oci_config_clear)))

#endif
