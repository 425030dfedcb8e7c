#include "bundle_seccomp.h"

#include "sandbox_defaults.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MAP_ID_MAX ((int64_t)UINT32_MAX)
#define DEVICE_NUMBER_MAX 1048575 /* of a minor, as the kernel has it */

static int refuse(struct err *e, const char *section, struct json_value v)
{
	size_t len = 0;
	const char *raw = json_exists(v) ? json_raw(v, &len) : "";

	return err_set(e, ERR_USAGE, "%s: %.*s is not supported: crun or runc can run this bundle", section, (int)len, raw);
}

/* *user: whether one of them is a user namespace. Of the others those that are missing are made all the same. */
static int read_namespaces(struct json_value list, bool *user, struct err *e)
{
	static const char *const known[] = { "pid", "ipc", "uts", "mount", "cgroup", "user" };
	static const char *const path[] = { "path", NULL };

	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v)) {
		struct json_value type = json_member(v, "type");
		size_t i = 0;

		while (i < sizeof known / sizeof *known && !json_equals(type, known[i]))
			i++;
		if (i == sizeof known / sizeof *known)
			return refuse(e, "linux.namespaces", type);
		if (bundle_refuse(v, "linux.namespaces: ", path, e) == -1)
			return -1;
		*user = *user || json_equals(type, "user");
	}
	return 0;
}

static int read_map(struct json_value list, const char *name, struct userns_extent *map, size_t *count, struct err *e)
{
	int64_t inside, outside, n;

	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v)) {
		if (*count == USERNS_EXTENTS_MAX)
			return err_set(e, ERR_USAGE, "%s: more than %d", name, USERNS_EXTENTS_MAX);
		if (bundle_number(json_member(v, "containerID"), name, MAP_ID_MAX, &inside, e) == -1 ||
		    bundle_number(json_member(v, "hostID"), name, MAP_ID_MAX, &outside, e) == -1 ||
		    bundle_number(json_member(v, "size"), name, MAP_ID_MAX, &n, e) == -1)
			return -1;
		map[(*count)++] = (struct userns_extent){ (uint32_t)inside, (uint32_t)outside, (uint32_t)n };
	}
	return 0;
}

/* Without mappings, whoever runs the bundle decides: struct userns says NONE. */
static int read_mappings(struct bundle *b, struct json_value v, bool user, struct err *e)
{
	struct json_value uids = json_member(v, "uidMappings"), gids = json_member(v, "gidMappings");
	struct userns *ns = &b->sandbox.userns;

	if (json_count(uids) == 0 && json_count(gids) == 0)
		return 0;
	if (!user)
		return err_set(e, ERR_CONTENT, "linux.uidMappings and gidMappings: linux.namespaces has no user namespace");
	if (json_count(uids) == 0 || json_count(gids) == 0)
		return err_set(e, ERR_CONTENT, "linux.%s is missing", json_count(uids) == 0 ? "uidMappings" : "gidMappings");
	if (read_map(uids, "linux.uidMappings", ns->uids, &ns->uid_count, e) == -1 ||
	    read_map(gids, "linux.gidMappings", ns->gids, &ns->gid_count, e) == -1)
		return -1;
	return userns_plan_given(ns, e) == -1 ? err_context(e, "linux.uidMappings and gidMappings") : 0;
}

/* The number of a harmless device, "c"; false for any other. */
static bool harmless(struct json_value v, int64_t *major, int64_t *minor)
{
	struct err ignored = ERR_INIT;

	return (json_equals(json_member(v, "type"), "c") || json_equals(json_member(v, "type"), "u")) &&
	       bundle_number(json_member(v, "major"), "major", DEVICE_NUMBER_MAX, major, &ignored) == 0 &&
	       bundle_number(json_member(v, "minor"), "minor", DEVICE_NUMBER_MAX, minor, &ignored) == 0 &&
	       sandbox_device_path((unsigned int)*major, (unsigned int)*minor) != NULL;
}

/* The host's devices are shown as they are: what is said of their owner and mode has to be so. */
static int check_owner(struct json_value v, const struct sandbox_device *d, struct err *e)
{
	static const char *const names[] = { "fileMode", "uid", "gid" };
	struct stat st;
	int64_t n;

	if (stat(sandbox_device_path(d->major, d->minor), &st) == -1)
		return err_errno(e, errno, "linux.devices: %s", d->path);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const int64_t is[] = { st.st_mode & 07777, st.st_uid, st.st_gid };
		struct json_value member = json_member(v, names[i]);

		if (!json_exists(member) || json_type(member) == JSON_NULL)
			continue;
		if (bundle_number(member, "linux.devices", UINT32_MAX, &n, e) == -1)
			return -1;
		if ((i == 0 ? n & 07777 : n) != is[i])
			return err_set(e, ERR_USAGE, "linux.devices: %s: another %s than the host's is not supported: "
						     "crun or runc can run this bundle", d->path, names[i]);
	}
	return 0;
}

static bool is_default(const struct sandbox_device *d)
{
	for (size_t i = 0; i < sandbox_default_device_count; i++)
		if (strcmp(sandbox_default_devices[i].path, d->path) == 0)
			return sandbox_default_devices[i].major == d->major && sandbox_default_devices[i].minor == d->minor;
	return false;
}

static int read_devices(struct bundle *b, struct json_value list, struct err *e)
{
	struct sandbox_device *devices = bundle_alloc(b, json_count(list), sizeof *devices, e);
	struct sandbox *s = &b->sandbox;
	int64_t major, minor;

	if (!devices)
		return -1;
	s->devices = devices;
	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v)) {
		struct sandbox_device *d = &devices[s->device_count];
		char *path = bundle_string(b, json_member(v, "path"), "linux.devices.path", e);

		if (!path || bundle_clean_path(path, "linux.devices.path", e) == -1)
			return -1;
		if (strncmp(path, "/dev/", 5) != 0 || !harmless(v, &major, &minor))
			return refuse(e, "linux.devices", json_member(v, "path"));
		*d = (struct sandbox_device){ path, (unsigned int)major, (unsigned int)minor };
		if (check_owner(v, d, e) == -1)
			return -1;
		s->device_count += !is_default(d);
	}
	return 0;
}

/* The parameters of namespaces that every container has for itself (and runc's list). What is of the network is the host's. */
static bool is_owned_sysctl(const char *name)
{
	static const char *const known[] = {
		"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax",
		"kernel/shmmni", "kernel/shm_rmid_forced", "fs/mqueue/queues_max", "fs/mqueue/msg_max", "fs/mqueue/msgsize_max",
		"fs/mqueue/msg_default", "fs/mqueue/msgsize_default",
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

static int read_sysctls(struct bundle *b, struct json_value object, struct err *e)
{
	struct sandbox_sysctl *list = bundle_alloc(b, json_count(object), sizeof *list, e);
	struct sandbox *s = &b->sandbox;

	if (!list)
		return -1;
	s->sysctls = list;
	for (struct json_value v = json_first(object); json_exists(v); v = json_next(v)) {
		char *name = bundle_keep(b, json_key(v, e), e), *value;

		if (!name || !(value = bundle_string(b, v, "linux.sysctl", e)))
			return -1;
		if (!strchr(name, '/')) /* else it is in that form already (sysctl(8)) */
			for (char *p = name; (p = strchr(p, '.'));)
				*p = '/';
		if (strcmp(name, "kernel/domainname") == 0 && (!s->domainname || strcmp(s->domainname, value) == 0))
			s->domainname = value;
		else if (strcmp(name, "kernel/domainname") == 0)
			return err_set(e, ERR_CONTENT, "linux.sysctl: kernel.domainname is not what domainname says");
		else if (is_owned_sysctl(name))
			list[s->sysctl_count++] = (struct sandbox_sysctl){ name, value };
		else
			return refuse(e, "linux.sysctl", json_name(v));
	}
	return 0;
}

/*
 * What a rule of the devices' cgroup lets through. A container has the harmless devices and its terminals, and makes no nodes
 * that could be opened: a rule that allows no more than that asks for nothing.
 */
static bool allows_nothing_new(struct json_value rule)
{
	struct json_value major = json_member(rule, "major"), minor = json_member(rule, "minor");
	int64_t a, b;

	if (!json_bool(json_member(rule, "allow"), false) || json_equals(json_member(rule, "access"), "m"))
		return true;
	if (harmless(rule, &a, &b))
		return true;
	if (!json_equals(json_member(rule, "type"), "c"))
		return false;
	/* Terminals, the console, and what makes terminals. */
	return bundle_is_number(major, 136) ||
	       (bundle_is_number(major, 5) && (bundle_is_number(minor, 1) || bundle_is_number(minor, 2)));
}

static int check_resources(struct json_value resources, struct err *e)
{
	static const char *const refused[] = { "memory", "cpu", "pids", "blockIO", "hugepageLimits", "network", "rdma",
					       "unified", NULL };

	for (struct json_value v = json_first(json_member(resources, "devices")); json_exists(v); v = json_next(v))
		if (!allows_nothing_new(v))
			return refuse(e, "linux.resources.devices", v);
	return bundle_refuse(resources, "linux.resources.", refused, e);
}

static int check_propagation(struct json_value v, struct err *e)
{
	static const char *const known[] = { "", "private", "rprivate", "slave", "rslave" };

	if (!json_exists(v) || json_type(v) == JSON_NULL)
		return 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (json_equals(v, known[i]))
			return 0;
	return refuse(e, "linux.rootfsPropagation", v);
}

int bundle_read_linux(struct bundle *b, struct json_value v, struct err *e)
{
	static const char *const refused[] = { "cgroupsPath", "mountLabel", "intelRdt", "personality", "timeOffsets",
					       "netDevices", "memoryPolicy", NULL };
	char **masked, **readonly;
	bool user = false;

	if (bundle_refuse(v, "linux.", refused, e) == -1 || check_resources(json_member(v, "resources"), e) == -1 ||
	    check_propagation(json_member(v, "rootfsPropagation"), e) == -1)
		return -1;
	if (read_namespaces(json_member(v, "namespaces"), &user, e) == -1 || read_mappings(b, v, user, e) == -1)
		return -1;
	if (read_devices(b, json_member(v, "devices"), e) == -1 || read_sysctls(b, json_member(v, "sysctl"), e) == -1)
		return -1;
	if (bundle_strings(b, json_member(v, "maskedPaths"), "linux.maskedPaths", &masked, e) == -1 ||
	    bundle_strings(b, json_member(v, "readonlyPaths"), "linux.readonlyPaths", &readonly, e) == -1)
		return -1;
	b->sandbox.masked = (const char *const *)masked;
	b->sandbox.readonly = (const char *const *)readonly;
	return bundle_read_seccomp(b, json_member(v, "seccomp"), e);
}
