/*
 * registry - the distribution API (distribution-spec): manifests and blobs of repositories, with tokens, mirrors, redirects,
 * resuming and retries. It knows no store: what arrives goes to the caller's sink.
 *
 *	struct registry *r = registry_new(&policy, e);
 *	registry_manifest(r, "docker.io", "library/busybox", "latest", &body, &type, e);
 *
 *	registry_fetch(r, "docker.io", "library/busybox", &digest, size, &sink, e) …	several at once
 *	while (registry_run(r, fd, &readable, e) == 0)
 *		while ((sink = registry_done(r, &why)))
 *			…
 *	registry_free(r);
 *
 * Promise 5: a secret goes only to the host it belongs to: never across a redirect to another origin, never to a mirror.
 */
#ifndef CR_REGISTRY_H
#define CR_REGISTRY_H

#include "buf.h"
#include "digest.h"
#include "err.h"
#include "http.h"

#include <stdbool.h>
#include <stdint.h>

#define REGISTRY_MANIFEST_MAX (4u << 20) /* bytes */
#define REGISTRY_REDIRECTS_MAX 5
#define REGISTRY_TRIES_MAX 3	  /* of one endpoint, while its fault may pass */
#define REGISTRY_WAIT_MAX 30	  /* seconds a Retry-After may ask for; who asks for more is not asked again */
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
};

struct registry;

struct registry *registry_new(const struct registry_policy *policy, struct err *e); /* NULL on failure */
void registry_free(struct registry *r);

/*
 * Reads the manifest or index that `reference` (a tag, or "sha256:…") names. Appends its bytes to `body`, and its media type
 * (without parameters, "" when the server gave none) to `media_type`. When the server names a digest (Docker-Content-Digest)
 * *hint is set and has_hint true; it is a hint: the caller compares it with what the bytes hash to.
 * ERR_NOT_FOUND, ERR_DENIED, ERR_CONTENT (too long), ERR_IO.
 */
struct registry_manifest {
	struct buf body;
	struct buf media_type;
	bool has_hint;
	struct digest hint;
};

#define REGISTRY_MANIFEST_INIT { BUF_INIT, BUF_INIT, false, { { 0 } } }
void registry_manifest_clear(struct registry_manifest *m);
#define cleanup_registry_manifest __attribute__((cleanup(registry_manifest_clear)))

int registry_manifest(struct registry *r, const char *registry, const char *repository, const char *reference,
		      struct registry_manifest *out, struct err *e);

/*
 * Whether the registry itself (no mirror) takes a user and a password: asked for /v2/, answering its challenge. 0; ERR_DENIED
 * when it does not, or when its token server is of another site, where they do not go.
 */
struct credentials;
int registry_login(struct registry *r, const char *registry, const struct credentials *who, struct err *e);

/* Where a blob's bytes go. */
struct registry_sink {
	/* Bytes there already: where to go on. */
	int64_t (*offset)(struct registry_sink *self);
	/* Forget them: the server sends the blob from its beginning. */
	int (*restart)(struct registry_sink *self, struct err *e);
	int (*data)(struct registry_sink *self, const void *data, size_t n, struct err *e);
};

/* Begins to fetch a blob of `size` bytes. The sink is borrowed until registry_done returns it. */
int registry_fetch(struct registry *r, const char *registry, const char *repository, const struct digest *d, int64_t size,
		   struct registry_sink *sink, struct err *e);

/* Works until a blob is done, or `fd` (-1: none) can be read: *readable. */
int registry_run(struct registry *r, int fd, bool *readable, struct err *e);

/*
 * The sink of a blob that is done, or NULL. why->kind is ERR_NONE when all its bytes have been given to the sink (nobody has
 * looked at their digest), otherwise what went wrong.
 */
struct registry_sink *registry_done(struct registry *r, struct err *why);

#endif
