/* What a registry says beside its answers, and what is done about it, for people to read. */
#include "registry_call.h"

#include "io.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOTICE_MAX 400 /* bytes of a notice */

void call_tell(const struct call *c, const char *fmt, ...)
{
	const struct registry_policy *p = c->r->policy;
	char text[NOTICE_MAX];
	va_list ap;

	if (!p->notice)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	p->notice(p->notice_ctx, true, text);
}

/* Whether this warning is one that has not been shown. */
static bool is_new(struct registry *r, const char *text)
{
	char *copy;

	for (size_t i = 0; i < r->warned_count; i++)
		if (strcmp(r->warned[i], text) == 0)
			return false;
	if (r->warned_count == WARNINGS_MAX || !(copy = strdup(text)))
		return false;
	r->warned[r->warned_count++] = copy;
	return true;
}

/* Warning: 299 - "text" (distribution-spec, Warnings) */
static void show_warnings(struct call *c)
{
	const struct registry_policy *p = c->r->policy;
	const char *header;

	for (size_t i = 0; p->notice && (header = http_header(c->transfer, "warning", i)); i++) {
		cleanup_buf struct buf text = BUF_INIT;
		const char *quote = strchr(header, '"');

		if (strncmp(header, "299 ", 4) != 0 || !quote)
			continue;
		buf_addf(&text, "%s: %.*s", call_host(c), (int)strcspn(quote + 1, "\""), quote + 1);
		auth_strike_out(buf_text(&c->authorization), &text); /* it may be what was sent */
		if (is_new(c->r, buf_text(&text)))
			p->notice(p->notice_ctx, false, buf_text(&text));
	}
}

/* Docker Hub's ratelimit-limit and ratelimit-remaining: "100;w=21600", pulls in a window of seconds. */
static void show_rate(struct call *c)
{
	const char *limit = http_header(c->transfer, "ratelimit-limit", 0),
		   *remaining = http_header(c->transfer, "ratelimit-remaining", 0);
	char text[NOTICE_MAX];

	if (!limit && !remaining)
		return;
	snprintf(text, sizeof text, "%s: ratelimit-limit %.80s, ratelimit-remaining %.80s", call_host(c),
		 limit ? limit : "not told", remaining ? remaining : "not told");
	if (strcmp(buf_text(&c->r->rate), text) == 0)
		return;
	buf_reset(&c->r->rate);
	buf_adds(&c->r->rate, text);
	call_tell(c, "%s", text);
}

void call_notices(struct call *c)
{
	struct place *place = c->endpoints[c->endpoint].place;

	if (!place->answered && call_asks_origin(c))
		call_tell(c, "%s answers by %s", place->base, http_protocol(c->transfer));
	place->answered = true;
	show_warnings(c);
	show_rate(c);
}
