#include "seccomp.h"

#include "buf.h"
#include "io.h"
#include "sandbox_defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#define KERNEL(major, minor) ((major) << 16 | (minor))

static void *keep(struct seccomp_profile *p, void *ptr, struct err *e)
{
	void **more;

	if (!ptr)
		return NULL;
	more = realloc(p->owned, (p->owned_count + 1) * sizeof *more);
	if (!more) {
		free(ptr);
		err_nomem(e);
		return NULL;
	}
	p->owned = more;
	p->owned[p->owned_count++] = ptr;
	return ptr;
}

static void *alloc(struct seccomp_profile *p, size_t n, size_t size, struct err *e)
{
	void *ptr = calloc(n + 1, size);

	if (!ptr)
		err_nomem(e);
	return keep(p, ptr, e);
}

/* ---- values ---- */

static int read_uint64(struct json_value v, const char *name, uint64_t *out, struct err *e)
{
	size_t len = 0;
	const char *raw = json_type(v) == JSON_NUMBER ? json_raw(v, &len) : NULL;
	uint64_t n = 0;

	*out = 0;
	if (!json_exists(v) || json_type(v) == JSON_NULL)
		return 0;
	if (!raw)
		return err_set(e, ERR_CONTENT, "%s: not a number", name);
	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(raw[i] - '0');

		if (raw[i] < '0' || raw[i] > '9' || n > (UINT64_MAX - digit) / 10)
			return err_set(e, ERR_CONTENT, "%s: %.*s is not a number of 64 bits without a sign", name, (int)len, raw);
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

/* The position of prefix + name in a list; -1 for anything else. */
static int find_word(struct json_value v, const char *prefix, const char *const *words)
{
	char word[32];

	for (int i = 0; words[i]; i++) {
		snprintf(word, sizeof word, "%s%s", prefix, words[i]);
		if (json_equals(v, word))
			return i;
	}
	return -1;
}

static int unknown(struct json_value v, const char *name, struct err *e)
{
	size_t len = 0;
	const char *raw = json_exists(v) ? json_raw(v, &len) : "";

	return err_set(e, ERR_CONTENT, "%s: %.*s is unknown", name, (int)len, raw);
}

static int read_action(struct json_value v, const char *name, enum seccomp_action *out, struct err *e)
{
	int action = json_equals(v, "SCMP_ACT_KILL") ? SECCOMP_ACT_KILL_THREAD : find_word(v, "SCMP_ACT_", seccomp_action_names);

	if (json_equals(v, "SCMP_ACT_NOTIFY"))
		return err_set(e, ERR_USAGE, "%s: SCMP_ACT_NOTIFY is not supported: crun or runc can run this bundle", name);
	if (action == -1)
		return unknown(v, name, e);
	*out = (enum seccomp_action)action;
	return 0;
}

/* EPERM where it is not there (config-linux.md: errnoRet, defaultErrnoRet). */
static int read_errno(struct json_value v, const char *name, int *out, struct err *e)
{
	uint64_t n;

	*out = EPERM;
	if (!json_exists(v) || json_type(v) == JSON_NULL)
		return 0;
	if (read_uint64(v, name, &n, e) == -1)
		return -1;
	if (n > SECCOMP_ERRNO_MAX)
		return err_set(e, ERR_CONTENT, "%s: at most %d", name, SECCOMP_ERRNO_MAX);
	*out = (int)n;
	return 0;
}

/* Appends the strings of a JSON array as words of a list. */
static int add_words(struct buf *list, struct json_value v, const char *name, size_t max, struct err *e)
{
	if (json_count(v) > max)
		return err_set(e, ERR_CONTENT, "%s: more than %zu", name, max);
	if (json_exists(v) && json_type(v) != JSON_ARRAY && json_type(v) != JSON_NULL)
		return err_set(e, ERR_CONTENT, "%s: not an array", name);
	for (v = json_first(v); json_exists(v); v = json_next(v)) {
		cleanup_free char *word = json_string(v, e);

		if (!word)
			return err_context(e, "%s", name);
		if (*word)
			buf_add(list, word, strlen(word) + 1);
	}
	return 0;
}

/* Ends the list and hands it to the profile. An empty one is NULL. */
static int keep_words(struct seccomp_profile *p, struct buf *list, const char **out, struct err *e)
{
	*out = NULL;
	if (buf_check(list, e) == -1)
		return -1;
	if (list->len > 0)
		*out = keep(p, buf_steal(list), e);
	return list->len > 0 && !*out ? -1 : 0;
}

static int read_words(struct seccomp_profile *p, struct json_value v, const char *name, const char **out, struct err *e)
{
	cleanup_buf struct buf list = BUF_INIT;

	return add_words(&list, v, name, SECCOMP_NAMES_MAX, e) == -1 ? -1 : keep_words(p, &list, out, e);
}

/* ---- entries ---- */

static int read_comparison(struct json_value v, struct seccomp_comparison *c, struct err *e)
{
	struct json_value op = json_member(v, "op");
	int found = find_word(op, "SCMP_CMP_", seccomp_op_names);
	uint64_t index;

	if (read_uint64(json_member(v, "index"), "args.index", &index, e) == -1 ||
	    read_uint64(json_member(v, "value"), "args.value", &c->value, e) == -1 ||
	    read_uint64(json_member(v, "valueTwo"), "args.valueTwo", &c->second, e) == -1)
		return -1;
	if (index >= SECCOMP_ARGS)
		return err_set(e, ERR_CONTENT, "args.index: at most %d", SECCOMP_ARGS - 1);
	if (found == -1)
		return unknown(op, "args.op", e);
	c->index = (unsigned int)index;
	c->op = (enum seccomp_op)found;
	return 0;
}

static int read_args(struct seccomp_profile *p, struct json_value list, struct seccomp_entry *entry, struct err *e)
{
	struct seccomp_comparison *args;

	if (json_count(list) > SECCOMP_COMPARISONS_MAX)
		return err_set(e, ERR_CONTENT, "args: more than %d", SECCOMP_COMPARISONS_MAX);
	args = alloc(p, json_count(list), sizeof *args, e);
	if (!args)
		return -1;
	entry->args = args;
	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v))
		if (read_comparison(v, &args[entry->arg_count++], e) == -1)
			return -1;
	return 0;
}

/* One that we do not know nobody can have: then *all is false. */
static void read_caps(struct json_value list, uint64_t *caps, bool *all)
{
	*caps = 0;
	*all = true;
	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v)) {
		unsigned int cap = 0;

		while (sandbox_cap_name(cap) && !json_equals(v, sandbox_cap_name(cap)))
			cap++;
		if (sandbox_cap_name(cap))
			*caps |= UINT64_C(1) << cap;
		else
			*all = false;
	}
}

/* Whether this kernel is at least v, "4.8"; true where v is none. */
static bool kernel_is(struct json_value v)
{
	struct utsname u;
	unsigned int major, minor, our_major, our_minor;
	size_t len = 0;
	const char *raw = json_type(v) == JSON_STRING ? json_raw(v, &len) : "";
	cleanup_buf struct buf text = BUF_INIT;

	buf_add(&text, raw, len);
	if (sscanf(buf_text(&text), "\"%u.%u", &major, &minor) != 2 || uname(&u) == -1 ||
	    sscanf(u.release, "%u.%u", &our_major, &our_minor) != 2)
		return true;
	return KERNEL(our_major, our_minor) >= KERNEL(major, minor);
}

/* docker's includes and excludes. Returns 1 when the entry never applies. */
static int read_conditions(struct seccomp_profile *p, struct json_value v, struct seccomp_entry *entry, struct err *e)
{
	struct json_value in = json_member(v, "includes"), out = json_member(v, "excludes");
	struct json_value older = json_member(out, "minKernel");
	bool all, any;

	read_caps(json_member(in, "caps"), &entry->caps, &all);
	read_caps(json_member(out, "caps"), &entry->no_caps, &any);
	if (read_words(p, json_member(in, "arches"), "includes.arches", &entry->arches, e) == -1 ||
	    read_words(p, json_member(out, "arches"), "excludes.arches", &entry->no_arches, e) == -1)
		return -1;
	return !all || !kernel_is(json_member(in, "minKernel")) || (json_type(older) == JSON_STRING && kernel_is(older));
}

/* Returns 1 when the entry never applies. */
static int read_entry(struct seccomp_profile *p, struct json_value v, struct seccomp_entry *entry, struct err *e)
{
	struct json_value name = json_member(v, "name"); /* docker's older form */
	cleanup_buf struct buf names = BUF_INIT;

	if (json_type(name) == JSON_STRING && !json_equals(name, "")) {
		cleanup_free char *one = json_string(name, e);

		if (!one)
			return -1;
		buf_add(&names, one, strlen(one) + 1);
	}
	if (add_words(&names, json_member(v, "names"), "names", SECCOMP_NAMES_MAX, e) == -1 ||
	    keep_words(p, &names, &entry->names, e) == -1)
		return -1;
	if (!entry->names)
		return err_set(e, ERR_CONTENT, "names: missing");
	if (read_action(json_member(v, "action"), "action", &entry->action, e) == -1 ||
	    read_errno(json_member(v, "errnoRet"), "errnoRet", &entry->data, e) == -1 ||
	    read_args(p, json_member(v, "args"), entry, e) == -1)
		return -1;
	return read_conditions(p, v, entry, e);
}

static int read_entries(struct seccomp_profile *p, struct json_value list, struct err *e)
{
	struct seccomp_entry *entries;
	int skipped;

	if (json_count(list) > SECCOMP_ENTRIES_MAX)
		return err_set(e, ERR_CONTENT, "syscalls: more than %d", SECCOMP_ENTRIES_MAX);
	entries = alloc(p, json_count(list), sizeof *entries, e);
	if (!entries)
		return -1;
	p->entries = entries;
	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v)) {
		struct seccomp_entry *entry = &entries[p->count];

		skipped = read_entry(p, v, entry, e);
		if (skipped == -1)
			return err_context(e, "syscalls");
		if (skipped)
			*entry = (struct seccomp_entry){ .names = NULL };
		else
			p->count++;
	}
	return 0;
}

/* ---- the profile ---- */

/* docker's archMap says which go with which. */
static int add_arch_map(struct buf *arches, struct json_value map, const struct seccomp_machine *machine, struct err *e)
{
	for (struct json_value v = json_first(map); machine && json_exists(v); v = json_next(v))
		if (json_equals(json_member(v, "architecture"), machine->arch[0].name) &&
		    add_words(arches, json_member(v, "subArchitectures"), "archMap", SECCOMP_NAMES_MAX, e) == -1)
			return -1;
	return 0;
}

static int read_arches(struct seccomp_profile *p, struct json_value v, const struct seccomp_machine *machine, struct err *e)
{
	cleanup_buf struct buf arches = BUF_INIT;

	if (add_words(&arches, json_member(v, "architectures"), "architectures", SECCOMP_NAMES_MAX, e) == -1 ||
	    add_arch_map(&arches, json_member(v, "archMap"), machine, e) == -1 || keep_words(p, &arches, &p->arches, e) == -1)
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
		int found = find_word(v, "SECCOMP_FILTER_FLAG_", names);

		if (json_equals(v, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
			return err_set(e, ERR_USAGE, "flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is not supported");
		if (found == -1)
			return unknown(v, "flags", e);
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
	if (read_action(json_member(v, "defaultAction"), "defaultAction", &p->action, e) == -1 ||
	    read_errno(json_member(v, "defaultErrnoRet"), "defaultErrnoRet", &p->data, e) == -1 ||
	    read_arches(p, v, machine, e) == -1 || read_flags(p, json_member(v, "flags"), e) == -1)
		return -1;
	return read_entries(p, json_member(v, "syscalls"), e);
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
