/*
 * registry_call - one GET of registry.h on its way, through challenges, redirects, retries and endpoints. Private to registry*.c.
 */
#ifndef CR_REGISTRY_CALL_H
#define CR_REGISTRY_CALL_H

#include "registry.h"
#include "token.h"

#include <time.h>

/* A place to ask: the registry, or a mirror of it. */
struct endpoint {
	char *base; /* "https://registry-1.docker.io" */
	bool mirror;
	bool may_want_tls; /* loopback, asked by plain http: by https, if it says so */
};

#define ENDPOINTS_MAX 16

/* One GET, through challenges, redirects, retries and endpoints. */
struct call {
	struct registry *r;
	struct call *next;
	char *registry, *repository, *path; /* path: "manifests/latest", "blobs/sha256:…" */
	struct registry_manifest *manifest; /* or NULL: a blob */
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t endpoint_count, endpoint;
	struct registry_sink *sink;
	int64_t size; /* of a blob; -1: not known */

	struct http_transfer *transfer;
	struct buf url;		  /* being asked */
	struct buf authorization; /* for the endpoint's origin, or empty */
	struct buf error_text;
	bool error_cut;	     /* more of it would have come */
	int64_t progress;    /* where the sink was at the last failure */
	int tries, redirects, credentials;
	bool sink_failed;  /* our side could not take the bytes: a full disk is no matter of trying again */
	bool started;	   /* the sink has been told where the answer's bytes begin */
	time_t not_before; /* monotonic seconds: waits to be tried again */
	bool waiting;
	struct err err;
};

struct registry {
	const struct registry_policy *policy;
	struct http *http;
	struct token *tokens;
	struct call *calls, *done; /* lists */
	char *speak_tls[ENDPOINTS_MAX]; /* loopback hosts that were found to speak TLS alone */
	size_t tls_count;
};

/* Seconds of a clock that nobody sets. */
time_t registry_now(void);

/* --- registry_endpoint.c --- */

/* Fills c->endpoints: the mirrors of c->registry, then itself. */
int call_add_endpoints(struct call *c, struct err *e);

/* A loopback host that speaks TLS is asked by https from now on. */
void registry_remember_tls(struct registry *r, const char *host);

/* The host (and port) of the endpoint at hand. */
const char *call_host(const struct call *c);

/* Whether c->url is of the endpoint's own origin: only there does a credential go. */
bool call_asks_origin(const struct call *c);

/* --- registry_send.c --- */

/* Asks the endpoint at hand from the beginning. */
int call_send_first(struct call *c, struct err *e);

/* Asks c->url. */
int call_send(struct call *c, struct err *e);

/* Compares what the answer says of its place in the blob with where the sink is. Once an answer. */
int call_begin_body(struct call *c, long status, struct err *e);

/* --- registry_words.c --- */

/*
 * Appends what a registry says of its own accord, " (registry said: …)", or nothing: the first error's code and message, or
 * text that is no HTML. `secret` (an Authorization, or "") is struck out, should they repeat it.
 */
void registry_words(const struct buf *body, const char *secret, struct buf *out);

/* --- registry_answer.c --- */

/* An answer is there. 1 when the call is over, 0 when it goes on, -1 when it has failed. */
int call_proceed(struct call *c, struct err *e);

#endif
