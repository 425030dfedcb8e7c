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

struct token_request {
	struct http_origin registry;	      /* who challenges */
	const struct challenge *challenge;    /* with CHALLENGE_BEARER */
	const struct credentials *credentials; /* or NULL: anonymous */
	const char *refused;		      /* an Authorization that no longer serves, or "" */
};

/*
 * Appends "Bearer <token>" for the challenge: a token of *cache, or a new one. The realm is data of an attacker: it must be where the
 * registry may lead (http_may_lead), and the credentials go to it only if it is of the same site (http_same_site).
 * ERR_CONTENT for a realm or an answer that is refused, ERR_DENIED when the server says no; *passing is set when the failure may pass:
 * the server could not be reached, or was unwell.
 */
int token_get(struct token **cache, struct http *h, const struct token_request *q, struct buf *out, bool *passing,
	      struct err *e);

#endif
