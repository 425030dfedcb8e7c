/*
 * seccomp-build - makes the C files that lib/seccomp.h declares, on standard output
 *
 *	seccomp-build seccomp.json default	the profile
 *	seccomp-build seccomp.json x86_64	that machine's tables, and its program for the default capabilities
 *
 * A program of the machine that builds; what it prints is the same on all. Names and numbers are libseccomp's, which nothing needs
 * afterwards; those of newer calls stand here. Without NUMBERS, for systems that have no filters, there is the profile alone.
 */
#include "err.h"
#include "io.h"
#include "sandbox.h"
#include "seccomp.h"

#include <string.h>

#ifdef NUMBERS
#include <linux/filter.h>
#include <seccomp.h>

#define NUMBERS_MAX 1024      /* the kernel's tables end before */
#define ARM_PRIVATE 0x0f0000u /* __ARM_NR_BASE */
#define ARM_PRIVATE_MAX 8
#define CALLS_MAX (2 * (NUMBERS_MAX + ARM_PRIVATE_MAX))

/* Newer than Debian 12's libseccomp. From 424 on the numbers are the same everywhere. */
static const struct {
	const char *name;
	int number;
	const char *only; /* on this architecture, or NULL */
} newer[] = {
	{ "uretprobe", 335, "SCMP_ARCH_X86_64" }, { "uprobe", 336, "SCMP_ARCH_X86_64" },
	{ "map_shadow_stack", 453, NULL }, { "futex_wake", 454, NULL }, { "futex_wait", 455, NULL }, { "futex_requeue", 456, NULL },
	{ "statmount", 457, NULL }, { "listmount", 458, NULL }, { "lsm_get_self_attr", 459, NULL },
	{ "lsm_set_self_attr", 460, NULL }, { "lsm_list_modules", 461, NULL }, { "mseal", 462, NULL }, { "setxattrat", 463, NULL },
	{ "getxattrat", 464, NULL }, { "listxattrat", 465, NULL }, { "removexattrat", 466, NULL }, { "open_tree_attr", 467, NULL },
	{ "cachestat", 451, NULL }, { "fchmodat2", 452, NULL },
};

static struct seccomp_call calls[CALLS_MAX + 2 * sizeof newer / sizeof *newer];
static struct seccomp_table table = { .calls = calls };

static struct seccomp_call *find(const char *name)
{
	size_t i = 0;

	while (i < table.count && strcmp(calls[i].name, name) != 0)
		i++;
	if (i == table.count) {
		snprintf(calls[i].name, sizeof calls[i].name, "%s", name);
		for (size_t arch = 0; arch < SECCOMP_ARCHES; arch++)
			calls[i].number[arch] = -1;
		table.count++;
	}
	return &calls[i];
}

static int add(size_t arch, const char *name, unsigned int number, struct err *e)
{
	struct seccomp_span *span = &table.spans[arch][number >= NUMBERS_MAX];
	int32_t *place;

	if (strlen(name) >= SECCOMP_NAME_MAX)
		return err_set(e, ERR_CONTENT, "%s: too long", name);
	place = &find(name)->number[arch];
	if (*place != -1 && *place != (int32_t)number)
		return err_set(e, ERR_CONTENT, "%s: both %d and %u", name, *place, number);
	*place = (int32_t)number;
	if (span->first == 0 && number >= NUMBERS_MAX)
		span->first = number;
	if (span->last < number)
		span->last = number;
	return 0;
}

static int add_numbers(size_t arch, uint32_t token, unsigned int from, unsigned int to, struct err *e)
{
	for (unsigned int n = from; n < to; n++) {
		cleanup_free char *name = seccomp_syscall_resolve_num_arch(token, (int)n);

		if (name && add(arch, name, n, e) == -1)
			return -1;
	}
	return 0;
}

static int add_arch(size_t arch, const char *name, struct err *e)
{
	uint32_t token = table.machine->arch[arch].audit; /* libseccomp's are the kernel's */

	if (add_numbers(arch, token, 0, NUMBERS_MAX, e) == -1)
		return -1;
	if (strcmp(name, "SCMP_ARCH_ARM") == 0 && add_numbers(arch, token, ARM_PRIVATE, ARM_PRIVATE + ARM_PRIVATE_MAX, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof newer / sizeof *newer; i++)
		if ((!newer[i].only || strcmp(newer[i].only, name) == 0) && add(arch, newer[i].name, (unsigned int)newer[i].number, e) == -1)
			return -1;
	return table.spans[arch][0].last > 400 ? 0 : err_set(e, ERR_CONTENT, "%s: libseccomp knows hardly any call", name);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct seccomp_call *)a)->name, ((const struct seccomp_call *)b)->name);
}

/* A line of the text a line. */
static void print_text(const char *text)
{
	printf("static const char text[] =\n\t\"");
	for (; *text; text++) {
		if (*text == '\n')
			printf("\\n\"\n\t\"");
		else
			printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	}
	printf("\";\n\n");
}

static void print_table(const struct sandbox_filter *f, const char *text)
{
	const struct sock_filter *code = f->code;
	const char *name = table.machine->name;

	printf("#include \"seccomp_tables.h\"\n\n#include <linux/filter.h>\n\nstatic const struct seccomp_call calls[] = {\n");
	for (size_t i = 0; i < table.count; i++)
		printf("\t{ \"%s\", { %d, %d } },\n", calls[i].name, calls[i].number[0], calls[i].number[1]);
	printf("};\n\nstatic const struct sock_filter code[] = {\n");
	for (size_t i = 0; i < f->count; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", code[i].code, code[i].jt, code[i].jf, code[i].k);
	printf("};\n\n");
	print_text(text);
	printf("const struct seccomp_table seccomp_%s = {\n", name);
	printf("\t.machine = &seccomp_machines[%zd],\n", table.machine - seccomp_machines);
	printf("\t.calls = calls,\n\t.count = sizeof calls / sizeof *calls,\n\t.spans = {\n");
	for (size_t i = 0; i < SECCOMP_ARCHES; i++)
		printf("\t\t{ { %u, %u }, { %u, %u } },\n", table.spans[i][0].first, table.spans[i][0].last,
		       table.spans[i][1].first, table.spans[i][1].last);
	printf("\t},\n");
	printf("\t.program = { code, sizeof code / sizeof *code, %d },\n", f->log);
	printf("\t.text = text,\n\t.text_len = sizeof text - 1,\n};\n");
}

static int make_table(const char *path, const char *name, struct err *e)
{
	struct seccomp_profile p;
	struct sandbox_filter f;
	size_t len;
	char *text;

	table.machine = seccomp_machines;
	while (table.machine->name && strcmp(table.machine->name, name) != 0)
		table.machine++;
	if (!table.machine->name)
		return err_set(e, ERR_USAGE, "%s is no machine", name);
	for (size_t i = 0; i < table.machine->arch_count; i++)
		if (add_arch(i, table.machine->arch[i].name, e) == -1)
			return -1;
	qsort(calls, table.count, sizeof *calls, compare);
	if (seccomp_read_file(&p, path, table.machine, e) == -1 || seccomp_compose(&p, &table, sandbox_default_caps, &f, e) == -1)
		return -1;
	text = seccomp_text(&p, table.machine, sandbox_default_caps, &len, e);
	if (!text)
		return -1;
	print_table(&f, text);
	return 0;
}

#else
static int make_table(const char *path, const char *name, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s, %s: built without the numbers of system calls", path, name);
}
#endif

/* ---- the profile ---- */

static void print_words(const char *list)
{
	for (; list && *list; list += strlen(list) + 1)
		printf(" \"%s\\0\"", list);
}

static void print_member(const char *name, const char *list)
{
	if (!list)
		return;
	printf("\n\t\t.%s =", name);
	print_words(list);
	printf(",");
}

static void print_args(const struct seccomp_entry *entry, size_t at)
{
	printf("static const struct seccomp_comparison args_%zu[] = {\n", at);
	for (size_t i = 0; i < entry->arg_count; i++)
		printf("\t{ %u, %d, UINT64_C(%llu), UINT64_C(%llu) },\n", entry->args[i].index, entry->args[i].op,
		       (unsigned long long)entry->args[i].value, (unsigned long long)entry->args[i].second);
	printf("};\n");
}

static void print_entry(const struct seccomp_entry *entry, size_t at)
{
	printf("\t{");
	print_member("names", entry->names);
	printf("\n\t\t.action = %d, .data = %d,", entry->action, entry->data);
	if (entry->arg_count > 0)
		printf(" .args = args_%zu, .arg_count = %zu,", at, entry->arg_count);
	printf(" .caps = UINT64_C(%llu), .no_caps = UINT64_C(%llu),", (unsigned long long)entry->caps,
	       (unsigned long long)entry->no_caps);
	print_member("arches", entry->arches);
	print_member("no_arches", entry->no_arches);
	printf("\n\t},\n");
}

/* Of a profile that alone depends on the machine it is read for. */
static int print_arches(const char *path, struct err *e)
{
	for (const struct seccomp_machine *m = seccomp_machines; m->name; m++) {
		struct seccomp_profile p;

		if (seccomp_read_file(&p, path, m, e) == -1)
			return -1;
		printf("#if defined(__%s__)\n#define ARCHES", m->name);
		print_words(p.arches ? p.arches : "");
		printf(" \"\"\n#endif\n");
		seccomp_clear(&p);
	}
	printf("#ifndef ARCHES\n#define ARCHES \"\"\n#endif\n\n");
	return 0;
}

static int make_default(const char *path, struct err *e)
{
	struct seccomp_profile p;

	if (seccomp_read_file(&p, path, NULL, e) == -1)
		return -1;
	printf("#include \"seccomp.h\"\n\n");
	if (print_arches(path, e) == -1)
		return -1;
	for (size_t i = 0; i < p.count; i++)
		if (p.entries[i].arg_count > 0)
			print_args(&p.entries[i], i);
	printf("\nstatic const struct seccomp_entry entries[] = {\n");
	for (size_t i = 0; i < p.count; i++)
		print_entry(&p.entries[i], i);
	printf("};\n\nconst struct seccomp_profile seccomp_default = {\n\t.action = %d, .data = %d, .log = %d, .arches = ARCHES,\n",
	       p.action, p.data, p.log);
	printf("\t.entries = entries, .count = sizeof entries / sizeof *entries,\n};\n");
	seccomp_clear(&p);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int failed;

	if (argc != 3)
		failed = err_set(&e, ERR_USAGE, "usage: seccomp-build seccomp.json default|MACHINE");
	else
		failed = strcmp(argv[2], "default") == 0 ? make_default(argv[1], &e) : make_table(argv[1], argv[2], &e);
	if (!failed && (fflush(stdout) == EOF || ferror(stdout)))
		failed = err_set(&e, ERR_IO, "standard output: cannot write");
	if (failed) {
		fprintf(stderr, "seccomp-build: %s\n", e.text);
		return err_exit_status(&e);
	}
	return 0;
}
