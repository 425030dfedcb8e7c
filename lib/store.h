/*
 * store - the blobs of an OCI image layout, and the room around it (DESIGN §3).
 *
 *	images/blobs/sha256/<hex>   0444, immutable, never wrong (promise 1)
 *	tmp/                        everything unfinished, published by rename
 *
 * Nothing has its final name unless its bytes hash to it: bytes are taken in through an ingest, which hashes
 * as it writes and publishes only what matches:
 *
 *	struct ingest *in = ingest_open(store, &digest, size, e);   // NULL also when it is there already
 *	ingest_write(in, data, n, e) …
 *	ingest_commit(in, e);  ingest_close(in);
 *
 * The partial file is keyed by the digest and locked while it is written: a second process waits for the
 * first, and what a killed one left behind is hashed again and continued.
 */
#ifndef CR_STORE_H
#define CR_STORE_H

#include "digest.h"
#include "err.h"
#include "io.h"
#include "oci.h"

#include <stdbool.h>
#include <stdint.h>

#define STORE_BLOB_MAX (INT64_C(1) << 40) /* bytes of a blob whose size nobody knows beforehand */

struct store {
	char *path;	/* absolute, symlinks resolved; owned */
	int root;	/* the store's directory */
	int images;	/* images/ */
	int blobs;	/* images/blobs/sha256/ */
	int layers;	/* layers/sha256/ */
	int tmp;	/* tmp/ */
};

#define STORE_INIT { NULL, -1, -1, -1, -1, -1 }

/* Opens the store at `path`, made where it is missing (directories 0700, oci-layout). */
int store_open(struct store *s, const char *path, struct err *e);
void store_close(struct store *s);
#define cleanup_store __attribute__((cleanup(store_close)))

/*
 * Opens a blob for reading: a regular file of exactly `size` bytes (any size when size is -1), never through a
 * symlink. Returns the descriptor, or -1 with ERR_NOT_FOUND when it is not there, ERR_CONTENT when it is
 * another size.
 */
int store_open_blob(const struct store *s, const struct digest *d, int64_t size, struct err *e);

/* Whether store_open_blob would succeed; false on any error. */
bool store_has_blob(const struct store *s, const struct digest *d, int64_t size);

/*
 * Reads a small blob (a manifest, a config) of at most `max` bytes into `out` and checks its digest.
 * ERR_NOT_FOUND, ERR_CONTENT.
 */
int store_read_blob(const struct store *s, const struct digest *d, int64_t size, size_t max, struct buf *out,
		    struct err *e);

/* Takes in a small blob whose digest was computed by the caller's transport; checked again here. */
int store_put_blob(const struct store *s, const struct digest *d, const void *data, size_t n, struct err *e);

/* Reads the whole blob and compares size (unless -1) and digest. ERR_CONTENT, ERR_NOT_FOUND, ERR_IO. */
int store_verify_blob(const struct store *s, const struct digest *d, int64_t size, struct err *e);

/*
 * As store_open_blob, when all of the blob has been read and its digest is right: the file that was looked at is the
 * one that is handed out.
 */
int store_open_verified(const struct store *s, const struct digest *d, int64_t size, struct err *e);

/* Copies the blob to a descriptor. ERR_CONTENT, after the fact, when its bytes are not what the digest says. */
int store_copy_blob(const struct store *s, const struct digest *d, int out, struct err *e);

struct ingest; /* one blob on its way in */

/*
 * Begins or continues a blob of `size` bytes (-1: not known, and then at most STORE_BLOB_MAX). Waits while another
 * process is at the same blob. Returns NULL with e->kind left ERR_NONE when the blob is in the store by now, NULL with
 * the error set on failure.
 */
struct ingest *ingest_open(const struct store *s, const struct digest *d, int64_t size, struct err *e);

/* As above, but does not wait: sets *busy and returns NULL when another process is at it. */
struct ingest *ingest_try(const struct store *s, const struct digest *d, int64_t size, bool *busy, struct err *e);

/* Bytes that are there already (hashed), where a resumed transfer goes on. */
int64_t ingest_offset(const struct ingest *in);

/* Forgets what is there and starts over. */
int ingest_restart(struct ingest *in, struct err *e);

/* Adds n bytes. More than the descriptor's size is ERR_CONTENT, and nothing of the excess is written. */
int ingest_write(struct ingest *in, const void *data, size_t n, struct err *e);

/*
 * Publishes: size and digest are compared, the file is synced, made 0444 and renamed, and the directory
 * synced. ERR_CONTENT when the bytes are too few (they stay, for the next try) or wrong (they are forgotten: the
 * offset is 0 again).
 */
int ingest_commit(struct ingest *in, struct err *e);

/* Frees the handle; what is not committed stays in tmp/ for the next try (nothing, if no byte came). */
void ingest_close(struct ingest *in);

/*
 * A name under tmp/ that one process holds at a time: waits until it is ours. Returns the lock's descriptor,
 * released by store_unlock or by the end of the process.
 */
int store_lock(const struct store *s, const char *name, struct err *e);

/* As above, but does not wait: -1 with *busy set (and no error) when another process holds it. */
int store_try_lock(const struct store *s, const char *name, bool *busy, struct err *e);

void store_unlock(const struct store *s, const char *name, int *fd); /* *fd becomes -1 */

/* Makes what was written to the store's filesystem durable (syncfs). */
int store_sync(const struct store *s, struct err *e);

#endif
