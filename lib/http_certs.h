/*
 * http_certs - the certificates that are kept for one host: the directories HOST or HOST:PORT below docker's certs.d and
 * the like. Private to http*.c.
 *
 * In such a directory *.crt are authorities to trust (PEM), NAME.cert is a client's certificate and NAME.key its key.
 */
#ifndef CR_HTTP_CERTS_H
#define CR_HTTP_CERTS_H

#include "buf.h"
#include "http.h"

#define HTTP_CERTS_MAX (1u << 20) /* bytes of all authorities of one host */
#define HTTP_CERT_FILES_MAX 256	  /* files of a directory that are looked at */

struct http_certs {
	struct buf authorities; /* PEM; empty: none of its own */
	char *cert, *key;	/* paths, owned; or NULL */
};

#define HTTP_CERTS_INIT { BUF_INIT, NULL, NULL }

void http_certs_clear(struct http_certs *c);
#define cleanup_http_certs __attribute__((cleanup(http_certs_clear)))

/*
 * Reads the first of the `dirs` (NULL-terminated, or NULL) that has the host: HOST:PORT, or HOST alone for port 443.
 * Where it has authorities, those of the file `cacert` (or NULL) are added. 1, 0 where there is none, -1 (ERR_CONTENT
 * for a certificate without its key).
 */
int http_certs_find(struct http_certs *c, const char *const *dirs, const struct http_origin *o, const char *cacert,
		    struct err *e);

#endif
