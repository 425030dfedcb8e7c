/*
 * hash - streaming SHA-256 (libcrypto).
 *
 * hash_new loads what libcrypto needs, so make the value before a process gives up its view of the
 * filesystem; updating and finishing open no file.
 */
#ifndef CR_HASH_H
#define CR_HASH_H

#include "digest.h"
#include "io.h"

struct hash;

/*
 * For a program that uses libcrypto for nothing else, first in main: the library then leaves out its configuration,
 * its other algorithms and its tidying up, which take it longer than a program of ours runs.
 */
void hash_alone(void);

struct hash *hash_new(struct err *e); /* NULL on failure; the caller frees it with hash_free */
void hash_free(struct hash *h);	      /* NULL is allowed */
void hash_cleanup(struct hash **h);
#define cleanup_hash __attribute__((cleanup(hash_cleanup)))

void hash_update(struct hash *h, const void *data, size_t n);

/* The digest of everything since hash_new or the last hash_final; the value is ready for the next. */
void hash_final(struct hash *h, struct digest *out);

/* The digest of n bytes. */
int hash_bytes(const void *data, size_t n, struct digest *out, struct err *e);

/* A source that hashes and counts what passes through it. */
struct source_hash {
	struct source source;
	struct source *in; /* borrowed */
	struct hash *hash; /* borrowed */
	int64_t count;	   /* bytes so far */
};

void source_hash_init(struct source_hash *s, struct source *in, struct hash *h);

#endif
