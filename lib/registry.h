/*
 * registry - the distribution API (distribution-spec): manifests and blobs of repositories, with tokens, mirrors,
 * redirects, resuming and retries. It knows no store: what arrives goes to the caller's sink.
 *
 *	struct registry *r = registry_new(&policy, e);
 *	registry_resolve(r, "docker.io", "library/busybox", "latest", &m, e);	what is it, by HEAD?
 *	registry_manifest(r, "docker.io", "library/busybox", "latest", NULL, &m, e);
 *
 *	registry_fetch(r, "docker.io", "library/busybox", &blob, &sink, e) …	several at once
 *	while (registry_run(r, fd, timeout, &readable, e) == 0)
 *		while ((sink = registry_done(r, &why)))
 *			…
 *	registry_free(r);
 *
 * Promise 5: a secret goes only to the host it belongs to: never across a redirect to another origin, never to a mirror.
 */
#ifndef CR_REGISTRY_H
#define CR_REGISTRY_H

#include "auth.h"
#include "buf.h"
#include "digest.h"
#include "err.h"
#include "http.h"

#include <stdbool.h>
#include <stdint.h>

#define REGISTRY_MANIFEST_MAX (4u << 20) /* bytes */
#define REGISTRY_REDIRECTS_MAX 5
#define REGISTRY_RETRIES 3	 /* more tries of one place, while its fault may pass */
#define REGISTRY_RETRIES_MAX 100
#define REGISTRY_WAIT_MAX 30	 /* seconds a Retry-After may ask for; who asks for more is not asked again */
#define REGISTRY_PROGRESS (1 << 20) /* bytes between two failures that make the second the first again */

/* Where images of `registry` may also be had; tried in order, before the registry itself. */
struct registry_mirror {
	const char *registry; /* "docker.io" */
	const char *url;      /* "https://mirror.example", "http://127.0.0.1:5000" */
};

/* All borrowed until registry_free. */
struct registry_policy {
	struct http_policy http;
	bool plain_http;		       /* any registry may be asked by http */
	const char *const *auth_files;	       /* for auth_find; NULL-terminated */
	const struct registry_mirror *mirrors; /* mirror_count of them */
	size_t mirror_count;
	int retries; /* 0: a place that fails is not asked again */

	/*
	 * Told what people may want to know, a line without a line break; may be NULL. `detail`: retries, rate limits;
	 * otherwise what a registry wants to be shown (Warning: 299), each once.
	 */
	void (*notice)(void *ctx, bool detail, const char *text);
	void *notice_ctx;
};

struct registry;

struct registry *registry_new(const struct registry_policy *policy, struct err *e); /* NULL on failure */
void registry_free(struct registry *r);

/* A manifest or an index, as a registry gives it. */
struct registry_manifest {
	struct buf body;
	struct buf media_type; /* without parameters; "" when the server gave none */
	struct digest digest;  /* what the body hashes to */
	bool has_hint;	       /* the server named a digest (Docker-Content-Digest) */
	struct digest hint;
};

#define REGISTRY_MANIFEST_INIT { BUF_INIT, BUF_INIT, { { 0 } }, false, { { 0 } } }
void registry_manifest_clear(struct registry_manifest *m);
#define cleanup_registry_manifest __attribute__((cleanup(registry_manifest_clear)))

/*
 * Reads the manifest or index that a tag names into an empty *out, or that a digest names, where tag is NULL. A place
 * whose bytes are not those of the digest, or of the one it names itself, is passed over as a mirror that fails.
 * ERR_NOT_FOUND, ERR_DENIED, ERR_CONTENT (too long, wrong), ERR_IO.
 */
int registry_manifest(struct registry *r, const char *registry, const char *repository, const char *tag,
		      const struct digest *digest, struct registry_manifest *out, struct err *e);

/*
 * Asks what digest a tag has, by HEAD, which does not count against pull limits. The body stays empty. Where no place
 * tells (it knows no HEAD, or names no digest, or refuses), has_hint is false, and it is for registry_manifest to find
 * out why.
 */
int registry_resolve(struct registry *r, const char *registry, const char *repository, const char *tag,
		     struct registry_manifest *out, struct err *e);

/*
 * Whether the registry takes these credentials: what its GET /v2/ wants is done with them. 0 also where it wants none.
 * ERR_DENIED when they are refused.
 */
int registry_login(struct registry *r, const char *registry, const struct credentials *who, struct err *e);

/* Where a blob's bytes go. */
struct registry_sink {
	/* Bytes there already: where to go on. */
	int64_t (*offset)(struct registry_sink *self);
	/* Forget them: the server sends the blob from its beginning. */
	int (*restart)(struct registry_sink *self, struct err *e);
	int (*data)(struct registry_sink *self, const void *data, size_t n, struct err *e);
	/*
	 * All bytes have been given. ERR_CONTENT: they are wrong, and forgotten (the offset is 0); another place may
	 * have better ones. May be NULL.
	 */
	int (*finish)(struct registry_sink *self, struct err *e);
};

struct registry_blob {
	struct digest digest;
	int64_t size;	  /* bytes; -1: not known */
	bool is_manifest; /* kept among the manifests: an index, or a manifest */
};

/* Begins to fetch a blob. The sink is borrowed until registry_done returns it. */
int registry_fetch(struct registry *r, const char *registry, const char *repository, const struct registry_blob *blob,
		   struct registry_sink *sink, struct err *e);

/* Works until a blob is done, `fd` (-1: none) can be read (*readable), or timeout_ms have passed (-1: none). */
int registry_run(struct registry *r, int fd, int timeout_ms, bool *readable, struct err *e);

/*
 * The sink of a blob that is done, or NULL. why->kind is ERR_NONE when all its bytes have been given to the sink, and it
 * has finished well; otherwise what went wrong at the last place that was asked.
 */
struct registry_sink *registry_done(struct registry *r, struct err *why);

/* Gives up one blob, whatever has become of it: its sink, or NULL when there is none left. */
struct registry_sink *registry_cancel(struct registry *r);

#endif
