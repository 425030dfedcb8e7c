#include "seccomp.h"

#include <stdlib.h>
#include <string.h>

/* Not from <linux/audit.h>: profiles are read and written alike on every platform. */
#define ARCH_64BIT 0x80000000u
#define ARCH_LITTLE_ENDIAN 0x40000000u

const char *const seccomp_action_names[] = { "ALLOW", "LOG", "TRACE", "ERRNO", "TRAP", "KILL_THREAD", "KILL_PROCESS", NULL };
const char *const seccomp_op_names[] = { "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ", NULL };

/* The composer reads arguments as little-endian machines have them in memory. */
const struct seccomp_machine seccomp_machines[] = {
	{ "x86_64", "amd64",
	  { { "SCMP_ARCH_X86_64", ARCH_64BIT | ARCH_LITTLE_ENDIAN | 62 }, { "SCMP_ARCH_X86", ARCH_LITTLE_ENDIAN | 3 } }, 2 },
	{ "aarch64", "arm64",
	  { { "SCMP_ARCH_AARCH64", ARCH_64BIT | ARCH_LITTLE_ENDIAN | 183 }, { "SCMP_ARCH_ARM", ARCH_LITTLE_ENDIAN | 40 } }, 2 },
	{ .name = NULL },
};

#if defined(__x86_64__) && !defined(__ILP32__)
const struct seccomp_machine *const seccomp_native = &seccomp_machines[0];
#elif defined(__aarch64__) && !defined(__ILP32__) && !defined(__AARCH64EB__)
const struct seccomp_machine *const seccomp_native = &seccomp_machines[1];
#else
const struct seccomp_machine *const seccomp_native = NULL;
#endif

bool seccomp_listed(const char *list, const char *word)
{
	for (; list && *list; list += strlen(list) + 1)
		if (strcmp(list, word) == 0)
			return true;
	return false;
}

bool seccomp_applies(const struct seccomp_entry *entry, const struct seccomp_machine *machine, uint64_t caps)
{
	const char *name = machine ? machine->go_name : "";

	if ((entry->caps & ~caps) || (entry->no_caps & caps))
		return false;
	return (!entry->arches || seccomp_listed(entry->arches, name)) && !seccomp_listed(entry->no_arches, name);
}

void seccomp_clear(struct seccomp_profile *p)
{
	for (size_t i = 0; i < p->owned_count; i++)
		free(p->owned[i]);
	free(p->owned);
	*p = (struct seccomp_profile){ .count = 0 };
}
