/* Who may ask: what is done about a 401, and remembered of it. */
#include "registry_call.h"

#include "auth.h"
#include "challenge.h"
#include "io.h"

#include <string.h>

/* Answered for one call without getting what was asked for: by /v2/, another's grant, one of its own. */
#define CHALLENGES_MAX 3

/* An Authorization for a repository of an endpoint: sent at once with its next requests. */
struct grant {
	struct grant *next;
	const struct place *place;
	char *repository;
	struct buf authorization;
	bool accepted; /* it has been, once: if it no longer is, it may be renewed */
};

static void grant_free(struct grant *g)
{
	buf_wipe(&g->authorization);
	buf_clear(&g->authorization);
	free(g->repository);
	free(g);
}

void registry_free_grants(struct registry *r)
{
	while (r->grants) {
		struct grant *next = r->grants->next;

		grant_free(r->grants);
		r->grants = next;
	}
}

static struct grant *grant_of(const struct call *c)
{
	struct grant *g = c->r->grants;

	while (g && (g->place != c->endpoints[c->endpoint].place || strcmp(g->repository, c->repository) != 0))
		g = g->next;
	return g;
}

static int set_authorization(struct call *c, const struct buf *text, struct err *e)
{
	buf_wipe(&c->authorization);
	buf_reset(&c->authorization);
	buf_add(&c->authorization, buf_text(text), text->len);
	return buf_check(&c->authorization, e);
}

int call_use_grant(struct call *c, struct err *e)
{
	const struct grant *g = grant_of(c);

	return g && !c->authorization.len ? set_authorization(c, &g->authorization, e) : 0;
}

void call_granted(struct call *c)
{
	struct grant *g = c->authorization.len ? grant_of(c) : NULL;

	c->challenges = 0;
	if (g && strcmp(buf_text(&g->authorization), buf_text(&c->authorization)) == 0)
		g->accepted = true;
}

/* Remembers `text` for this repository, and uses it. */
static int keep_grant(struct call *c, const struct buf *text, struct err *e)
{
	struct grant *g = grant_of(c);

	if (!g) {
		g = calloc(1, sizeof *g);
		if (!g || !(g->repository = strdup(c->repository))) {
			free(g);
			return err_nomem(e);
		}
		g->place = c->endpoints[c->endpoint].place;
		g->next = c->r->grants;
		c->r->grants = g;
	}
	g->accepted = false;
	buf_wipe(&g->authorization);
	buf_reset(&g->authorization);
	buf_add(&g->authorization, buf_text(text), text->len);
	return buf_check(&g->authorization, e) == -1 ? -1 : set_authorization(c, text, e);
}

/* The best of the answer's challenges. 1, 0 where it has none, -1. */
static int read_challenge(const struct call *c, struct challenge *challenge, struct err *e)
{
	const char *header;

	challenge->scheme = CHALLENGE_NONE;
	for (size_t i = 0; (header = http_header(c->transfer, "www-authenticate", i)); i++) {
		struct challenge one;

		if (challenge_parse(&one, header, e) == -1)
			return -1;
		if (challenge_is_better(&one, challenge))
			*challenge = one;
	}
	/* GET /v2/ names no scope: it is not about a repository. */
	if (challenge->scheme == CHALLENGE_BEARER && !*challenge->scope && *c->repository)
		snprintf(challenge->scope, sizeof challenge->scope, "repository:%s:pull", c->repository);
	return challenge->scheme != CHALLENGE_NONE;
}

/* An Authorization that answers the challenge, for the owner of `who`. 1, 0 where there is none, -1. */
static int answer(const struct call *c, const struct challenge *challenge, const struct credentials *who,
		  struct token_fault *fault, struct buf *out, struct err *e)
{
	struct token_request q = { .challenge = challenge, .credentials = who };

	if (challenge->scheme == CHALLENGE_BASIC) {
		if (!who || !who->user)
			return 0;
		auth_basic(who, out);
		if (buf_check(out, e) == -1)
			return -1;
		return strcmp(buf_text(out), buf_text(&c->authorization)) != 0; /* the same again is no answer */
	}
	if (http_origin(c->endpoints[c->endpoint].place->base, &q.registry, e) == -1)
		return -1;
	return token_get(c->r->http, &q, out, fault, e) == -1 ? -1 : 1;
}

static int find_and_answer(const struct call *c, const struct challenge *challenge, struct token_fault *fault,
			   struct buf *out, struct err *e)
{
	cleanup_credentials struct credentials who = CREDENTIALS_INIT;
	const struct endpoint *p = &c->endpoints[c->endpoint];
	int found;

	if (c->credentials)
		return answer(c, challenge, c->credentials, fault, out, e);
	/* a mirror has an account of its own, or none */
	found = auth_find(c->r->policy->auth_files, p->mirror ? call_host(c) : c->registry, c->repository, &who, e);
	return found == -1 ? -1 : answer(c, challenge, found ? &who : NULL, fault, out, e);
}

int call_authorize(struct call *c, struct token_fault *fault, struct err *e)
{
	const struct grant *g = grant_of(c);
	struct challenge challenge = { CHALLENGE_NONE, "", "", "" };
	cleanup_buf struct buf text = BUF_INIT;
	int got;

	*fault = (struct token_fault){ false, -1, false };
	c->probing = false;
	if (!call_asks_origin(c) || ++c->challenges > CHALLENGES_MAX)
		return 0;
	if (g && strcmp(buf_text(&g->authorization), buf_text(&c->authorization)) != 0)
		return set_authorization(c, &g->authorization, e) == -1 ? -1 : 1; /* another call has got it meanwhile */
	if (g && !g->accepted)
		return 0; /* fresh, and refused */
	got = read_challenge(c, &challenge, e);
	if (got == 0 && !c->probed) {
		c->probed = c->probing = true; /* registries have been seen that tell at /v2/ alone */
		return 1;
	}
	if (got == 1)
		got = find_and_answer(c, &challenge, fault, &text, e);
	if (fault->withheld && c->kind == CALL_LOGIN) /* a token for nobody would prove nothing */
		got = err_set(e, ERR_DENIED, "its token server is another's, and is not told the password: %s", challenge.realm);
	else if (fault->withheld)
		call_tell(c, "%s: its token server is another's, and is not told the credentials: %s", call_host(c), challenge.realm);
	if (got == 1 && keep_grant(c, &text, e) == -1)
		got = -1;
	buf_wipe(&text);
	return got;
}
