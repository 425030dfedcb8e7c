#include "seccomp.h"

#include "buf.h"

#include <stdio.h>
#include <string.h>

static void put_words(struct json_writer *w, const char *list)
{
	for (; list && *list; list += strlen(list) + 1)
		json_put_string(w, NULL, list);
}

static void put_action(struct json_writer *w, const char *key, const char *errno_key, enum seccomp_action action, int data)
{
	char name[32];

	snprintf(name, sizeof name, "SCMP_ACT_%s", seccomp_action_names[action]);
	json_put_string(w, key, name);
	if (action == SECCOMP_ACT_ERRNO || action == SECCOMP_ACT_TRACE)
		json_put_int64(w, errno_key, data);
}

static void put_comparison(struct json_writer *w, const struct seccomp_comparison *c)
{
	char op[32];

	snprintf(op, sizeof op, "SCMP_CMP_%s", seccomp_op_names[c->op]);
	json_begin_object(w, NULL);
	json_put_int64(w, "index", c->index);
	json_put_uint64(w, "value", c->value);
	if (c->op == SECCOMP_MASKED_EQ)
		json_put_uint64(w, "valueTwo", c->second);
	json_put_string(w, "op", op);
	json_end(w);
}

static void put_entry(struct json_writer *w, const struct seccomp_entry *entry)
{
	json_begin_object(w, NULL);
	json_begin_array(w, "names");
	put_words(w, entry->names);
	json_end(w);
	put_action(w, "action", "errnoRet", entry->action, entry->data);
	if (entry->arg_count > 0) {
		json_begin_array(w, "args");
		for (size_t i = 0; i < entry->arg_count; i++)
			put_comparison(w, &entry->args[i]);
		json_end(w);
	}
	json_end(w);
}

void seccomp_put(struct json_writer *w, const char *key, const struct seccomp_profile *p,
		 const struct seccomp_machine *machine, uint64_t caps)
{
	json_begin_object(w, key);
	put_action(w, "defaultAction", "defaultErrnoRet", p->action, p->data);
	if (machine) {
		json_begin_array(w, "architectures");
		for (size_t i = 0; i < machine->arch_count; i++)
			if (i == 0 || seccomp_listed(p->arches, machine->arch[i].name))
				json_put_string(w, NULL, machine->arch[i].name);
		json_end(w);
	}
	if (p->log) {
		json_begin_array(w, "flags");
		json_put_string(w, NULL, "SECCOMP_FILTER_FLAG_LOG");
		json_end(w);
	}
	json_begin_array(w, "syscalls");
	for (size_t i = 0; i < p->count; i++)
		if (seccomp_applies(&p->entries[i], machine, caps))
			put_entry(w, &p->entries[i]);
	json_end(w);
	json_end(w);
}

char *seccomp_text(const struct seccomp_profile *p, const struct seccomp_machine *machine, uint64_t caps, size_t *len,
		   struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;
	struct json_writer w;
	size_t before;

	json_writer_init(&w, &text, SECCOMP_TEXT_INDENT);
	for (int depth = 0; depth < SECCOMP_TEXT_DEPTH; depth++)
		json_begin_array(&w, NULL);
	before = text.len + 1 + SECCOMP_TEXT_INDENT * SECCOMP_TEXT_DEPTH; /* a new line, and in */
	seccomp_put(&w, NULL, p, machine, caps);
	if (buf_check(&text, e) == -1)
		return NULL;
	*len = text.len - before;
	memmove(text.data, text.data + before, *len + 1);
	return buf_steal(&text);
}
