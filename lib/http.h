/*
 * http - requests to servers that are not trusted (libcurl, whose options are set as policy: THREATS, libcurl): https or
 * http and nothing else, no redirect followed here, no credential but the headers given, no decoding of bodies, bounded
 * headers, time-outs for connecting and for stalling but none for a whole transfer.
 *
 *	struct http *h = http_new(&policy, e);
 *	struct http_request q = { .method = "GET", .url = url, .headers = headers, .data = take, .ctx = &body };
 *	http_start(h, &q, e) …			several at once
 *	while (http_run(h, fd, timeout, &readable, e) == 0)
 *		while ((t = http_done(h)))	… http_transfer_free(t);
 *	http_free(h);
 *
 * One thread; the callbacks run inside http_run.
 */
#ifndef CR_HTTP_H
#define CR_HTTP_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEADERS_MAX (256u << 10) /* bytes of all headers of one answer */
#define HTTP_CONNECT_SECONDS 15
#define HTTP_STALL_SECONDS 30 /* below HTTP_STALL_BYTES a second for so long: given up */
#define HTTP_STALL_BYTES 1000
#define HTTP_SECONDS_MAX 86400
#define HTTP_URL_MAX 8192

/* All borrowed until http_free. */
struct http_policy {
	const char *cacert;	       /* file of certificate authorities, or NULL: the system's */
	const char *const *cert_dirs;  /* of directories HOST[:PORT] (http_certs.h); NULL-terminated, or NULL */
	const char *user_agent;	       /* never NULL */
	long connect_seconds, stall_seconds; /* 0: HTTP_CONNECT_SECONDS, HTTP_STALL_SECONDS */
};

struct http;
struct http_transfer;

struct http_request {
	const char *method;	    /* "GET", "HEAD", "POST" */
	const char *url;	    /* copied */
	const char *const *headers; /* "Name: value", NULL-terminated; copied; or NULL */
	const char *body;	    /* of a POST (a form); copied; or NULL */

	/*
	 * Called with the answer's status: when all of its headers are there, and for n bytes of its body. 0, or -1 with
	 * the error set: the transfer ends with that error. `begin` may be NULL.
	 */
	int (*begin)(void *ctx, const struct http_transfer *t, long status, struct err *e);
	int (*data)(void *ctx, long status, const void *data, size_t n, struct err *e);
	void *ctx;
};

/* NULL on failure. */
struct http *http_new(const struct http_policy *policy, struct err *e);
void http_free(struct http *h); /* with the transfers still in it; NULL is allowed */

/* Begins a transfer. NULL on failure. */
struct http_transfer *http_start(struct http *h, const struct http_request *q, struct err *e);

/*
 * Works, and waits once, at most timeout_ms: for the network, or until `fd` (-1: none) can be read (*readable is set). 0
 * or -1. To be called until it has done what is waited for.
 */
int http_run(struct http *h, int fd, int timeout_ms, bool *readable, struct err *e);

/* A transfer that is done, now the caller's, or NULL. */
struct http_transfer *http_done(struct http *h);
void http_transfer_free(struct http_transfer *t);

/* The ctx of its request. */
void *http_transfer_ctx(const struct http_transfer *t);

enum http_fault {
	HTTP_NO_FAULT,
	HTTP_CUT_OFF,	   /* the connection broke: it may work the next time */
	HTTP_OUT_OF_REACH, /* no such host, or no connection, or none in time */
	HTTP_TIMED_OUT,	   /* nothing came for too long */
	HTTP_NO_HTTP,	   /* what answers does not speak http: TLS, maybe */
	HTTP_REFUSED,	   /* anything else: a certificate, a limit, a callback */
};

/*
 * How it ended: 0 when an answer came whole, *status being its status; -1 with the error set, and *fault saying what
 * sort of failure it was.
 */
int http_result(const struct http_transfer *t, long *status, enum http_fault *fault, struct err *e);

/* The answer's i-th header of that name (lower case), or NULL. Borrowed from t. */
const char *http_header(const struct http_transfer *t, const char *name, size_t i);

/* Bytes of the body that the answer announces; -1 where it does not. ERR_CONTENT where it says two different things. */
int http_length(const struct http_transfer *t, int64_t *length, struct err *e);

/* What the answer was spoken in: "HTTP/1.1", "HTTP/2". */
const char *http_protocol(const struct http_transfer *t);

/*
 * Seconds that a Retry-After says (RFC 9110, 10.2.3), a number or a date in any of its forms; 0 for what is past, -1 for
 * what is neither.
 */
int64_t http_retry_after(const char *text);

/*
 * One request from beginning to end; the transfer is done and the caller's. NULL with the error set when none could
 * begin.
 */
struct http_transfer *http_perform(struct http *h, const struct http_request *q, struct err *e);

/* --- URLs --- */

struct http_origin {
	char scheme[8];
	char host[256]; /* lower case, brackets of an IPv6 address included */
	char port[8];
};

/* Takes a URL apart. ERR_CONTENT for what is no http or https URL, or carries a user name. */
int http_origin(const char *url, struct http_origin *out, struct err *e);
bool http_same_origin(const struct http_origin *a, const struct http_origin *b);

/* Whether there are certificates of the host's own (http_certs.h). */
bool http_has_certs(const struct http_policy *policy, const struct http_origin *host);

/* Whether a host ("localhost", "127.0.0.1", "[::1]", with or without a port) is this machine. */
bool http_is_loopback(const char *host);

/*
 * Whether `from` may send us to `to`, by a redirect or as the realm of a challenge: never from https to http; to plain
 * http only on loopback, or where `plain_http` allows it; never from another machine to this one, nor anywhere to a
 * link-local address, where clouds keep their secrets. ERR_CONTENT names both hosts.
 */
int http_may_lead(const struct http_origin *from, const struct http_origin *to, bool plain_http, struct err *e);

/*
 * Whether the credentials of `registry` may be given to the token server `realm`: the same origin; or https on both
 * sides and a host of the same domain, as registry-1.docker.io and auth.docker.io, or registry.gitlab.com and
 * gitlab.com.
 */
bool http_same_site(const struct http_origin *registry, const struct http_origin *realm);

/* Appends `location` as seen from `base`, without a fragment. ERR_CONTENT for anything that is no http or https URL. */
int http_resolve(const char *base, const char *location, struct buf *out, struct err *e);

/* Appends text with everything but letters, digits and "-._~" percent-encoded. */
void http_escape(const char *text, struct buf *out);

#endif
