#include "words.h"

#include "io.h"
#include "json.h"

#include <string.h>

#define WORDS_MAX 300 /* bytes of a registry's words that are shown */
#define ERRORS_SHOWN 3

static bool add_string(struct buf *out, const char *before, struct json_value v)
{
	struct err ignored = ERR_INIT;
	cleanup_free char *text = json_type(v) == JSON_STRING ? json_string(v, &ignored) : NULL;

	if (!text || !*text)
		return false;
	buf_addf(out, "%s%s", before, text);
	return true;
}

/* {"errors":[{"code":…,"message":…}]} of distribution-spec; and what is seen besides. */
static bool add_json(struct buf *out, struct json_value root)
{
	static const char *const members[] = { "message", "error_description", "details", "error" };
	size_t shown = 0;

	for (struct json_value v = json_first(json_member(root, "errors")); json_exists(v) && shown < ERRORS_SHOWN;
	     v = json_next(v)) {
		const char *before = shown ? "; " : "";

		if (add_string(out, before, json_member(v, "message")) || add_string(out, before, json_member(v, "code")))
			shown++;
	}
	for (size_t i = 0; i < sizeof members / sizeof *members && !shown; i++)
		shown += add_string(out, "", json_member(root, members[i]));
	return shown > 0;
}

/* Cuts text before a character of UTF-8 that would not fit. */
static void shorten(struct buf *text)
{
	size_t n = WORDS_MAX;

	if (text->len <= n)
		return;
	while (n > 0 && ((unsigned char)text->data[n] & 0xc0) == 0x80)
		n--;
	text->len = n;
	text->data[n] = '\0';
	buf_adds(text, "...");
}

void words_of_server(const struct buf *body, struct buf *out)
{
	cleanup_buf struct buf words = BUF_INIT;
	struct err ignored = ERR_INIT;
	cleanup_json struct json *doc = body->len ? json_parse(body->data, body->len, &ignored) : NULL;
	const char *text = buf_text(body) + strspn(buf_text(body), " \t\r\n");

	if ((!doc || !add_json(&words, json_root(doc))) && *text != '<' && *text != '{') {
		buf_reset(&words);
		buf_adds(&words, text);
	}
	while (words.len && strchr(" \t\r\n", words.data[words.len - 1]))
		words.data[--words.len] = '\0';
	if (!words.len)
		return;
	shorten(&words);
	buf_adds(out, buf_text(&words));
}
