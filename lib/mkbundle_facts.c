#include "mkbundle_facts.h"

#include "io.h"
#include "json.h"

/* A fact is one line: what would break it shows as a blank. */
static int write_fact(int dir, const char *name, const char *text, struct err *e)
{
	cleanup_buf struct buf line = BUF_INIT;

	for (; *text; text++)
		buf_addc(&line, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
	buf_addc(&line, '\n');
	return io_write_new(dir, name, &line, e);
}

static int write_command(int dir, const struct buf *config, struct err *e)
{
	cleanup_json struct json *doc = json_parse(buf_text(config), config->len, e);
	cleanup_buf struct buf line = BUF_INIT;
	struct json_value v;

	if (!doc)
		return -1;
	v = json_first(json_member(json_member(json_root(doc), "process"), "args"));
	for (; json_exists(v); v = json_next(v)) {
		cleanup_free char *word = json_string(v, e);
		if (!word)
			return -1;
		buf_addf(&line, "%s%s", line.len ? " " : "", word);
	}
	return write_fact(dir, "command", buf_text(&line), e);
}

static int write_life(const struct mkbundle *how, int dir, struct err *e)
{
	char now[CONTAINER_TIME_MAX];

	container_time(now);
	if (how->container_name && write_fact(dir, "name", how->container_name, e) == -1)
		return -1;
	if (write_fact(dir, "created", now, e) == -1 || write_fact(dir, "status", "created", e) == -1)
		return -1;
	return container_prepare_lock(dir, e);
}

int mkbundle_write_facts(const struct mkbundle *how, const struct image *im, int dir, const struct buf *config,
			 struct err *e)
{
	const char *stop = im->config.stop_signal;

	if (!how->name)
		return 0;
	if (write_fact(dir, "image", how->name, e) == -1 ||
	    write_fact(dir, "digest", digest_str(&im->descriptor.digest).text, e) == -1 ||
	    write_command(dir, config, e) == -1)
		return -1;
	if (stop && *stop && write_fact(dir, "stop-signal", stop, e) == -1)
		return -1;
	return how->among ? write_life(how, dir, e) : 0;
}
