/*
 * registry_call - one request of registry.h on its way, through challenges, redirects, retries and endpoints. Private to
 * registry*.c.
 */
#ifndef CR_REGISTRY_CALL_H
#define CR_REGISTRY_CALL_H

#include "registry.h"
#include "token.h"

/* What is known of an origin (and path) that has been asked, for all calls. */
struct place {
	struct place *next;
	char *base;	   /* "https://registry-1.docker.io" */
	bool answered;	   /* it has, in this process: a refused connection is a fault that may pass */
	bool out_of_reach; /* it has not, and could not be reached */
	bool may_want_tls; /* loopback, asked by plain http: by https, if it says so */
	struct place *tls; /* what it is asked as since it said so */
};

/* A place to ask: the registry, or a mirror of it. */
struct endpoint {
	struct place *place;
	bool mirror;
};

#define ENDPOINTS_MAX 16
#define WARNINGS_MAX 16 /* of a server that are shown */

enum call_kind {
	CALL_HEAD,     /* what a reference names */
	CALL_MANIFEST, /* its bytes */
	CALL_BLOB,
	CALL_LOGIN, /* /v2/ itself, with credentials */
};

struct call {
	struct registry *r;
	struct call *next;
	enum call_kind kind;
	char *registry, *repository, *path;    /* path: "manifests/latest", "blobs/sha256:…"; repository and path "" for a login */
	struct registry_manifest *manifest;    /* of CALL_HEAD and CALL_MANIFEST: what the headers say goes here; else NULL */
	const struct credentials *credentials; /* of CALL_LOGIN, else NULL: the files' */
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t endpoint_count, endpoint;
	struct registry_sink *sink;
	int64_t size;	       /* of a blob; -1: not known */
	bool accept_manifests; /* the answer is to be a manifest or an index */

	struct http_transfer *transfer;
	struct buf url;		  /* being asked */
	struct buf authorization; /* for the endpoint's origin, or empty */
	struct buf error_text;
	bool error_cut;	  /* more of it would have come */
	int64_t best;	  /* the farthest the sink has been at a failure */
	int tries;	  /* failures of this endpoint without progress */
	int redirects;
	int restarts;	  /* from the beginning, of this endpoint */
	int challenges;	  /* answered, since this endpoint has last given what was asked for */
	int64_t asked;	  /* milliseconds that the token server wants to be left alone; -1 */
	bool probing;	  /* the request on its way is GET /v2/, for a challenge that the 401 did not have */
	bool probed;
	bool sink_failed; /* our side could not take the bytes: a full disk is no matter of trying again */
	bool overflow;	  /* more bytes came than there can be */
	bool started;	  /* the sink has been told where the answer's bytes begin */
	bool resumed;	  /* that was not at the blob's beginning */
	bool waiting;
	int64_t not_before; /* milliseconds of io_clock: waits to be tried again */
	struct err guess;    /* why https is tried: what http brought; ERR_NONE once it answers */
	struct err wrong;    /* of the last place that sent what is no blob of this name */
	struct err err;
};

struct grant; /* an Authorization for a repository of an origin */

struct registry {
	const struct registry_policy *policy;
	struct http *http;
	struct grant *grants;
	struct call *calls, *done; /* lists */
	struct place *places;
	struct buf rate; /* the rate limit told last */
	char *warned[WARNINGS_MAX]; /* told so far */
	size_t warned_count;
};

/* --- registry.c --- */

/* A call that has not begun; its sink is to be set. NULL on failure. */
struct call *registry_call(struct registry *r, enum call_kind kind, const char *registry, const char *repository,
			   const char *path, struct err *e);

/* Has it done from beginning to end, and frees it. */
int registry_perform(struct call *c, struct err *e);

/* --- registry_endpoint.c --- */

/* Fills c->endpoints: the mirrors of c->registry (not for a login; those out of reach are left out), then itself. */
int call_add_endpoints(struct call *c, struct err *e);

void registry_free_places(struct registry *r);

/*
 * The loopback endpoint at hand speaks TLS, it seems: it is asked by https from now on. `why`: only a guess, should that
 * fail too; or NULL.
 */
int call_change_to_tls(struct call *c, const struct err *why, struct err *e);

/* The host (and port) of the endpoint at hand. */
const char *call_host(const struct call *c);

/* Whether c->url is of the endpoint's own origin: only there does a credential go. */
bool call_asks_origin(const struct call *c);

/*
 * Appends who answers, where the image's name does not say it, with ": " behind it: a mirror, or a host that was
 * redirected to.
 */
void call_who_answers(const struct call *c, struct buf *out);

/* --- registry_send.c --- */

/* Asks the endpoint at hand from the beginning. */
int call_send_first(struct call *c, struct err *e);

/* Asks c->url. */
int call_send(struct call *c, struct err *e);

/* Ends the transfer at hand. */
void call_drop(struct call *c);

/* --- registry_grant.c --- */

/* Takes over into c->authorization what served another call of this repository, if anything did. */
int call_use_grant(struct call *c, struct err *e);

/* The endpoint has taken c->authorization: it gave what was asked for. */
void call_granted(struct call *c);

/*
 * After a 401: finds another c->authorization for the answer's challenge. 1 when there is one to try, 0 when not, -1
 * with the error set, and *fault telling of the token server.
 */
int call_authorize(struct call *c, struct token_fault *fault, struct err *e);

void registry_free_grants(struct registry *r);

/* --- registry_retry.c --- */

/* Milliseconds that the answer, or the token server, asks us to wait; -1 where nobody does. */
int64_t call_asked_to_wait(const struct call *c);

/*
 * The endpoint at hand has failed: it is asked once more, if its fault may pass, or the next one is. 0, or -1 with *why
 * in *e when there is no other way.
 */
int call_try_on(struct call *c, const struct err *why, enum http_fault fault, long status, struct err *e);

/* --- registry_notice.c --- */

/* Marks that the endpoint has answered, and tells of it, and of the answer's warnings and rate limits. */
void call_notices(struct call *c);

/* Tells a detail. */
void call_tell(const struct call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- registry_answer.c --- */

/* An answer is there. 1 when the call is over, 0 when it goes on, -1 when it has failed. */
int call_proceed(struct call *c, struct err *e);

#endif
