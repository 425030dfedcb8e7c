#include "container_json.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>

/* As they stand, so that a config.json of another's making is shown too. */
static const char *const shown[] = { "process", "hostname", "domainname", "root", "annotations" };

static struct json *read_config(const struct container *c, struct err *e)
{
	cleanup_fd int fd = openat(c->dir, "config.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_buf struct buf text = BUF_INIT;
	struct json *doc = NULL;

	if (fd == -1)
		err_errno(e, errno, "config.json");
	else if (io_read_all(fd, JSON_BYTES_MAX, &text, e) == 0)
		doc = json_parse(buf_text(&text), text.len, e);
	if (!doc)
		err_context(e, "%s", container_id(c));
	return doc;
}

static void put_facts(struct json_writer *w, const struct container *c)
{
	static const char *const facts[][2] = {
		{ "name", "name" },	{ "image", "image" },	{ "digest", "digest" },	    { "command", "command" },
		{ "created", "created" }, { "started", "started" }, { "finished", "finished" },
		{ "stop-signal", "stopSignal" },
	};
	char value[CONTAINER_FACT_MAX];

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (container_fact(c, facts[i][0], value))
			json_put_string(w, facts[i][1], value);
}

int container_put_json(struct json_writer *w, const struct container *c, struct err *e)
{
	cleanup_json struct json *config = read_config(c, e);
	cleanup_fd int handle = -1;
	struct container_status s;
	struct err ignored = ERR_INIT;
	pid_t pid;

	if (!config || container_look(c, &s, e) == -1)
		return -1;
	json_begin_object(w, NULL);
	json_put_string(w, "id", container_id(c));
	json_put_string(w, "state", container_state_name(s.state));
	if (s.state == CONTAINER_EXITED)
		json_put_int64(w, "exit", s.exit);
	if (s.held && s.holder)
		json_put_int64(w, "supervisor", s.holder);
	handle = container_process(c, &pid, &ignored);
	if (ignored.kind == ERR_NONE)
		json_put_int64(w, "pid", pid);
	put_facts(w, c);
	json_put_string(w, "bundle", c->path);
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		json_put_value(w, shown[i], json_member(json_root(config), shown[i]));
	json_end(w);
	return 0;
}
