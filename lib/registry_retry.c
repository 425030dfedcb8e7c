/* What becomes of a call whose endpoint has failed: the same again, after a pause, or the next. */
#include "registry_call.h"

#include "io.h"

#include <stdlib.h>

#define PAUSE_LONGEST 16000 /* milliseconds; the first is at most 1,000, each next one twice as long */

int64_t call_asked_to_wait(const struct call *c)
{
	const char *header = c->transfer ? http_header(c->transfer, "retry-after", 0) : NULL;
	int64_t seconds = header ? http_retry_after(header) : -1;

	if (seconds > REGISTRY_WAIT_MAX)
		seconds = REGISTRY_WAIT_MAX + 1;
	return seconds >= 0 ? seconds * 1000 : c->asked;
}

/* Half of it certain, half by chance: many that failed at once do not come again at once. */
static int64_t pause_before(const struct call *c, int64_t asked)
{
	int64_t pause = 1000;

	if (asked >= 0)
		return asked + arc4random_uniform(250);
	for (int i = 1; i < c->tries && pause < PAUSE_LONGEST; i++)
		pause *= 2;
	return pause / 2 + arc4random_uniform((uint32_t)(pause / 2));
}

/*
 * A connection that breaks may hold the next time. One that cannot be had, or brings what is no http, may be had again
 * if it was there before; one that stalls has cost its time already, and is given another only if much came since it
 * last did.
 */
static bool may_pass(struct call *c, enum http_fault fault, long status)
{
	int64_t have = c->sink->offset(c->sink);
	struct place *place = c->endpoints[c->endpoint].place;
	bool progress = have - c->best >= REGISTRY_PROGRESS;

	if (progress) {
		c->best = have;
		c->tries = 0;
	}
	if (fault == HTTP_OUT_OF_REACH || fault == HTTP_TIMED_OUT)
		place->out_of_reach = !place->answered;
	if (status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504))
		return true;
	return fault == HTTP_CUT_OFF || ((fault == HTTP_OUT_OF_REACH || fault == HTTP_NO_HTTP) && place->answered) ||
	       (fault == HTTP_TIMED_OUT && progress);
}

static int ask_next(struct call *c, const struct err *why, struct err *e)
{
	call_drop(c);
	if (why->kind == ERR_CONTENT)
		c->wrong = *why;
	if (c->endpoint + 1 == c->endpoint_count) {
		/* That a place sent wrong bytes matters more than that the next one did not answer. */
		*e = why->kind == ERR_IO && c->wrong.kind != ERR_NONE ? c->wrong : *why;
		return -1;
	}
	call_tell(c, "%s; the next place is asked", why->text);
	c->endpoint++;
	c->tries = c->restarts = c->challenges = 0;
	c->probed = false;
	c->guess = (struct err)ERR_INIT;
	buf_reset(&c->authorization);
	return call_send_first(c, e);
}

int call_try_on(struct call *c, const struct err *why, enum http_fault fault, long status, struct err *e)
{
	int64_t asked = call_asked_to_wait(c), pause;

	c->probing = false;
	c->asked = -1;
	if (!may_pass(c, fault, status) || asked > REGISTRY_WAIT_MAX * 1000 || c->tries >= c->r->policy->retries)
		return ask_next(c, why, e);
	c->tries++;
	pause = pause_before(c, asked);
	call_tell(c, "%s; trying again in %.1f s", why->text, (double)pause / 1000);
	c->not_before = io_clock() + pause;
	c->waiting = true;
	call_drop(c);
	return 0;
}
