#include "bundle_write.h"

#include "bundle_seccomp.h"
#include "sandbox_defaults.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_TERM "TERM=xterm"
#define SYS_OPTIONS_MAX 8
#define PTS_OPTIONS_MAX 16

/* Whether the list sets `name` (bytes up to '=', or the whole entry: a name that is to be absent). */
static bool env_has(char *const *env, const char *name, size_t len)
{
	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && ((*env)[len] == '=' || (*env)[len] == '\0'))
			return true;
	return false;
}

static void put_env(struct json_writer *w, char *const *image, char *const *user, const char *entry)
{
	size_t len = strcspn(entry, "=");

	if (!env_has(image, entry, len) && !env_has(user, entry, len))
		json_put_string(w, NULL, entry);
}

/* Ours, then the image's, then the user's; of a name that occurs in several the last alone. */
static int put_environment(struct json_writer *w, const struct oci_config *image, const struct user *user,
			   const struct bundle_overrides *over, struct err *e)
{
	cleanup_buf struct buf entry = BUF_INIT;

	json_begin_array(w, "env");
	put_env(w, image->env, over->env, SANDBOX_DEFAULT_PATH);
	if (over->hostname) {
		buf_addf(&entry, "HOSTNAME=%s", over->hostname);
		put_env(w, image->env, over->env, buf_text(&entry));
	}
	if (over->terminal)
		put_env(w, image->env, over->env, DEFAULT_TERM);
	buf_reset(&entry);
	buf_addf(&entry, "HOME=%s", user->home[0] ? user->home : "/");
	put_env(w, image->env, over->env, buf_text(&entry));
	for (char *const *p = image->env; p && *p; p++)
		put_env(w, NULL, over->env, *p);
	for (char *const *p = over->env; p && *p; p++)
		if (strchr(*p, '=') && !env_has(p + 1, *p, strcspn(*p, "=")))
			json_put_string(w, NULL, *p);
	json_end(w);
	return buf_check(&entry, e);
}

/*
 * args = Entrypoint + Cmd. A given entrypoint discards the image's Cmd, a given command replaces it. Where there is none, whoever
 * runs the bundle has to give one.
 */
static void put_args(struct json_writer *w, const struct oci_config *image, const struct bundle_overrides *over)
{
	char *const *entrypoint = image->entrypoint, *const *cmd = over->cmd ? over->cmd : image->cmd;
	char *const given[] = { (char *)(uintptr_t)over->entrypoint, NULL };

	if (over->entrypoint) {
		entrypoint = *over->entrypoint ? given : NULL;
		cmd = over->cmd;
	}
	if (!(entrypoint && *entrypoint) && !(cmd && *cmd))
		return;
	json_begin_array(w, "args");
	for (; entrypoint && *entrypoint; entrypoint++)
		json_put_string(w, NULL, *entrypoint);
	for (; cmd && *cmd; cmd++)
		json_put_string(w, NULL, *cmd);
	json_end(w);
}

void bundle_working_dir(const struct oci_config *image, const struct bundle_overrides *over, struct buf *out)
{
	const char *dir = over->working_dir ? over->working_dir : image->working_dir;

	buf_addf(out, "%s%s", dir && *dir == '/' ? "" : "/", dir ? dir : "");
}

/* With a single id the kernel lets nobody choose groups. */
static void put_user(struct json_writer *w, const struct user *user, const struct userns *ns)
{
	json_begin_object(w, "user");
	json_put_int64(w, "uid", user->uid);
	json_put_int64(w, "gid", user->gid);
	if (user->group_count > 0 && ns->kind != USERNS_SINGLE) {
		json_begin_array(w, "additionalGids");
		for (size_t i = 0; i < user->group_count; i++)
			json_put_int64(w, NULL, user->groups[i]);
		json_end(w);
	}
	json_end(w);
}

static void put_caps(struct json_writer *w, const char *key, uint64_t set)
{
	json_begin_array(w, key);
	for (unsigned int cap = 0; cap < 64; cap++)
		if (set >> cap & 1 && sandbox_cap_name(cap))
			json_put_string(w, NULL, sandbox_cap_name(cap));
	json_end(w);
}

static void put_privileges(struct json_writer *w, const struct security *security)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	uint64_t caps = security ? security_caps(security, sandbox_default_caps) : sandbox_default_caps;

	json_begin_object(w, "capabilities");
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		put_caps(w, sets[i], caps);
	json_end(w);
	json_put_bool(w, "noNewPrivileges", !security || security->no_new_privs != 0);
}

/* A core dump would go to whom the host's core_pattern names. */
static void put_limits(struct json_writer *w)
{
	json_begin_array(w, "rlimits");
	json_begin_object(w, NULL);
	json_put_string(w, "type", "RLIMIT_CORE");
	json_put_int64(w, "hard", 0);
	json_put_int64(w, "soft", 0);
	json_end(w);
	json_end(w);
}

static int put_process(struct json_writer *w, const struct oci_config *image, const struct user *user,
		       const struct bundle_overrides *over, const struct userns *ns, struct err *e)
{
	cleanup_buf struct buf cwd = BUF_INIT;

	json_begin_object(w, "process");
	json_put_bool(w, "terminal", over->terminal);
	put_user(w, user, ns);
	put_args(w, image, over);
	if (put_environment(w, image, user, over, e) == -1)
		return -1;
	bundle_working_dir(image, over, &cwd);
	json_put_string(w, "cwd", buf_text(&cwd));
	put_privileges(w, over->security);
	put_limits(w);
	json_end(w);
	return buf_check(&cwd, e);
}

static void put_mount(struct json_writer *w, const char *destination, const char *type, const char *source,
		      char *const *options)
{
	json_begin_object(w, NULL);
	json_put_string(w, "destination", destination);
	json_put_string(w, "type", type);
	json_put_string(w, "source", source ? source : type);
	json_begin_array(w, "options");
	for (; options && *options; options++)
		json_put_string(w, NULL, *options);
	json_end(w);
	json_end(w);
}

static void add_escaped(struct buf *b, const char *path)
{
	for (; *path; path++) {
		if (*path == ':' || *path == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *path);
	}
}

static int put_overlay(struct json_writer *w, const struct bundle_overlay *overlay, struct err *e)
{
	cleanup_buf struct buf lower = BUF_INIT, upper = BUF_INIT, work = BUF_INIT;
	char *options[5] = { NULL };
	size_t n = 0;

	buf_adds(&lower, "lowerdir=");
	for (size_t i = 0; i < overlay->count; i++) {
		if (i > 0)
			buf_addc(&lower, ':');
		add_escaped(&lower, overlay->lower[i]);
	}
	options[n++] = lower.data;
	if (overlay->upper) {
		buf_adds(&upper, "upperdir=");
		add_escaped(&upper, overlay->upper);
		buf_adds(&work, "workdir=");
		add_escaped(&work, overlay->work);
		options[n++] = upper.data;
		options[n++] = work.data;
	}
	options[n++] = (char[]){ "userxattr" };
	if (buf_check(&lower, e) == -1 || buf_check(&upper, e) == -1 || buf_check(&work, e) == -1)
		return -1;
	put_mount(w, "/", "overlay", "overlay", options);
	return 0;
}

/* For a user namespace: a fresh sysfs belongs to a network namespace, which it does not have, and so it is the host's. */
static void put_sys(struct json_writer *w, const struct sandbox_mount *m)
{
	char *options[SYS_OPTIONS_MAX + 2] = { (char[]){ "rbind" }, NULL };

	for (size_t n = 0; m->options[n] && n < SYS_OPTIONS_MAX; n++)
		options[n + 1] = m->options[n];
	put_mount(w, m->destination, "none", "/sys", options);
}

/* Without the terminals' group where nobody could have it. */
static void put_pts(struct json_writer *w, const struct sandbox_mount *m, const struct userns *ns)
{
	char *options[PTS_OPTIONS_MAX + 1] = { NULL };
	size_t n = 0;

	for (char *const *p = m->options; *p && n < PTS_OPTIONS_MAX; p++)
		if (strncmp(*p, "gid=", 4) != 0 || userns_maps(ns, true, (uint32_t)strtoul(*p + 4, NULL, 10)))
			options[n++] = *p;
	put_mount(w, m->destination, m->type, m->source, options);
}

static int put_mounts(struct json_writer *w, const struct bundle_overlay *overlay, const struct userns *ns, struct err *e)
{
	json_begin_array(w, "mounts");
	if (overlay && overlay->count > 0 && put_overlay(w, overlay, e) == -1)
		return -1;
	for (size_t i = 0; i < sandbox_default_mount_count; i++) {
		const struct sandbox_mount *m = &sandbox_default_mounts[i];

		if (strcmp(m->type, "sysfs") == 0 && ns->kind != USERNS_NONE)
			put_sys(w, m);
		else if (strcmp(m->type, "devpts") == 0)
			put_pts(w, m, ns);
		else
			put_mount(w, m->destination, m->type, m->source, m->options);
	}
	json_end(w);
	return 0;
}

static void put_strings(struct json_writer *w, const char *key, const char *const *list)
{
	json_begin_array(w, key);
	for (; *list; list++)
		json_put_string(w, NULL, *list);
	json_end(w);
}

static void put_map(struct json_writer *w, const char *key, const struct userns_extent *map, size_t count)
{
	json_begin_array(w, key);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(w, NULL);
		json_put_int64(w, "containerID", map[i].inside);
		json_put_int64(w, "hostID", map[i].outside);
		json_put_int64(w, "size", map[i].count);
		json_end(w);
	}
	json_end(w);
}

static void put_namespaces(struct json_writer *w, bool user)
{
	static const char *const namespaces[] = { "pid", "ipc", "uts", "mount", "user" };

	json_begin_array(w, "namespaces");
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces - !user; i++) {
		json_begin_object(w, NULL);
		json_put_string(w, "type", namespaces[i]);
		json_end(w);
	}
	json_end(w);
}

/* Its last member: bundle_seccomp.c knows what our own looks like. */
static int put_seccomp(struct json_writer *w, const struct security *security, struct err *e)
{
	if (!security)
		bundle_put_seccomp(w, sandbox_default_caps);
	else if (security->seccomp)
		return bundle_put_seccomp_file(w, security->seccomp, security_caps(security, sandbox_default_caps), e);
	else if (!security->seccomp_unconfined)
		bundle_put_seccomp(w, security_caps(security, sandbox_default_caps));
	return 0;
}

static int put_linux(struct json_writer *w, const struct security *security, const struct userns *ns, struct err *e)
{
	json_begin_object(w, "linux");
	put_namespaces(w, ns->kind != USERNS_NONE);
	if (ns->kind != USERNS_NONE) {
		put_map(w, "uidMappings", ns->uids, ns->uid_count);
		put_map(w, "gidMappings", ns->gids, ns->gid_count);
	}
	if (!security || !security->systempaths_unconfined) {
		put_strings(w, "maskedPaths", sandbox_default_masked);
		put_strings(w, "readonlyPaths", sandbox_default_readonly);
	}
	if (put_seccomp(w, security, e) == -1)
		return -1;
	json_end(w);
	return 0;
}

int bundle_write_config(const struct oci_config *image, const struct user *user, const struct bundle_overrides *over,
			const struct bundle_overlay *overlay, const struct userns *ns, struct buf *out, struct err *e)
{
	struct json_writer w;

	json_writer_init(&w, out, 2);
	json_begin_object(&w, NULL);
	json_put_string(&w, "ociVersion", "1.0.2");
	if (put_process(&w, image, user, over, ns, e) == -1)
		return -1;
	json_begin_object(&w, "root");
	json_put_string(&w, "path", "rootfs");
	json_put_bool(&w, "readonly", over->readonly_root);
	json_end(&w);
	if (over->hostname)
		json_put_string(&w, "hostname", over->hostname);
	if (put_mounts(&w, overlay, ns, e) == -1)
		return -1;
	if (put_linux(&w, over->security, ns, e) == -1 || bundle_put_annotations(&w, image, e) == -1)
		return -1;
	json_end(&w);
	buf_addc(out, '\n');
	return buf_check(out, e);
}
