#include "seccomp_rules.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define JUMP_MAX 255	 /* of a conditional jump, in instructions */
#define REACH (JUMP_MAX - 8) /* what may be put between a place and a jump to it */
#define ANSWERS_MAX 64	 /* remembered */

/*
 * Written from the end to the beginning, as jumps go forward only: then each one knows how far it is. A place is the number of
 * instructions that follow it.
 */
struct program {
	struct sock_filter code[BPF_MAXINSNS];
	size_t count; /* more than there is room for: too long */
	struct {
		uint32_t value;
		size_t place;
	} answers[ANSWERS_MAX];
	size_t answer_count;
};

static size_t emit(struct program *p, struct sock_filter instruction)
{
	if (p->count < BPF_MAXINSNS)
		p->code[p->count] = instruction;
	return p->count++;
}

/* The place, or a jump to it, if it is too far for a conditional one. */
static size_t near(struct program *p, size_t place)
{
	size_t distance = p->count - place - 1;

	if (distance <= REACH)
		return place;
	return emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)distance));
}

static size_t load(struct program *p, size_t offset)
{
	return emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static size_t jump(struct program *p, uint16_t test, uint32_t value, size_t yes, size_t no)
{
	no = near(p, no);
	yes = near(p, yes);
	return emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | test, value, (uint8_t)(p->count - yes - 1),
						    (uint8_t)(p->count - no - 1)));
}

/* One that is near is used again. */
static size_t answer(struct program *p, uint32_t value)
{
	size_t i = 0;

	while (i < p->answer_count && p->answers[i].value != value)
		i++;
	if (i < p->answer_count && p->count - p->answers[i].place - 1 <= REACH / 2)
		return p->answers[i].place;
	if (i == ANSWERS_MAX)
		return emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
	p->answer_count += i == p->answer_count;
	p->answers[i].value = value;
	p->answers[i].place = emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
	return p->answers[i].place;
}

static uint32_t kernel_value(enum seccomp_action action, int data)
{
	switch (action) {
	case SECCOMP_ACT_ALLOW: return SECCOMP_RET_ALLOW;
	case SECCOMP_ACT_LOG: return SECCOMP_RET_LOG;
	case SECCOMP_ACT_TRACE: return SECCOMP_RET_TRACE | (uint32_t)data;
	case SECCOMP_ACT_ERRNO: return SECCOMP_RET_ERRNO | (uint32_t)data;
	case SECCOMP_ACT_TRAP: return SECCOMP_RET_TRAP;
	case SECCOMP_ACT_KILL_THREAD: return SECCOMP_RET_KILL_THREAD;
	case SECCOMP_ACT_KILL_PROCESS: break;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* The halves of an argument, on a little-endian machine. */
static size_t load_low(struct program *p, unsigned int index)
{
	return load(p, offsetof(struct seccomp_data, args) + index * sizeof(uint64_t));
}

static size_t load_high(struct program *p, unsigned int index)
{
	return load(p, offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) + sizeof(uint32_t));
}

static size_t equal(struct program *p, const struct seccomp_comparison *c, size_t yes, size_t no)
{
	jump(p, BPF_JEQ, (uint32_t)c->value, yes, no);
	jump(p, BPF_JEQ, (uint32_t)(c->value >> 32), load_low(p, c->index), no);
	return load_high(p, c->index);
}

/* test: BPF_JGT or BPF_JGE, which decides where the high halves are equal. */
static size_t greater(struct program *p, uint16_t test, const struct seccomp_comparison *c, size_t yes, size_t no)
{
	uint32_t high = (uint32_t)(c->value >> 32);
	size_t low;

	jump(p, test, (uint32_t)c->value, yes, no);
	low = load_low(p, c->index);
	low = jump(p, BPF_JEQ, high, low, no);
	jump(p, BPF_JGT, high, yes, low);
	return load_high(p, c->index);
}

static void masked_half(struct program *p, uint32_t mask, uint32_t value, size_t yes, size_t no)
{
	jump(p, BPF_JEQ, value & mask, yes, no);
	if (mask != UINT32_MAX)
		emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
}

static size_t masked(struct program *p, const struct seccomp_comparison *c, size_t yes, size_t no)
{
	const uint32_t high = (uint32_t)(c->value >> 32);

	if ((uint32_t)c->value != 0) {
		masked_half(p, (uint32_t)c->value, (uint32_t)c->second, yes, no);
		yes = load_low(p, c->index);
	}
	if (high != 0) {
		masked_half(p, high, (uint32_t)(c->second >> 32), yes, no);
		yes = load_high(p, c->index);
	}
	return yes;
}

static size_t compare(struct program *p, const struct seccomp_comparison *c, size_t yes, size_t no)
{
	switch (c->op) {
	case SECCOMP_EQ: return equal(p, c, yes, no);
	case SECCOMP_NE: return equal(p, c, no, yes);
	case SECCOMP_GT: return greater(p, BPF_JGT, c, yes, no);
	case SECCOMP_GE: return greater(p, BPF_JGE, c, yes, no);
	case SECCOMP_LE: return greater(p, BPF_JGT, c, no, yes);
	case SECCOMP_LT: return greater(p, BPF_JGE, c, no, yes);
	case SECCOMP_MASKED_EQ: break;
	}
	return masked(p, c, yes, no);
}

/* Rule after rule; the first one whose comparisons all hold answers. */
static size_t range(struct program *p, const struct seccomp_range *r)
{
	size_t next = answer(p, kernel_value(r->action, r->data));

	for (size_t i = r->rule_count; i-- > 0;) {
		const struct seccomp_rule *rule = &r->rules[i];
		size_t holds = answer(p, kernel_value(rule->action, rule->data));

		for (size_t j = rule->arg_count; j-- > 0;)
			holds = compare(p, &rule->args[j], holds, next);
		next = holds;
	}
	return next;
}

/* Halves what there is to choose from; as deep as the logarithm of count. */
static size_t tree(struct program *p, const struct seccomp_range *ranges, size_t count)
{
	size_t middle = count / 2, low, high;

	if (count == 1)
		return range(p, ranges);
	high = tree(p, ranges + middle, count - middle);
	low = tree(p, ranges, middle);
	return jump(p, BPF_JGE, ranges[middle].start, high, low);
}

static int architecture(struct program *p, const struct seccomp_profile *profile, const struct seccomp_table *t, size_t arch,
			uint64_t caps, size_t *place, struct err *e)
{
	struct seccomp_ranges r;
	int failed = seccomp_ranges(&r, profile, t, arch, caps, e);

	if (!failed) {
		*place = tree(p, r.ranges, r.count);
		if (r.count > 1) /* else there is nothing to choose by */
			*place = load(p, offsetof(struct seccomp_data, nr));
	}
	seccomp_ranges_clear(&r);
	return failed;
}

/* The architecture first: a number means nothing without it. */
static int whole(struct program *p, const struct seccomp_profile *profile, const struct seccomp_table *t, uint64_t caps,
		 struct err *e)
{
	const struct seccomp_machine *m = t->machine;
	size_t next = answer(p, SECCOMP_RET_KILL_PROCESS), place = 0;

	for (size_t i = m->arch_count; i-- > 0;) {
		if (i > 0 && !seccomp_listed(profile->arches, m->arch[i].name))
			continue;
		if (architecture(p, profile, t, i, caps, &place, e) == -1)
			return -1;
		next = jump(p, BPF_JEQ, m->arch[i].audit, place, next);
	}
	load(p, offsetof(struct seccomp_data, arch));
	return 0;
}

static void *turn_round(const struct program *p)
{
	struct sock_filter *code = calloc(p->count, sizeof *code);

	for (size_t i = 0; code && i < p->count; i++)
		code[i] = p->code[p->count - 1 - i];
	return code;
}

int seccomp_compose(const struct seccomp_profile *profile, const struct seccomp_table *t, uint64_t caps,
		    struct sandbox_filter *out, struct err *e)
{
	struct program *p;
	int failed;

	*out = (struct sandbox_filter){ .log = profile->log };
	if (!t)
		return 0;
	p = calloc(1, sizeof *p);
	if (!p)
		return err_nomem(e);
	failed = whole(p, profile, t, caps, e);
	if (!failed && p->count > BPF_MAXINSNS)
		failed = err_set(e, ERR_USAGE, "the filter has %zu instructions, more than the kernel's %d", p->count, BPF_MAXINSNS);
	if (!failed && !(out->code = turn_round(p)))
		failed = err_nomem(e);
	if (!failed)
		out->count = (unsigned short)p->count;
	free(p);
	return failed;
}
