/*
 * ref - the reference grammar: [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST] (distribution-spec, Pulling manifests;
 * distribution/reference for what Docker adds).
 *
 * The first component is a host iff a '/' follows and it holds '.' or ':', or is "localhost", or has an
 * upper-case letter, or is a bracketed IPv6 address. Otherwise the host is docker.io, and a single component
 * gains "library/". index.docker.io becomes docker.io. Without tag and digest the tag is "latest".
 */
#ifndef CR_REF_H
#define CR_REF_H

#include "buf.h"
#include "digest.h"
#include "err.h"

#define REF_TEXT_MAX 4096
#define REF_REPOSITORY_MAX 255 /* host and repository together, as registries have it */
#define REF_TAG_MAX 128

struct ref {
	char *registry;	     /* "docker.io", "localhost:5000", "[::1]:5000"; owned */
	char *repository;    /* "library/busybox"; owned */
	char *tag;	     /* "latest", or NULL when only a digest was given; owned */
	bool has_digest;     /* the digest decides, the tag is only a name */
	struct digest digest;
};

#define REF_INIT { NULL, NULL, NULL, false, { { 0 } } }

/* Reads a reference. ERR_USAGE says what is wrong with it. *r must be REF_INIT or cleared. */
int ref_parse(struct ref *r, const char *text, struct err *e);
void ref_clear(struct ref *r);
#define cleanup_ref __attribute__((cleanup(ref_clear)))

/* Appends the normalised "docker.io/library/busybox:latest", with "@sha256:…" when there is a digest. */
void ref_full(const struct ref *r, struct buf *out);

/* Appends "docker.io/library/busybox", the source field of a record. */
void ref_source(const struct ref *r, struct buf *out);

/*
 * Appends the shortest form that reads back as the same reference: "busybox:latest". For showing to people.
 */
void ref_familiar(const struct ref *r, struct buf *out);

#endif
