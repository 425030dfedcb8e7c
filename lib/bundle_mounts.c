#include "bundle_read.h"

#include "overlay.h"

#include <stdlib.h>
#include <string.h>

static bool has_option(char *const *options, const char *word)
{
	for (; options && *options; options++)
		if (strcmp(*options, word) == 0)
			return true;
	return false;
}

/* Whether it is to be read-only: the last word counts. */
static bool is_readonly(char *const *options)
{
	bool readonly = false;

	for (; options && *options; options++)
		readonly = strcmp(*options, "ro") == 0 || (readonly && strcmp(*options, "rw") != 0);
	return readonly;
}

/* Cuts the next directory off an overlay's list: separated by ':', with '\' before a character that is meant as it is. */
static char *next_directory(char **rest)
{
	char *from = *rest, *to = *rest, *start = *rest;

	if (!from)
		return NULL;
	for (; *from && *from != ':'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return start;
}

static int read_lower(struct bundle *b, char *list, struct err *e)
{
	const char **lower = bundle_alloc(b, OVERLAY_LAYERS_MAX, sizeof *lower, e);
	const char *dir;

	if (!lower)
		return -1;
	b->sandbox.lower = lower;
	while ((dir = next_directory(&list))) {
		if (*dir != '/')
			return err_set(e, ERR_USAGE, "overlay: lowerdir %s is not an absolute path", dir);
		if (b->sandbox.lower_count == OVERLAY_LAYERS_MAX)
			return err_set(e, ERR_USAGE, "overlay: more than %d layers", OVERLAY_LAYERS_MAX);
		lower[b->sandbox.lower_count++] = dir;
	}
	return 0;
}

/* What follows "NAME=", or NULL for another option. */
static char *value_of(char *option, const char *name)
{
	size_t len = strlen(name);

	return strncmp(option, name, len) == 0 ? option + len : NULL;
}

static int read_overlay(struct bundle *b, char **options, struct err *e)
{
	struct sandbox *s = &b->sandbox;
	char *value;

	for (; options && *options; options++) {
		if ((value = value_of(*options, "lowerdir="))) {
			if (read_lower(b, value, e) == -1)
				return -1;
		} else if ((value = value_of(*options, "upperdir="))) {
			s->upper = next_directory(&value);
		} else if ((value = value_of(*options, "workdir="))) {
			s->work = next_directory(&value);
		} else if (strcmp(*options, "userxattr") != 0) {
			return err_set(e, ERR_USAGE, "overlay: option %s is not supported", *options);
		}
	}
	if (s->lower_count == 0 || !s->upper != !s->work)
		return err_set(e, ERR_USAGE, "overlay: lowerdir, or one of upperdir and workdir, is missing");
	return 0;
}

static int refuse(const struct sandbox_mount *m, const char *what, const char *which, struct err *e)
{
	return err_set(e, ERR_USAGE, "mounts: %s: %s%s is not supported: crun or runc can run this bundle", m->destination,
		       what, which);
}

/* A bind's source is the host's; one that is relative lies in the bundle (config.md, Mounts). */
static char *bind_source(struct bundle *b, const char *given, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	buf_addf(&path, "%s%s%s", *given == '/' ? "" : b->dir, *given == '/' ? "" : "/", given);
	return buf_check(&path, e) == -1 ? NULL : bundle_keep(b, buf_steal(&path), e);
}

/*
 * The host's files stay outside, but for the few that a runtime makes for the container; the sandbox looks whether they
 * are files. Without a network namespace of its own a container has no sysfs either, and "runc spec --rootless" binds the host's.
 */
static int read_bind(struct bundle *b, struct sandbox_mount *m, struct err *e)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/hostname" };

	m->type = "bind";
	if (!m->source)
		return err_set(e, ERR_CONTENT, "mounts: %s: no source to bind", m->destination);
	if (strcmp(m->destination, "/sys") == 0 && strcmp(m->source, "/sys") == 0) {
		m->type = "sysfs";
		return 0;
	}
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (strcmp(m->destination, files[i]) == 0)
			return (m->source = bind_source(b, m->source, e)) ? 0 : -1;
	return refuse(m, "a bind of ", m->source, e);
}

static int read_mount(struct bundle *b, struct json_value v, struct sandbox_mount *m, struct err *e)
{
	static const char *const refused[] = { "uidMappings", "gidMappings", NULL };
	struct json_value type = json_member(v, "type"), source = json_member(v, "source");
	char **options, *destination = bundle_string(b, json_member(v, "destination"), "mounts.destination", e);

	if (!destination || bundle_clean_path(destination, "mounts.destination", e) == -1 ||
	    bundle_refuse(v, "mounts.", refused, e) == -1)
		return -1;
	m->destination = destination;
	if (bundle_strings(b, json_member(v, "options"), "mounts.options", &options, e) == -1)
		return -1;
	m->options = options;
	if (json_exists(source) && !(m->source = bundle_string(b, source, "mounts.source", e)))
		return -1;
	if (has_option(options, "bind") || has_option(options, "rbind") || json_equals(type, "bind"))
		return read_bind(b, m, e);
	return (m->type = bundle_string(b, type, "mounts.type", e)) ? 0 : -1;
}

static int check_options(const struct sandbox_mount *m, struct err *e)
{
	static const char *const refused[] = { "shared", "rshared", "unbindable", "runbindable", "idmap", "ridmap", "tmpcopyup",
					       "remount", "copy-symlink", "src-nofollow", "dest-nofollow" };

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (has_option(m->options, refused[i]))
			return refuse(m, "option ", refused[i], e);
	return 0;
}

/* What shows the host's state is the container's to look at alone. */
static int check_type(struct sandbox_mount *m, struct err *e)
{
	static const char *const known[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "bind" };
	bool found = false;

	if (strcmp(m->type, "cgroup2") == 0)
		m->type = "cgroup";
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		found = found || strcmp(m->type, known[i]) == 0;
	if (!found)
		return refuse(m, "type ", m->type, e);
	if (strcmp(m->destination, "/") == 0)
		return refuse(m, m->type, " in place of the root", e);
	if (strcmp(m->type, "sysfs") == 0 && strcmp(m->destination, "/sys") != 0)
		return refuse(m, m->type, " in another place than /sys", e);
	if ((strcmp(m->type, "sysfs") == 0 || strcmp(m->type, "cgroup") == 0) && !is_readonly(m->options))
		return refuse(m, m->type, " without option ro", e);
	return check_options(m, e);
}

int bundle_read_mounts(struct bundle *b, struct json_value mounts, struct err *e)
{
	struct sandbox_mount *list = bundle_alloc(b, json_count(mounts), sizeof *list, e);
	struct sandbox *s = &b->sandbox;
	bool first = true;

	if (!list)
		return -1;
	s->mounts = list;
	for (struct json_value v = json_first(mounts); json_exists(v); v = json_next(v), first = false) {
		struct sandbox_mount *m = &list[s->mount_count];

		if (read_mount(b, v, m, e) == -1)
			return -1;
		if (first && strcmp(m->destination, "/") == 0 && strcmp(m->type, "overlay") == 0) {
			if (read_overlay(b, (char **)(uintptr_t)m->options, e) == -1)
				return -1;
			continue;
		}
		if (check_type(m, e) == -1)
			return -1;
		s->mount_count++;
	}
	return 0;
}
