/*
 * seccomp_rules - a profile as one architecture sees it: what to answer to each range of numbers. Private to seccomp*.c.
 */
#ifndef CR_SECCOMP_RULES_H
#define CR_SECCOMP_RULES_H

#include "seccomp.h"

/* What is answered where all the comparisons hold. */
struct seccomp_rule {
	uint32_t number;
	enum seccomp_action action;
	int data;
	const struct seccomp_comparison *args;
	size_t arg_count; /* 0: always */
	size_t order;	  /* in the profile */
};

/* From `start` to the next range's start: the rules in turn, and then the action. */
struct seccomp_range {
	uint32_t start;
	enum seccomp_action action;
	int data;
	const struct seccomp_rule *rules;
	size_t rule_count;
};

struct seccomp_ranges {
	struct seccomp_rule *rules;
	size_t rule_count, rule_room;
	struct seccomp_range *ranges; /* by start, the first one's being 0; neighbours differ */
	size_t count;
};

/* For t->machine's architecture `arch`. seccomp_ranges_clear frees, after failure too. */
int seccomp_ranges(struct seccomp_ranges *r, const struct seccomp_profile *p, const struct seccomp_table *t, size_t arch,
		   uint64_t caps, struct err *e);
void seccomp_ranges_clear(struct seccomp_ranges *r);

#endif
