#include "seccomp_read.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* docker's archMap says which go with which. */
static int add_arch_map(struct buf *arches, struct json_value map, const struct seccomp_machine *machine, struct err *e)
{
	for (struct json_value v = json_first(map); machine && json_exists(v); v = json_next(v))
		if (json_equals(json_member(v, "architecture"), machine->arch[0].name) &&
		    seccomp_add_words(arches, json_member(v, "subArchitectures"), "archMap", SECCOMP_NAMES_MAX, e) == -1)
			return -1;
	return 0;
}

static int read_arches(struct seccomp_profile *p, struct json_value v, const struct seccomp_machine *machine, struct err *e)
{
	cleanup_buf struct buf arches = BUF_INIT;

	if (seccomp_add_words(&arches, json_member(v, "architectures"), "architectures", SECCOMP_NAMES_MAX, e) == -1 ||
	    add_arch_map(&arches, json_member(v, "archMap"), machine, e) == -1 || seccomp_keep_words(p, &arches, &p->arches, e) == -1)
		return -1;
	for (const char *name = p->arches; name && *name; name += strlen(name) + 1)
		if (strncmp(name, "SCMP_ARCH_", strlen("SCMP_ARCH_")) != 0)
			return err_set(e, ERR_CONTENT, "architectures: %s is unknown", name);
	return 0;
}

/*
 * SPEC_ALLOW would take a protection away, which nobody has to; TSYNC is about other threads, of which there are none when a
 * container starts.
 */
static int read_flags(struct seccomp_profile *p, struct json_value list, struct err *e)
{
	static const char *const names[] = { "LOG", "SPEC_ALLOW", "TSYNC", NULL };

	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v)) {
		int found = seccomp_find(v, "SECCOMP_FILTER_FLAG_", names);

		if (json_equals(v, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
			return err_set(e, ERR_USAGE, "flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is not supported");
		if (found == -1)
			return seccomp_unknown(v, "flags", e);
		p->log = p->log || found == 0;
	}
	return 0;
}

int seccomp_read(struct seccomp_profile *p, struct json_value v, const struct seccomp_machine *machine, struct err *e)
{
	struct json_value path = json_member(v, "listenerPath");

	*p = (struct seccomp_profile){ .count = 0 };
	if (json_type(v) != JSON_OBJECT)
		return err_set(e, ERR_CONTENT, "not an object");
	if (json_exists(path) && json_type(path) != JSON_NULL && !json_equals(path, ""))
		return err_set(e, ERR_USAGE, "listenerPath is not supported: crun or runc can run this bundle");
	if (seccomp_read_action(json_member(v, "defaultAction"), "defaultAction", &p->action, e) == -1 ||
	    seccomp_read_errno(json_member(v, "defaultErrnoRet"), "defaultErrnoRet", &p->data, e) == -1 ||
	    read_arches(p, v, machine, e) == -1 || read_flags(p, json_member(v, "flags"), e) == -1)
		return -1;
	return seccomp_read_entries(p, json_member(v, "syscalls"), e);
}

int seccomp_read_file(struct seccomp_profile *p, const char *path, const struct seccomp_machine *machine, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_json struct json *doc = NULL;

	*p = (struct seccomp_profile){ .count = 0 };
	if (fd == -1)
		return err_errno(e, errno, "%s", path);
	if (io_read_all(fd, JSON_BYTES_MAX, &text, e) == -1)
		return err_context(e, "%s", path);
	doc = json_parse(buf_text(&text), text.len, e);
	if (!doc || seccomp_read(p, json_root(doc), machine, e) == -1)
		return err_context(e, "%s", path);
	return 0;
}
