/*
 * token - Bearer tokens of a registry's token server (distribution spec/auth/token.md, oauth.md). Who keeps one gives it
 * to the registry that it was asked for, and to nobody else: another's challenge may be a copy.
 */
#ifndef CR_TOKEN_H
#define CR_TOKEN_H

#include "auth.h"
#include "buf.h"
#include "challenge.h"
#include "err.h"
#include "http.h"

#define TOKEN_ANSWER_MAX (64u << 10) /* bytes */

struct token_request {
	struct http_origin registry;	      /* who challenges */
	const struct challenge *challenge;    /* with CHALLENGE_BEARER */
	const struct credentials *credentials; /* or NULL: anonymous */
};

/* Why there is no token. */
struct token_fault {
	bool passing;	     /* the server could not be reached, or was unwell: another time it may do */
	int64_t retry_after; /* seconds it asks to wait; -1: it does not */
	bool withheld;	     /* it is not the registry's own, and was not told the credentials: so also of a token that came */
};

/*
 * Appends "Bearer <token>" for the challenge. The realm is data of an attacker: it must be where the registry may lead
 * (http_may_lead), and the credentials go to it only if it is of the same site (http_same_site).
 * ERR_CONTENT for a realm or an answer that is refused, ERR_DENIED when the server says no; *fault tells more.
 */
int token_get(struct http *h, const struct token_request *q, struct buf *out, struct token_fault *fault, struct err *e);

#endif
