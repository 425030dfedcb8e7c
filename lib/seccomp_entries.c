#include "seccomp_read.h"

#include "io.h"
#include "sandbox_defaults.h"

#include <string.h>
#include <sys/utsname.h>

#define KERNEL(major, minor) ((major) << 16 | (minor))

static int read_comparison(struct json_value v, struct seccomp_comparison *c, struct err *e)
{
	struct json_value op = json_member(v, "op");
	int found = seccomp_find(op, "SCMP_CMP_", seccomp_op_names);
	uint64_t index;

	if (seccomp_read_uint64(json_member(v, "index"), "args.index", &index, e) == -1 ||
	    seccomp_read_uint64(json_member(v, "value"), "args.value", &c->value, e) == -1 ||
	    seccomp_read_uint64(json_member(v, "valueTwo"), "args.valueTwo", &c->second, e) == -1)
		return -1;
	if (index >= SECCOMP_ARGS)
		return err_set(e, ERR_CONTENT, "args.index: at most %d", SECCOMP_ARGS - 1);
	if (found == -1)
		return seccomp_unknown(op, "args.op", e);
	c->index = (unsigned int)index;
	c->op = (enum seccomp_op)found;
	return 0;
}

static int read_args(struct seccomp_profile *p, struct json_value list, struct seccomp_entry *entry, struct err *e)
{
	struct seccomp_comparison *args;

	if (json_count(list) > SECCOMP_COMPARISONS_MAX)
		return err_set(e, ERR_CONTENT, "args: more than %d", SECCOMP_COMPARISONS_MAX);
	args = seccomp_alloc(p, json_count(list), sizeof *args, e);
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
	if (seccomp_read_words(p, json_member(in, "arches"), "includes.arches", &entry->arches, e) == -1 ||
	    seccomp_read_words(p, json_member(out, "arches"), "excludes.arches", &entry->no_arches, e) == -1)
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
	if (seccomp_add_words(&names, json_member(v, "names"), "names", SECCOMP_NAMES_MAX, e) == -1 ||
	    seccomp_keep_words(p, &names, &entry->names, e) == -1)
		return -1;
	if (!entry->names)
		return err_set(e, ERR_CONTENT, "names: missing");
	if (seccomp_read_action(json_member(v, "action"), "action", &entry->action, e) == -1 ||
	    seccomp_read_errno(json_member(v, "errnoRet"), "errnoRet", &entry->data, e) == -1 ||
	    read_args(p, json_member(v, "args"), entry, e) == -1)
		return -1;
	return read_conditions(p, v, entry, e);
}

int seccomp_read_entries(struct seccomp_profile *p, struct json_value list, struct err *e)
{
	struct seccomp_entry *entries;
	int skipped;

	if (json_count(list) > SECCOMP_ENTRIES_MAX)
		return err_set(e, ERR_CONTENT, "syscalls: more than %d", SECCOMP_ENTRIES_MAX);
	entries = seccomp_alloc(p, json_count(list), sizeof *entries, e);
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
