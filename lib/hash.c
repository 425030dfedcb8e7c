#include "hash.h"

#include <openssl/evp.h>

struct hash {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	bool failed; /* libcrypto refused: no digest will match */
};

void hash_alone(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
				    OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
}

struct hash *hash_new(struct err *e)
{
	struct hash *h = calloc(1, sizeof *h);

	if (!h) {
		err_nomem(e);
		return NULL;
	}
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	if (!h->md || !h->ctx || !EVP_DigestInit_ex(h->ctx, h->md, NULL)) {
		err_set(e, ERR_IO, "libcrypto offers no SHA-256");
		hash_free(h);
		return NULL;
	}
	return h;
}

void hash_free(struct hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
}

void hash_cleanup(struct hash **h)
{
	hash_free(*h);
}

void hash_update(struct hash *h, const void *data, size_t n)
{
	if (!EVP_DigestUpdate(h->ctx, data, n))
		h->failed = true;
}

void hash_final(struct hash *h, struct digest *out)
{
	unsigned int n = 0;

	if (h->failed || !EVP_DigestFinal_ex(h->ctx, out->bytes, &n) || n != DIGEST_BYTES)
		abort(); /* SHA-256 over memory does not fail: going on would mean an unchecked blob */
	if (!EVP_DigestInit_ex(h->ctx, h->md, NULL))
		h->failed = true;
}

int hash_bytes(const void *data, size_t n, struct digest *out, struct err *e)
{
	cleanup_hash struct hash *h = hash_new(e);

	if (!h)
		return -1;
	hash_update(h, data, n);
	hash_final(h, out);
	return 0;
}

static ssize_t source_hash_read(struct source *self, void *data, size_t n, struct err *e)
{
	struct source_hash *s = (struct source_hash *)self;
	ssize_t got = s->in->read(s->in, data, n, e);

	if (got > 0) {
		hash_update(s->hash, data, (size_t)got);
		s->count += got;
	}
	return got;
}

void source_hash_init(struct source_hash *s, struct source *in, struct hash *h)
{
	s->source.read = source_hash_read;
	s->in = in;
	s->hash = h;
	s->count = 0;
}
