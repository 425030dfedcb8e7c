/*
 * token - Bearer tokens of a registry's token server (distribution spec/auth/token.md, oauth.md), kept until they expire.
 */
#ifndef CR_TOKEN_H
#define CR_TOKEN_H

#include "auth.h"
#include "buf.h"
#include "challenge.h"
#include "err.h"
#include "http.h"

#define TOKEN_ANSWER_MAX (64u << 10) /* bytes */
#define TOKEN_SECONDS 60	     /* how long one serves when the server does not say */

struct token; /* a list of them */

void token_free_all(struct token *t);

/*
 * Appends "Bearer <token>" for the challenge: a token of *cache, or a new one (fresh: in any case). The realm is data of an
 * attacker: it must be where the registry (`origin`) may lead (http_may_lead), and the credentials (NULL: anonymous) go to it only
 * if it is of the same site (http_same_site).
 * ERR_CONTENT for a realm or an answer that is refused, ERR_DENIED when the server says no.
 */
int token_get(struct token **cache, struct http *h, const struct http_origin *origin, const struct challenge *c,
	      const struct credentials *credentials, bool fresh, struct buf *out, struct err *e);

#endif
