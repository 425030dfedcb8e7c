#include "cli_env.h"

#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\v\f\r";

/* Puts an entry at `at`, with those behind it moved on. Takes ownership of it. */
static int insert(struct cli_env *env, size_t at, char *entry, struct err *e)
{
	char **list = realloc(env->list, (env->count + 2) * sizeof *list);

	if (!list) {
		free(entry);
		return err_nomem(e);
	}
	env->list = list;
	memmove(list + at + 1, list + at, (env->count - at) * sizeof *list);
	list[at] = entry;
	list[++env->count] = NULL;
	return 0;
}

/* "NAME=value" as it is; for "NAME", its value here as "NAME=value", or "" where it is not set. To be freed. */
static char *entry_of(const char *text)
{
	const char *value = strchr(text, '=') ? NULL : getenv(text);
	struct buf b = BUF_INIT;

	if (value)
		buf_addf(&b, "%s=%s", text, value);
	else if (strchr(text, '='))
		buf_adds(&b, text);
	return buf_steal(&b);
}

/* Puts what `text` says at *at, which moves on; nothing for a variable that is not set here. */
static int put(struct cli_env *env, size_t *at, const char *text, struct err *e)
{
	char *entry;

	if (!*text || *text == '=')
		return err_set(e, ERR_USAGE, "'%s' names no variable", text);
	entry = entry_of(text);
	if (!entry)
		return err_nomem(e);
	if (!*entry) {
		free(entry);
		return 0;
	}
	return insert(env, (*at)++, entry, e);
}

int cli_env_add(struct cli_env *env, const char *text, struct err *e)
{
	size_t at = env->count;

	return put(env, &at, text, e);
}

static int put_line(struct cli_env *env, char *line, struct err *e)
{
	size_t name;

	line += strspn(line, blanks);
	if (!*line || *line == '#')
		return 0;
	name = strcspn(line, "=");
	if (strcspn(line, blanks) < name)
		return err_set(e, ERR_USAGE, "'%.*s' names no variable: it has a blank in it", (int)name, line);
	return put(env, &env->of_files, line, e);
}

int cli_env_file(struct cli_env *env, const char *path, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_buf struct buf text = BUF_INIT;
	char *line, *rest;
	size_t len;

	if (fd == -1)
		return err_errno(e, errno, "%s", path);
	if (io_read_all(fd, CLI_ENV_FILE_MAX, &text, e) == -1)
		return err_context(e, "%s", path);
	if (text.len > 0 && memchr(text.data, '\0', text.len))
		return err_set(e, ERR_USAGE, "%s: holds a NUL", path);
	for (rest = text.data; rest && *rest;) {
		line = rest;
		rest += strcspn(rest, "\n");
		if (*rest)
			*rest++ = '\0';
		len = strlen(line);
		if (len > 0 && line[len - 1] == '\r') /* of a file from elsewhere */
			line[len - 1] = '\0';
		if (put_line(env, line, e) == -1)
			return err_context(e, "%s", path);
	}
	return 0;
}

/* Whether the two entries set the same name. */
static bool same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return strncmp(a, b, len) == 0 && b[len] == '=';
}

bool cli_env_sets(const struct cli_env *env, const char *name)
{
	for (size_t i = 0; i < env->count; i++)
		if (same_name(name, env->list[i]))
			return true;
	return false;
}

/* The place of the entry's name in the list of n; n where it is not there. */
static size_t find(char *const *list, size_t n, const char *entry)
{
	size_t at = 0;

	while (at < n && !same_name(entry, list[at]))
		at++;
	return at;
}

char **cli_env_over(const struct cli_env *env, char *const *below, char *unless_set, struct err *e)
{
	size_t n = 0;
	char **list;

	while (below && below[n])
		n++;
	list = calloc(n + env->count + 2, sizeof *list);
	if (!list) {
		err_nomem(e);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = below[i];
	for (size_t i = 0; i < env->count; i++) {
		size_t at = find(list, n, env->list[i]);

		list[at] = env->list[i];
		n += at == n;
	}
	if (unless_set && find(list, n, unless_set) == n)
		list[n] = unless_set;
	return list;
}
