/*
 * seccomp: what the composed programs answer, run by an interpreter here, beside a plain reading of the profile, and beside the
 * programs that libseccomp makes of the same rules.
 */
#include "test.h"

#include "io.h"
#include "seccomp.h"
#include "seccomp_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h> /* libseccomp's */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define X32 0x40000000u
#define INVALID 0x12345678u /* no answer of the kernel's */

static const struct seccomp_table *const tables[] = { &seccomp_x86_64, &seccomp_aarch64 };
#define TABLES (sizeof tables / sizeof *tables)

/* ---- classic BPF, as far as seccomp(2) takes it ---- */

static uint32_t load(const struct seccomp_data *d, uint32_t at)
{
	uint32_t word = 0;

	if (at % 4 == 0 && at + 4 <= sizeof *d)
		memcpy(&word, (const char *)d + at, 4);
	return word;
}

static bool jumps(const struct sock_filter *in, uint32_t a)
{
	switch (BPF_OP(in->code)) {
	case BPF_JEQ: return a == in->k;
	case BPF_JGT: return a > in->k;
	case BPF_JGE: return a >= in->k;
	default: return a & in->k;
	}
}

static uint32_t interpret(const struct sock_filter *code, size_t count, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < count; pc++) {
		const struct sock_filter *in = &code[pc];

		switch (in->code) {
		case BPF_LD | BPF_W | BPF_ABS: a = load(d, in->k); break;
		case BPF_ALU | BPF_AND | BPF_K: a &= in->k; break;
		case BPF_JMP | BPF_JA: pc += in->k; break;
		case BPF_RET | BPF_K: return in->k;
		default:
			if (BPF_CLASS(in->code) != BPF_JMP || BPF_SRC(in->code) != BPF_K)
				return INVALID;
			pc += jumps(in, a) ? in->jt : in->jf;
		}
	}
	return INVALID;
}

static uint32_t run(const struct sandbox_filter *f, const struct seccomp_data *d)
{
	return interpret(f->code, f->count, d);
}

/* ---- a plain reading ---- */

static uint32_t value_of(enum seccomp_action action, int data)
{
	static const uint32_t values[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE, SECCOMP_RET_ERRNO,
					   SECCOMP_RET_TRAP, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS };

	return values[action] | (action == SECCOMP_ACT_ERRNO || action == SECCOMP_ACT_TRACE ? (uint32_t)data : 0);
}

static bool holds(const struct seccomp_comparison *c, uint64_t arg)
{
	switch (c->op) {
	case SECCOMP_NE: return arg != c->value;
	case SECCOMP_LT: return arg < c->value;
	case SECCOMP_LE: return arg <= c->value;
	case SECCOMP_EQ: return arg == c->value;
	case SECCOMP_GE: return arg >= c->value;
	case SECCOMP_GT: return arg > c->value;
	case SECCOMP_MASKED_EQ: break;
	}
	return (arg & c->value) == (c->second & c->value);
}

static bool entry_holds(const struct seccomp_entry *entry, const struct seccomp_data *d)
{
	bool all = true, any = entry->arg_count == 0, twice = false;

	for (size_t i = 0; i < entry->arg_count; i++) {
		bool this_one = holds(&entry->args[i], d->args[entry->args[i].index]);

		all = all && this_one;
		any = any || this_one;
		for (size_t j = 0; j < i; j++)
			twice = twice || entry->args[j].index == entry->args[i].index;
	}
	return twice ? any : all;
}

static const char *name_of(const struct seccomp_table *t, size_t arch, uint32_t number)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->calls[i].number[arch] >= 0 && (uint32_t)t->calls[i].number[arch] == number)
			return t->calls[i].name;
	return NULL;
}

/* But for socketcall and ipc. */
static uint32_t expect(const struct seccomp_profile *p, const struct seccomp_table *t, uint64_t caps, size_t arch,
		       const struct seccomp_data *d)
{
	const char *name = name_of(t, arch, (uint32_t)d->nr);
	const struct seccomp_entry *best = NULL;

	if (t == &seccomp_x86_64 && arch == 0 && (uint32_t)d->nr >= X32)
		return value_of(SECCOMP_ACT_ERRNO, ENOSYS);
	for (size_t i = 0; name && i < p->count; i++) {
		const struct seccomp_entry *entry = &p->entries[i];

		if (seccomp_applies(entry, t->machine, caps) && seccomp_listed(entry->names, name) && entry_holds(entry, d) &&
		    (!best || entry->action > best->action))
			best = entry;
	}
	if (!name && (uint32_t)d->nr > t->spans[arch][0].last && p->action >= SECCOMP_ACT_ERRNO)
		return value_of(SECCOMP_ACT_ERRNO, ENOSYS);
	return best ? value_of(best->action, best->data) : value_of(p->action, p->data);
}

/* ---- comparing ---- */

static const uint32_t odd_numbers[] = { 1000, 1023, 1024, 0xeffff, 0xf0000, 0xf0001, 0xf0002, 0xf0005, 0xf0007, 0xf0100, X32 - 1,
					X32, X32 | 59, X32 | 512, 0x7fffffff, 0x80000000, 0xffffffff };

static bool is_multiplexer(const struct seccomp_table *t, size_t arch, uint32_t number)
{
	const char *name = name_of(t, arch, number);

	return t == &seccomp_x86_64 && arch == 1 && name && (strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0);
}

static uint64_t state = 88172645463325252u;

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Around what the profile compares with, in both halves, and anything. */
static uint64_t some_value(const struct seccomp_profile *p)
{
	uint64_t v = random64();

	for (int tries = 0; p->count > 0 && v % 8 && tries < 20; tries++) {
		const struct seccomp_entry *entry = &p->entries[random64() % p->count];

		if (entry->arg_count > 0) {
			const struct seccomp_comparison *c = &entry->args[random64() % entry->arg_count];
			static const uint64_t add[] = { 0, 0, 1, UINT64_MAX, UINT64_C(1) << 32, UINT64_C(1) << 31, UINT64_MAX << 32 };

			v = (random64() & 1 && c->op == SECCOMP_MASKED_EQ ? c->second : c->value) + add[random64() % 7];
			break;
		}
	}
	return random64() % 4 ? v : v & 0x7f;
}

struct compared {
	const struct seccomp_profile *p;
	const struct seccomp_table *t;
	const struct sandbox_filter *f;
	uint64_t caps;
	size_t arch;
	int rounds;
};

/* The number of calls where they differ; says which the first one is. */
static int differ(const struct compared *c, uint32_t number)
{
	for (int round = 0; round < c->rounds; round++) {
		struct seccomp_data d = { (int)number, c->t->machine->arch[c->arch].audit, random64(), { 0 } };
		uint32_t got, want;

		for (int i = 0; i < SECCOMP_ARGS; i++)
			d.args[i] = some_value(c->p);
		got = run(c->f, &d);
		want = expect(c->p, c->t, c->caps, c->arch, &d);
		if (got != want) {
			fprintf(stderr, "%s, call %u (%s): %08x, not %08x\n", c->t->machine->arch[c->arch].name, number,
				name_of(c->t, c->arch, number), got, want);
			return 1;
		}
	}
	return 0;
}

static int differences(const struct seccomp_profile *p, const struct seccomp_table *t, uint64_t caps, const struct sandbox_filter *f,
		       int rounds)
{
	int n = 0;

	for (size_t arch = 0; arch < t->machine->arch_count; arch++) {
		const struct compared c = { p, t, f, caps, arch, rounds };

		if (arch > 0 && !seccomp_listed(p->arches, t->machine->arch[arch].name))
			continue;
		for (uint32_t number = 0; number < 600; number++)
			if (!is_multiplexer(t, arch, number))
				n += differ(&c, number);
		for (size_t i = 0; i < sizeof odd_numbers / sizeof *odd_numbers; i++)
			n += differ(&c, odd_numbers[i]);
	}
	return n;
}

static const uint64_t cap_sets[] = { 0, UINT64_MAX, UINT64_C(1) << 21, UINT64_C(1) << 18, UINT64_C(1) << 39, UINT64_C(0x1ffffffffff) };

static void test_default_profile(void)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < TABLES; i++) {
		/* The generated profile is the one that stands in share/, as far as this machine's sub-architecture. */
		struct seccomp_profile p = seccomp_default;

		p.arches = i == 0 ? "SCMP_ARCH_X86\0" : "SCMP_ARCH_ARM\0";
		CHECK_INT(differences(&p, tables[i], sandbox_default_caps, &tables[i]->program, 200), 0);
		for (size_t j = 0; j < sizeof cap_sets / sizeof *cap_sets; j++) {
			struct sandbox_filter f;

			CHECK_INT(seccomp_compose(&p, tables[i], cap_sets[j], &f, &e), 0);
			CHECK_INT(differences(&p, tables[i], cap_sets[j], &f, 50), 0);
			free((void *)(uintptr_t)f.code);
		}
	}
}

static uint32_t ask(const struct sandbox_filter *f, size_t arch, const char *name, uint64_t arg0, uint64_t arg1)
{
	const struct seccomp_table *t = &seccomp_x86_64;
	struct seccomp_data d = { -1, t->machine->arch[arch].audit, 0, { arg0, arg1, 0, 0, 0, 0 } };

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->calls[i].name, name) == 0)
			d.nr = t->calls[i].number[arch];
	return run(f, &d);
}

#define EPERMS (SECCOMP_RET_ERRNO | EPERM)
#define ENOSYSES (SECCOMP_RET_ERRNO | ENOSYS)
#define HIGH (UINT64_C(1) << 32)

/* What the policy is for, without any of the code that makes it. */
static void test_policy(void)
{
	const struct sandbox_filter *f = &seccomp_x86_64.program;
	static const char *const refused[] = {
		"unshare", "setns", "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "mount_setattr", "keyctl",
		"add_key", "request_key", "bpf", "perf_event_open", "userfaultfd", "open_by_handle_at", "init_module",
		"finit_module", "delete_module", "kexec_load", "kexec_file_load", "swapon", "swapoff", "settimeofday",
		"clock_settime", "reboot", "acct", "quotactl", "syslog", "io_uring_setup", "io_uring_enter", "sethostname",
		"fanotify_init", "lookup_dcookie", "kcmp", "vhangup", "process_madvise", "statmount", "pidfd_getfd",
	};

	for (size_t arch = 0; arch < 2; arch++) {
		for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
			if (strcmp(refused[i], "kexec_file_load") != 0 || arch == 0)
				CHECK_INT(ask(f, arch, refused[i], 0, 0), EPERMS);
		CHECK_INT(ask(f, arch, "clone3", 0, 0), ENOSYSES);
		CHECK_INT(ask(f, arch, "clone", 0x01200011, 0), SECCOMP_RET_ALLOW);
		CHECK_INT(ask(f, arch, "clone", 0x003d0f00, 0), SECCOMP_RET_ALLOW); /* a thread */
		for (int bit = 0; bit < 32; bit++)
			CHECK_INT(ask(f, arch, "clone", UINT64_C(1) << bit, 0), 0x7e020000 >> bit & 1 ? EPERMS : SECCOMP_RET_ALLOW);
		CHECK_INT(ask(f, arch, "ioctl", 0, 0x5412), EPERMS);
		CHECK_INT(ask(f, arch, "ioctl", 0, 0x541c), EPERMS);
		CHECK_INT(ask(f, arch, "ioctl", 0, 0x5401), SECCOMP_RET_ALLOW);
		CHECK_INT(ask(f, arch, "personality", 0x40000, 0), EPERMS);
		CHECK_INT(ask(f, arch, "personality", 0xffffffff, 0), SECCOMP_RET_ALLOW);
		for (uint64_t family = 0; family < 48; family++)
			CHECK_INT(ask(f, arch, "socket", family, 0), family == 38 || family == 40 ? EPERMS : SECCOMP_RET_ALLOW);
		CHECK_INT(ask(f, arch, "socket", 48, 0), EPERMS);
		CHECK_INT(ask(f, arch, "ptrace", 0, 0), SECCOMP_RET_ALLOW);
	}
	/* What the kernel does not look at does not help (CVE-2019-10063). */
	CHECK_INT(ask(f, 0, "ioctl", 0, HIGH | 0x5412), EPERMS);
	CHECK_INT(ask(f, 0, "ioctl", 0, UINT64_MAX << 32 | 0x541c), EPERMS);
	CHECK_INT(ask(f, 0, "ioctl", 0, UINT64_MAX << 31 | 0x5401), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(f, 0, "socket", HIGH | 40, 0), EPERMS);
	CHECK_INT(ask(f, 0, "socket", HIGH | 38, 0), EPERMS);
	CHECK_INT(ask(f, 0, "personality", HIGH | 0, 0), EPERMS);
	CHECK_INT(ask(f, 0, "clone", HIGH | 0x10000000, 0), EPERMS);
}

static void test_architectures(void)
{
	const struct sandbox_filter *f = &seccomp_x86_64.program;
	struct seccomp_data d = { 1, seccomp_aarch64.machine->arch[0].audit, 0, { 0 } };

	CHECK_INT(run(f, &d), SECCOMP_RET_KILL_PROCESS);
	d.arch = 0;
	CHECK_INT(run(f, &d), SECCOMP_RET_KILL_PROCESS);
	d.arch = seccomp_x86_64.machine->arch[0].audit;
	CHECK_INT(run(f, &d), SECCOMP_RET_ALLOW);
	d.nr |= (int)X32;
	CHECK_INT(run(f, &d), ENOSYSES);
}

/* ---- profiles from text ---- */

static int read_text(struct seccomp_profile *p, const char *text, struct err *e)
{
	struct json *doc = json_parse(text, strlen(text), e);
	int failed = doc ? seccomp_read(p, json_root(doc), seccomp_x86_64.machine, e) : -1;

	json_free(doc);
	return failed;
}

static struct sandbox_filter compose_text(const char *text)
{
	struct seccomp_profile p = { .count = 0 };
	struct sandbox_filter f = { .count = 0 };
	struct err e = ERR_INIT;

	if (read_text(&p, text, &e) == -1 || seccomp_compose(&p, &seccomp_x86_64, 0, &f, &e) == -1)
		fprintf(stderr, "%s\n", e.text);
	seccomp_clear(&p);
	return f;
}

static void drop(struct sandbox_filter *f)
{
	free((void *)(uintptr_t)f->code);
}

static void test_multiplexed(void)
{
	struct sandbox_filter f = compose_text(
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":["
		"{\"names\":[\"socket\",\"shmat\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13},"
		"{\"names\":[\"bind\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":1,\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]}]}");

	CHECK_INT(ask(&f, 1, "socketcall", 1, 0), SECCOMP_RET_ERRNO | 13);
	CHECK_INT(ask(&f, 1, "socketcall", 2, 0), EPERMS); /* his arguments cannot be seen */
	CHECK_INT(ask(&f, 1, "socketcall", 3, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, 1, "ipc", 21, 0), SECCOMP_RET_ERRNO | 13);
	CHECK_INT(ask(&f, 1, "ipc", 0x10015, 0), SECCOMP_RET_ERRNO | 13); /* a version in the upper half */
	CHECK_INT(ask(&f, 1, "ipc", 22, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, 0, "bind", 0, 4), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, 0, "bind", 0, 5), EPERMS);
	drop(&f);
	f = compose_text("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":["
			 "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}");
	CHECK_INT(ask(&f, 1, "socket", 1, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, 1, "socketcall", 1, 0), EPERMS);
	drop(&f);
}

/* Names that nobody knows, no entries at all, the strictest of several, one that is beyond. */
static void test_corners(void)
{
	struct sandbox_filter f = compose_text("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	struct seccomp_data beyond = { 900, seccomp_x86_64.machine->arch[0].audit, 0, { 0 } };

	CHECK_INT(ask(&f, 0, "mount", 0, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(run(&f, &beyond), SECCOMP_RET_ALLOW);
	CHECK_INT(ask(&f, 1, "mount", 0, 0), SECCOMP_RET_KILL_PROCESS); /* not among the architectures */
	drop(&f);
	f = compose_text("{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"architectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_MIPS\"],"
			 "\"syscalls\":[{\"names\":[\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			 "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\"},"
			 "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5},"
			 "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":6},"
			 "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":5,\"value\":18446744073709551615,"
			 "\"op\":\"SCMP_CMP_EQ\"}]}]}");
	CHECK_INT(ask(&f, 0, "mount", 0, 0), SECCOMP_RET_ERRNO | 5);
	CHECK_INT(ask(&f, 1, "mount", 0, 0), SECCOMP_RET_ERRNO | 5);
	CHECK_INT(ask(&f, 1, "umount", 0, 0), SECCOMP_RET_KILL_PROCESS);
	CHECK_INT(run(&f, &beyond), ENOSYSES);
	drop(&f);
}

static void test_form_of_docker(void)
{
	struct seccomp_profile p;
	struct err e = ERR_INIT;

	CHECK_INT(read_text(&p, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
				"\"subArchitectures\":[\"SCMP_ARCH_X86\"]},{\"architecture\":\"SCMP_ARCH_AARCH64\","
				"\"subArchitectures\":[\"SCMP_ARCH_ARM\"]}],\"syscalls\":["
				"{\"name\":\"acct\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":null},"
				"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"},\"excludes\":{}},"
				"{\"names\":[\"b\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"99.1\"}},"
				"{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"minKernel\":\"4.8\"}},"
				"{\"names\":[\"d\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_OF_TOMORROW\"]}},"
				"{\"names\":[\"e\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
				"\"arches\":[\"amd64\"]},\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]}", &e), 0);
	CHECK_INT(p.count, 3);
	CHECK(seccomp_listed(p.arches, "SCMP_ARCH_X86") && !seccomp_listed(p.arches, "SCMP_ARCH_ARM"));
	if (p.count == 3) {
		CHECK_STR(p.entries[0].names, "acct");
		CHECK_STR(p.entries[1].names, "a");
		CHECK(seccomp_applies(&p.entries[2], seccomp_x86_64.machine, 1u << 0 | 1u << 5));
		CHECK(!seccomp_applies(&p.entries[2], seccomp_x86_64.machine, 1u << 0));
		CHECK(!seccomp_applies(&p.entries[2], seccomp_x86_64.machine, 1u << 0 | 1u << 5 | 1u << 21));
		CHECK(!seccomp_applies(&p.entries[2], seccomp_aarch64.machine, 1u << 0 | 1u << 5));
	}
	seccomp_clear(&p);
}

#define ONE(members) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"]," members "}]}"
#define ARGS(text) ONE("\"action\":\"SCMP_ACT_TRAP\",\"args\":[" text "]")

static const struct {
	const char *text, *says;
} refused_texts[] = {
	{ "[]", "not an object" },
	{ "{}", "defaultAction" },
	{ "{\"defaultAction\":\"SCMP_ACT_MAYBE\"}", "SCMP_ACT_MAYBE" },
	{ "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "SCMP_ACT_NOTIFY" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}", "listenerPath" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}", "WAIT_KILLABLE_RECV" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]}", "flags" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"X\"]}", "architectures" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}", "defaultErrnoRet" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":-1}", "defaultErrnoRet" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_TRAP\"}]}", "names" },
	{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[1],\"action\":\"SCMP_ACT_TRAP\"}]}", "names" },
	{ ONE("\"action\":\"X\""), "\"X\"" },
	{ ONE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1.5"), "errnoRet" },
	{ ARGS("{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}"), "index" },
	{ ARGS("{\"index\":0,\"value\":-1,\"op\":\"SCMP_CMP_EQ\"}"), "value" },
	{ ARGS("{\"index\":0,\"value\":18446744073709551616,\"op\":\"SCMP_CMP_EQ\"}"), "value" },
	{ ARGS("{\"index\":0,\"value\":\"0\",\"op\":\"SCMP_CMP_EQ\"}"), "value" },
	{ ARGS("{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_IN\"}"), "SCMP_CMP_IN" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof refused_texts / sizeof *refused_texts; i++) {
		struct seccomp_profile p = { .count = 0 };
		struct err e = ERR_INIT;

		CHECK_INT(read_text(&p, refused_texts[i].text, &e), -1);
		CHECK(strstr(e.text, refused_texts[i].says) != NULL);
		if (!strstr(e.text, refused_texts[i].says))
			fprintf(stderr, "%s: %s\n", refused_texts[i].text, e.text);
		seccomp_clear(&p);
	}
}

/* A profile that was written says, once read, the same. */
static void test_round_trip(void)
{
	for (size_t i = 0; i < sizeof cap_sets / sizeof *cap_sets; i++) {
		struct seccomp_profile p, ours = seccomp_default;
		struct sandbox_filter f, g;
		struct buf text = BUF_INIT;
		struct json_writer w;
		struct err e = ERR_INIT;

		ours.arches = "SCMP_ARCH_X86\0";
		json_writer_init(&w, &text, 2);
		seccomp_put(&w, NULL, &ours, seccomp_x86_64.machine, cap_sets[i]);
		CHECK_INT(read_text(&p, buf_text(&text), &e), 0);
		CHECK_INT(seccomp_compose(&p, &seccomp_x86_64, 0, &f, &e), 0);
		CHECK_INT(seccomp_compose(&ours, &seccomp_x86_64, cap_sets[i], &g, &e), 0);
		CHECK(f.count == g.count && memcmp(f.code, g.code, f.count * sizeof(struct sock_filter)) == 0);
		drop(&f);
		drop(&g);
		seccomp_clear(&p);
		buf_clear(&text);
	}
}

/* ---- random profiles ---- */

#define ENTRIES 40
#define WORDS 400

struct made {
	struct seccomp_profile p;
	struct seccomp_entry entries[ENTRIES];
	struct seccomp_comparison args[ENTRIES][SECCOMP_ARGS];
	char names[ENTRIES][WORDS];
};

static void make_names(char *names, const struct seccomp_table *t)
{
	size_t at = 0;

	for (int i = 1 + (int)(random64() % 8); i > 0; i--) {
		const char *name = t->calls[random64() % t->count].name;

		if (at + strlen(name) + 2 > WORDS)
			break;
		memcpy(names + at, name, strlen(name) + 1);
		at += strlen(name) + 1;
	}
	names[at] = '\0';
}

static uint64_t make_value(void)
{
	static const uint64_t values[] = { 0, 1, 5, 0x7fffffff, 0x80000000, UINT32_MAX, HIGH, HIGH | 5, UINT64_MAX, UINT64_MAX << 32 };

	return random64() % 3 ? values[random64() % 10] : random64();
}

static void make_profile(struct made *m, const struct seccomp_table *t)
{
	*m = (struct made){ .p = { .entries = m->entries, .count = random64() % ENTRIES, .data = 7,
				   .action = (enum seccomp_action)(random64() % 7), .arches = "SCMP_ARCH_X86\0SCMP_ARCH_ARM\0" } };
	for (size_t i = 0; i < m->p.count; i++) {
		struct seccomp_entry *entry = &m->entries[i];

		make_names(m->names[i], t);
		entry->names = m->names[i];
		entry->action = (enum seccomp_action)(random64() % 7);
		entry->data = (int)(random64() % 3);
		entry->args = m->args[i];
		entry->arg_count = random64() % 3 ? random64() % 4 : 0;
		for (size_t j = 0; j < entry->arg_count; j++)
			m->args[i][j] = (struct seccomp_comparison){ (unsigned int)(random64() % SECCOMP_ARGS),
								      (enum seccomp_op)(random64() % 7), make_value(), make_value() };
	}
}

static void test_random_profiles(void)
{
	static struct made m;
	int wrong = 0;

	for (size_t i = 0; i < 60 && !wrong; i++) {
		struct sandbox_filter f;
		struct err e = ERR_INIT;

		make_profile(&m, tables[i % TABLES]);
		CHECK_INT(seccomp_compose(&m.p, tables[i % TABLES], 0, &f, &e), 0);
		wrong = differences(&m.p, tables[i % TABLES], 0, &f, 20);
		drop(&f);
	}
	CHECK_INT(wrong, 0);
}

/* Jumps over more than 255 instructions, and a program that is longer than the kernel takes. */
static void test_long_programs(void)
{
	static struct seccomp_comparison args[100][SECCOMP_COMPARISONS_MAX];
	static struct seccomp_entry entries[100];
	struct seccomp_profile p = { .action = SECCOMP_ACT_TRAP, .arches = "SCMP_ARCH_X86\0", .entries = entries };
	struct sandbox_filter f;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < 100; i++) {
		entries[i] = (struct seccomp_entry){ .names = i % 2 ? "read\0" : "write\0mount\0", .action = SECCOMP_ACT_ALLOW,
						     .args = args[i], .arg_count = i % 7 ? 6 : SECCOMP_COMPARISONS_MAX };
		for (unsigned int j = 0; j < SECCOMP_COMPARISONS_MAX; j++)
			args[i][j] = (struct seccomp_comparison){ j % SECCOMP_ARGS, (enum seccomp_op)(random64() % 7), random64(), random64() };
	}
	for (p.count = 1; p.count < 12; p.count++) {
		CHECK_INT(seccomp_compose(&p, &seccomp_x86_64, 0, &f, &e), 0);
		CHECK(f.count > 16);
		CHECK_INT(differences(&p, &seccomp_x86_64, 0, &f, 20), 0);
		drop(&f);
	}
	p.count = 100;
	CHECK_INT(seccomp_compose(&p, &seccomp_x86_64, 0, &f, &e), -1);
	CHECK(strstr(e.text, "4096") != NULL);
	CHECK(f.code == NULL);
}

/* ---- the kernel, and libseccomp ---- */

/* In a child, which may not be able to end as it would like to afterwards. */
static bool kernel_takes(const struct sandbox_filter *f)
{
	struct sock_fprog program = { f->count, (struct sock_filter *)(uintptr_t)f->code };
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1)
			_exit(99);
		syscall(SYS_exit_group, 0);
		__builtin_trap();
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !(WIFEXITED(status) && WEXITSTATUS(status) == 99);
}

static void test_kernel(void)
{
	static const struct sock_filter endless[] = { { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 } };
	const struct sandbox_filter bad = { .code = endless, .count = 1 };
	static struct made m;

	if (prctl(PR_GET_SECCOMP) == -1)
		SKIP("this kernel has no filters");
	CHECK(!kernel_takes(&bad));
	for (size_t i = 0; i < TABLES; i++)
		CHECK(kernel_takes(&tables[i]->program));
	for (size_t i = 0; i < 20; i++) {
		struct sandbox_filter f;
		struct err e = ERR_INIT;

		make_profile(&m, tables[i % TABLES]);
		CHECK_INT(seccomp_compose(&m.p, tables[i % TABLES], 0, &f, &e), 0);
		CHECK(kernel_takes(&f));
		drop(&f);
	}
}

static uint32_t their_action(enum seccomp_action action, int data)
{
	uint32_t value = value_of(action, data);

	return action == SECCOMP_ACT_KILL_PROCESS ? SCMP_ACT_KILL_PROCESS : value;
}

static int add_theirs(scmp_filter_ctx theirs, const struct seccomp_entry *entry, int number)
{
	struct scmp_arg_cmp args[SECCOMP_ARGS];

	for (size_t i = 0; i < entry->arg_count; i++)
		args[i] = (struct scmp_arg_cmp){ entry->args[i].index, (enum scmp_compare)(entry->args[i].op + 1),
						 entry->args[i].value, entry->args[i].second };
	return seccomp_rule_add_array(theirs, their_action(entry->action, entry->data), number, (unsigned int)entry->arg_count, args);
}

/* Their program of the same profile. The rules that conflict with others are the caller's business. */
static struct sandbox_filter judge(const struct seccomp_profile *p, const struct seccomp_table *t, uint64_t caps)
{
	scmp_filter_ctx theirs = seccomp_init(their_action(p->action, p->data));
	struct sandbox_filter f = { .count = 0 };
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	int fd = memfd_create("judge", MFD_CLOEXEC);

	for (size_t i = 0; i < t->machine->arch_count; i++)
		if (t->machine->arch[i].audit != seccomp_arch_native())
			CHECK_INT(seccomp_arch_add(theirs, t->machine->arch[i].audit), 0);
	if (t->machine->arch[0].audit != seccomp_arch_native())
		CHECK_INT(seccomp_arch_remove(theirs, seccomp_arch_native()), 0);
	for (size_t i = 0; i < p->count; i++) {
		const struct seccomp_entry *entry = &p->entries[i];

		if (!seccomp_applies(entry, t->machine, caps) || value_of(entry->action, entry->data) == value_of(p->action, p->data))
			continue;
		for (const char *name = entry->names; *name; name += strlen(name) + 1) {
			int number = seccomp_syscall_resolve_name(name);

			if (number != __NR_SCMP_ERROR)
				CHECK_INT(add_theirs(theirs, entry, number), 0);
		}
	}
	CHECK_INT(seccomp_export_bpf(theirs, fd), 0);
	lseek(fd, 0, SEEK_SET);
	CHECK_INT(io_read_all(fd, 1 << 20, &text, &e), 0);
	f.count = (unsigned short)(text.len / sizeof(struct sock_filter));
	f.code = buf_steal(&text);
	close(fd);
	seccomp_release(theirs);
	return f;
}

/* They look at 32 bits on 32-bit architectures, as the kernel only has those. */
static int differ_from_judge(const struct compared *c, const struct sandbox_filter *theirs, uint32_t number)
{
	for (int round = 0; round < c->rounds; round++) {
		struct seccomp_data d = { (int)number, c->t->machine->arch[c->arch].audit, 0, { 0 } };
		uint32_t got, want;

		for (int i = 0; i < SECCOMP_ARGS; i++)
			d.args[i] = c->arch > 0 ? (uint32_t)some_value(c->p) : some_value(c->p);
		got = run(c->f, &d);
		want = run(theirs, &d);
		if (got != want) {
			fprintf(stderr, "%s, call %u (%s): %08x, libseccomp has %08x\n", c->t->machine->arch[c->arch].name, number,
				name_of(c->t, c->arch, number), got, want);
			return 1;
		}
	}
	return 0;
}

/* Of the calls that libseccomp knows, but those of `but`, a list. */
static int judge_differences(const struct seccomp_profile *p, const struct seccomp_table *t, const struct sandbox_filter *f,
			     uint64_t caps, const char *but)
{
	struct sandbox_filter theirs = judge(p, t, caps);
	int n = 0;

	for (size_t arch = 0; arch < t->machine->arch_count; arch++) {
		const struct compared c = { p, t, f, caps, arch, 100 };

		for (size_t i = 0; i < t->count; i++) {
			int number = t->calls[i].number[arch];
			char *known = number >= 0 ? seccomp_syscall_resolve_num_arch(t->machine->arch[arch].audit, number) : NULL;

			if (known && !seccomp_listed(but, known))
				n += differ_from_judge(&c, &theirs, (uint32_t)number);
			free(known);
		}
	}
	drop(&theirs);
	return n;
}

/* ioctl differs by design: of two rules they take the one without comparisons. */
static void test_judge_default(void)
{
	for (size_t i = 0; i < TABLES; i++) {
		struct seccomp_profile p = seccomp_default;
		struct sandbox_filter f;
		struct err e = ERR_INIT;

		p.arches = i == 0 ? "SCMP_ARCH_X86\0" : "SCMP_ARCH_ARM\0";
		CHECK_INT(judge_differences(&p, tables[i], &tables[i]->program, sandbox_default_caps, "ioctl\0"), 0);
		CHECK_INT(seccomp_compose(&p, tables[i], UINT64_MAX, &f, &e), 0);
		CHECK_INT(judge_differences(&p, tables[i], &f, UINT64_MAX, "ioctl\0clone\0"), 0);
		drop(&f);
	}
}

/* Each call in one entry alone, no argument twice, values of 32 bits: the rest is where we differ on purpose. */
static void make_plain_profile(struct made *m, const struct seccomp_table *t)
{
	make_profile(m, t);
	for (size_t i = 0; i < m->p.count; i++) {
		const struct seccomp_call *call = &t->calls[(i * 37 + random64() % 30) % t->count];

		snprintf(m->names[i], WORDS, "%s%c", call->name, 0);
		if (strstr("socketcall ipc", call->name) || call->number[0] == -1 || call->number[1] == -1)
			m->names[i][0] = '\0';
		for (size_t j = 0; j < i; j++)
			if (strcmp(m->names[i], m->names[j]) == 0)
				m->names[i][0] = '\0';
		for (unsigned int j = 0; j < SECCOMP_ARGS; j++) {
			m->args[i][j].index = (unsigned int)((i + j) % SECCOMP_ARGS);
			m->args[i][j].value &= UINT32_MAX;
			m->args[i][j].second &= UINT32_MAX;
		}
	}
}

static const char through_others[] =
	"socketcall\0ipc\0socket\0bind\0connect\0listen\0accept\0getsockname\0getpeername\0socketpair\0send\0recv\0sendto\0recvfrom\0"
	"shutdown\0setsockopt\0getsockopt\0sendmsg\0recvmsg\0accept4\0recvmmsg\0sendmmsg\0semop\0semget\0semctl\0semtimedop\0msgsnd\0"
	"msgrcv\0msgget\0msgctl\0shmat\0shmdt\0shmget\0shmctl\0";

static void test_judge_random(void)
{
	static struct made m;
	int wrong = 0;

	for (size_t i = 0; i < 100 && !wrong; i++) {
		const struct seccomp_table *t = tables[i % TABLES];
		struct sandbox_filter f;
		struct err e = ERR_INIT;

		make_plain_profile(&m, t);
		CHECK_INT(seccomp_compose(&m.p, t, 0, &f, &e), 0);
		wrong = judge_differences(&m.p, t, &f, 0, through_others);
		drop(&f);
	}
	CHECK_INT(wrong, 0);
}

int main(void)
{
	RUN(test_default_profile);
	RUN(test_policy);
	RUN(test_architectures);
	RUN(test_multiplexed);
	RUN(test_corners);
	RUN(test_form_of_docker);
	RUN(test_refused);
	RUN(test_round_trip);
	RUN(test_random_profiles);
	RUN(test_long_programs);
	RUN(test_kernel);
	RUN(test_judge_default);
	RUN(test_judge_random);
	return test_end();
}
