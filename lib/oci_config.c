#include "oci.h"

#include "io.h"
#include "oci_read.h"

#include <stdlib.h>
#include <string.h>

void strings_free(strings s)
{
	if (!s)
		return;
	for (char **p = s; *p; p++)
		free(*p);
	free(s);
}

size_t strings_count(const strings s)
{
	size_t n = 0;

	while (s && s[n])
		n++;
	return n;
}

static strings strings_new(size_t n, struct err *e)
{
	strings s = calloc(n + 1, sizeof *s);

	if (!s)
		err_nomem(e);
	return s;
}

strings strings_copy(const strings s, struct err *e)
{
	strings copy = s ? strings_new(strings_count(s), e) : NULL;

	for (size_t i = 0; copy && s[i]; i++) {
		copy[i] = strdup(s[i]);
		if (copy[i])
			continue;
		err_nomem(e);
		strings_free(copy);
		return NULL;
	}
	return copy;
}

/* The strings of an array, or with `get` json_key the names of an object's members. */
static int read_list(struct json_value object, const char *key, enum json_type type,
		     char *(*get)(struct json_value v, struct err *e), strings *out, struct err *e)
{
	struct json_value list = json_member(object, key);
	size_t n = 0;

	if (!oci_has(object, key))
		return 0;
	if (json_type(list) != type)
		return err_set(e, ERR_CONTENT, "%s: not %s", key, type == JSON_ARRAY ? "an array" : "an object");
	if (json_count(list) == 0)
		return 0;
	*out = strings_new(json_count(list), e);
	if (!*out)
		return -1;
	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v), n++) {
		(*out)[n] = get(v, e);
		if (!(*out)[n])
			return err_context(e, "%s[%zu]", key, n);
	}
	return 0;
}

static int read_strings(struct json_value object, const char *key, strings *out, struct err *e)
{
	return read_list(object, key, JSON_ARRAY, json_string, out, e);
}

static int read_names(struct json_value object, const char *key, strings *out, struct err *e)
{
	return read_list(object, key, JSON_OBJECT, json_key, out, e);
}

/* image-spec config.md: the member "config", which may be null */
static int read_execution(struct oci_config *c, struct json_value v, struct err *e)
{
	if (json_exists(v) && json_type(v) != JSON_OBJECT && json_type(v) != JSON_NULL)
		return err_set(e, ERR_CONTENT, "not an object");
	if (oci_read_text(v, "User", &c->user, e) == -1 || oci_read_text(v, "WorkingDir", &c->working_dir, e) == -1 ||
	    oci_read_text(v, "StopSignal", &c->stop_signal, e) == -1 || read_strings(v, "Env", &c->env, e) == -1 ||
	    read_strings(v, "Entrypoint", &c->entrypoint, e) == -1 || read_strings(v, "Cmd", &c->cmd, e) == -1 ||
	    read_names(v, "Volumes", &c->volumes, e) == -1)
		return -1;
	if (read_names(v, "ExposedPorts", &c->exposed_ports, e) == -1 || read_names(v, "Labels", &c->label_names, e) == -1)
		return -1;
	return read_list(v, "Labels", JSON_OBJECT, json_string, &c->label_values, e);
}

static int read_diff_ids(struct oci_config *c, struct json_value rootfs, struct err *e)
{
	struct json_value list = json_member(rootfs, "diff_ids");
	size_t n = json_count(list);

	if (oci_has(rootfs, "type") && !json_equals(json_member(rootfs, "type"), "layers"))
		return err_set(e, ERR_CONTENT, "type: not 'layers'");
	if (!oci_has(rootfs, "diff_ids"))
		return 0;
	if (json_type(list) != JSON_ARRAY)
		return err_set(e, ERR_CONTENT, "diff_ids: not an array");
	if (n > OCI_ENTRIES_MAX)
		return err_set(e, ERR_CONTENT, "diff_ids: %zu entries, more than %d", n, OCI_ENTRIES_MAX);
	c->diff_ids = calloc(n ? n : 1, sizeof *c->diff_ids);
	if (!c->diff_ids)
		return err_nomem(e);
	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v), c->count++)
		if (oci_value_digest(v, &c->diff_ids[c->count], e) == -1)
			return err_context(e, "diff_ids[%zu]", c->count);
	return 0;
}

int oci_config_parse(struct oci_config *c, const char *text, size_t len, struct err *e)
{
	cleanup_json struct json *doc = json_parse(text, len, e);
	cleanup_oci_config struct oci_config parsed = { 0 };
	struct json_value root = json_root(doc);
	bool has_platform;

	if (!doc)
		return -1;
	if (json_type(root) != JSON_OBJECT)
		return err_set(e, ERR_CONTENT, "not an object");
	if (oci_read_platform(root, &parsed.platform, &has_platform, e) == -1 ||
	    oci_read_text(root, "created", &parsed.created, e) == -1 ||
	    oci_read_text(root, "author", &parsed.author, e) == -1)
		return -1;
	if (read_execution(&parsed, json_member(root, "config"), e) == -1)
		return err_context(e, "config");
	if (read_diff_ids(&parsed, json_member(root, "rootfs"), e) == -1)
		return err_context(e, "rootfs");
	*c = parsed;
	parsed = (struct oci_config){ 0 };
	return 0;
}

void oci_config_clear(struct oci_config *c)
{
	free(c->created);
	free(c->author);
	free(c->user);
	free(c->working_dir);
	free(c->stop_signal);
	strings_free(c->env);
	strings_free(c->entrypoint);
	strings_free(c->cmd);
	strings_free(c->volumes);
	strings_free(c->exposed_ports);
	strings_free(c->label_names);
	strings_free(c->label_values);
	free(c->diff_ids);
	*c = (struct oci_config){ 0 };
}
