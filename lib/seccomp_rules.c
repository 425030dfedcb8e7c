#include "seccomp_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT 0x40000000u /* <asm/unistd.h> __X32_SYSCALL_BIT */

/* Calls of 32-bit x86 that go through another one, whose first argument says which: socketcall(2), ipc(2). */
static const struct multiplexed {
	const char *name, *through;
	struct seccomp_comparison which;
} multiplexed[] = {
#define SOCKETCALL(name, n) { name, "socketcall", { 0, SECCOMP_EQ, n, 0 } }
#define IPC(name, n) { name, "ipc", { 0, SECCOMP_MASKED_EQ, 0xffff, n } } /* above: a version */
	SOCKETCALL("socket", 1), SOCKETCALL("bind", 2), SOCKETCALL("connect", 3), SOCKETCALL("listen", 4),
	SOCKETCALL("accept", 5), SOCKETCALL("getsockname", 6), SOCKETCALL("getpeername", 7), SOCKETCALL("socketpair", 8),
	SOCKETCALL("send", 9), SOCKETCALL("recv", 10), SOCKETCALL("sendto", 11), SOCKETCALL("recvfrom", 12),
	SOCKETCALL("shutdown", 13), SOCKETCALL("setsockopt", 14), SOCKETCALL("getsockopt", 15), SOCKETCALL("sendmsg", 16),
	SOCKETCALL("recvmsg", 17), SOCKETCALL("accept4", 18), SOCKETCALL("recvmmsg", 19), SOCKETCALL("sendmmsg", 20),
	IPC("semop", 1), IPC("semget", 2), IPC("semctl", 3), IPC("semtimedop", 4), IPC("msgsnd", 11), IPC("msgrcv", 12),
	IPC("msgget", 13), IPC("msgctl", 14), IPC("shmat", 21), IPC("shmdt", 22), IPC("shmget", 23), IPC("shmctl", 24),
};

static int compare_name(const void *name, const void *call)
{
	return strcmp(name, ((const struct seccomp_call *)call)->name);
}

/* -1: the architecture has no such call. */
static int64_t find_number(const struct seccomp_table *t, size_t arch, const char *name)
{
	const struct seccomp_call *call = bsearch(name, t->calls, t->count, sizeof *t->calls, compare_name);

	return call ? call->number[arch] : -1;
}

static int add_rule(struct seccomp_ranges *r, int64_t number, const struct seccomp_entry *entry,
		    const struct seccomp_comparison *args, size_t arg_count, struct err *e)
{
	if (number == -1)
		return 0;
	if (r->rule_count == SECCOMP_RULES_MAX)
		return err_set(e, ERR_CONTENT, "more than %d rules", SECCOMP_RULES_MAX);
	if (r->rule_count == r->rule_room) {
		size_t room = r->rule_room ? 2 * r->rule_room : 512;
		struct seccomp_rule *more = realloc(r->rules, room * sizeof *more);

		if (!more)
			return err_nomem(e);
		r->rules = more;
		r->rule_room = room;
	}
	r->rules[r->rule_count] = (struct seccomp_rule){ (uint32_t)number, entry->action, entry->data, args, arg_count,
							 r->rule_count };
	r->rule_count++;
	return 0;
}

/* Whether two comparisons are of one argument: then each stands alone. */
static bool is_choice(const struct seccomp_entry *entry)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < entry->arg_count; i++) {
		if (seen >> entry->args[i].index & 1)
			return true;
		seen |= 1u << entry->args[i].index;
	}
	return false;
}

/* The arguments lie in memory there: what is let through by them is not, and what is refused by them is refused altogether. */
static int add_multiplexed(struct seccomp_ranges *r, const struct seccomp_entry *entry, const struct seccomp_table *t,
			   size_t arch, const char *name, struct err *e)
{
	if (strcmp(t->machine->arch[arch].name, "SCMP_ARCH_X86") != 0 ||
	    (entry->arg_count > 0 && entry->action < SECCOMP_ACT_ERRNO))
		return 0;
	for (size_t i = 0; i < sizeof multiplexed / sizeof *multiplexed; i++)
		if (strcmp(multiplexed[i].name, name) == 0)
			return add_rule(r, find_number(t, arch, multiplexed[i].through), entry, &multiplexed[i].which, 1, e);
	return 0;
}

static int add_name(struct seccomp_ranges *r, const struct seccomp_entry *entry, const struct seccomp_table *t, size_t arch,
		    const char *name, struct err *e)
{
	int64_t number = find_number(t, arch, name);

	if (!is_choice(entry)) {
		if (add_rule(r, number, entry, entry->args, entry->arg_count, e) == -1)
			return -1;
	} else {
		for (size_t i = 0; i < entry->arg_count; i++)
			if (add_rule(r, number, entry, &entry->args[i], 1, e) == -1)
				return -1;
	}
	return add_multiplexed(r, entry, t, arch, name, e);
}

/* By number, the strictest first. */
static int compare_rules(const void *a, const void *b)
{
	const struct seccomp_rule *left = a, *right = b;

	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	if (left->action != right->action)
		return left->action > right->action ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static bool same_answer(const struct seccomp_range *a, const struct seccomp_range *b)
{
	return a->rule_count == 0 && b->rule_count == 0 && a->action == b->action && a->data == b->data;
}

/* Appends a range; one of the same start is replaced, one that says the same goes on. */
static void put_range(struct seccomp_ranges *r, struct seccomp_range range)
{
	if (r->count > 0 && r->ranges[r->count - 1].start == range.start)
		r->count--;
	if (r->count == 0 || !same_answer(&r->ranges[r->count - 1], &range))
		r->ranges[r->count++] = range;
}

/* Those after one that always holds are never asked; those before the end that answer the same need not be. */
static struct seccomp_range range_of(const struct seccomp_rule *rules, size_t count, const struct seccomp_profile *p)
{
	struct seccomp_range range = { rules->number, p->action, p->data, rules, 0 };

	while (range.rule_count < count && rules[range.rule_count].arg_count > 0)
		range.rule_count++;
	if (range.rule_count < count) {
		range.action = rules[range.rule_count].action;
		range.data = rules[range.rule_count].data;
	}
	while (range.rule_count > 0 && rules[range.rule_count - 1].action == range.action &&
	       rules[range.rule_count - 1].data == range.data)
		range.rule_count--;
	return range;
}

/* Calls that are newer than the tables, and x32's. Profiles that let through what they do not know go on doing so. */
static struct seccomp_range beyond(uint32_t start, const struct seccomp_profile *p)
{
	if (start < X32_BIT && p->action < SECCOMP_ACT_ERRNO)
		return (struct seccomp_range){ start, p->action, p->data, NULL, 0 };
	return (struct seccomp_range){ start, SECCOMP_ACT_ERRNO, ENOSYS, NULL, 0 };
}

/* The numbers of a span, and what comes after it. Takes rules from *next on. */
static void put_span(struct seccomp_ranges *r, const struct seccomp_profile *p, const struct seccomp_span *span, size_t *next)
{
	size_t n;

	put_range(r, (struct seccomp_range){ span->first, p->action, p->data, NULL, 0 });
	for (; *next < r->rule_count && r->rules[*next].number <= span->last; *next += n) {
		const struct seccomp_rule *rules = &r->rules[*next];

		for (n = 1; *next + n < r->rule_count && rules[n].number == rules->number; n++)
			;
		put_range(r, range_of(rules, n, p));
		put_range(r, (struct seccomp_range){ rules->number + 1, p->action, p->data, NULL, 0 });
	}
	put_range(r, beyond(span->last + 1, p));
}

static void put_ranges(struct seccomp_ranges *r, const struct seccomp_profile *p, const struct seccomp_span *spans, bool x32)
{
	size_t next = 0;

	for (size_t i = 0; i < SECCOMP_SPANS && spans[i].last > 0; i++)
		put_span(r, p, &spans[i], &next);
	if (x32)
		put_range(r, beyond(X32_BIT, p));
}

int seccomp_ranges(struct seccomp_ranges *r, const struct seccomp_profile *p, const struct seccomp_table *t, size_t arch,
		   uint64_t caps, struct err *e)
{
	*r = (struct seccomp_ranges){ .count = 0 };
	for (size_t i = 0; i < p->count; i++) {
		const struct seccomp_entry *entry = &p->entries[i];

		if (!seccomp_applies(entry, t->machine, caps))
			continue;
		for (const char *name = entry->names; name && *name; name += strlen(name) + 1)
			if (add_name(r, entry, t, arch, name, e) == -1)
				return -1;
	}
	if (r->rule_count > 0)
		qsort(r->rules, r->rule_count, sizeof *r->rules, compare_rules);
	r->ranges = calloc(2 * r->rule_count + 2 * SECCOMP_SPANS + 1, sizeof *r->ranges);
	if (!r->ranges)
		return err_nomem(e);
	put_ranges(r, p, t->spans[arch], strcmp(t->machine->arch[arch].name, "SCMP_ARCH_X86_64") == 0);
	return 0;
}

void seccomp_ranges_clear(struct seccomp_ranges *r)
{
	free(r->rules);
	free(r->ranges);
	*r = (struct seccomp_ranges){ .count = 0 };
}
