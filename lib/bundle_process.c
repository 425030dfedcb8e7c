#include "bundle_read.h"

#include "sandbox_defaults.h"

#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#define ID_MAX ((int64_t)UINT32_MAX - 1)
#define OOM_SCORE_ADJ_MAX 1000

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },	    { "RLIMIT_CORE", RLIMIT_CORE },	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },	    { "RLIMIT_FSIZE", RLIMIT_FSIZE },	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE }, { "RLIMIT_NPROC", RLIMIT_NPROC }, { "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_STACK", RLIMIT_STACK },
#ifdef __linux__
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },   { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE }, { "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO }, { "RLIMIT_RTTIME", RLIMIT_RTTIME },	    { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
#endif
};

static int read_user(struct bundle *b, struct json_value user, struct err *e)
{
	static const char *const refused[] = { "username", NULL };
	struct json_value groups = json_member(user, "additionalGids"), mask = json_member(user, "umask");
	struct sandbox *s = &b->sandbox;
	int64_t uid = 0, gid = 0, n;
	uint32_t *list;

	if (bundle_refuse(user, "process.user.", refused, e) == -1)
		return -1;
	if (bundle_number(json_member(user, "uid"), "process.user.uid", ID_MAX, &uid, e) == -1 ||
	    bundle_number(json_member(user, "gid"), "process.user.gid", ID_MAX, &gid, e) == -1)
		return -1;
	s->uid = (uint32_t)uid;
	s->gid = (uint32_t)gid;
	if (json_exists(mask)) {
		if (bundle_number(mask, "process.user.umask", 0777, &n, e) == -1)
			return -1;
		s->umask = (mode_t)n;
	}
	list = bundle_alloc(b, json_count(groups), sizeof *list, e);
	if (!list)
		return -1;
	s->groups = list;
	for (struct json_value v = json_first(groups); json_exists(v); v = json_next(v)) {
		if (bundle_number(v, "process.user.additionalGids", ID_MAX, &n, e) == -1)
			return -1;
		list[s->group_count++] = (uint32_t)n;
	}
	return 0;
}

static int read_caps(struct bundle *b, struct json_value list, uint64_t *set, struct err *e)
{
	char **names;

	*set = 0;
	if (bundle_strings(b, list, "process.capabilities", &names, e) == -1)
		return -1;
	for (; names && *names; names++) {
		int cap = sandbox_cap_number(*names);

		if (cap == -1)
			return err_set(e, ERR_USAGE, "process.capabilities: %s is unknown", *names);
		*set |= UINT64_C(1) << cap;
	}
	return 0;
}

static int read_capabilities(struct bundle *b, struct json_value v, struct err *e)
{
	struct sandbox *s = &b->sandbox;

	if (read_caps(b, json_member(v, "bounding"), &s->caps_bounding, e) == -1 ||
	    read_caps(b, json_member(v, "effective"), &s->caps_effective, e) == -1 ||
	    read_caps(b, json_member(v, "permitted"), &s->caps_permitted, e) == -1 ||
	    read_caps(b, json_member(v, "inheritable"), &s->caps_inheritable, e) == -1)
		return -1;
	return read_caps(b, json_member(v, "ambient"), &s->caps_ambient, e);
}

static int find_limit(struct json_value type, struct sandbox_rlimit *r, struct err *e)
{
	size_t len = 0;
	const char *raw = json_exists(type) ? json_raw(type, &len) : "";

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		if (json_equals(type, limits[i].name)) {
			r->name = limits[i].name;
			r->resource = limits[i].resource;
			return 0;
		}
	return err_set(e, ERR_USAGE, "process.rlimits: %.*s is unknown", (int)len, raw);
}

/* All of the 64 bits: as many say "unlimited". */
static int read_limit(struct json_value v, const char *name, uint64_t *out, struct err *e)
{
	size_t len = 0;
	const char *raw = json_type(v) == JSON_NUMBER ? json_raw(v, &len) : "";

	*out = 0;
	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(raw[i] - '0');

		if (raw[i] < '0' || raw[i] > '9' || *out > (UINT64_MAX - digit) / 10)
			return err_set(e, ERR_CONTENT, "%s: out of range", name);
		*out = *out * 10 + digit;
	}
	return len ? 0 : err_set(e, ERR_CONTENT, "%s: not a number", name);
}

static int read_limits(struct bundle *b, struct json_value list, struct err *e)
{
	struct sandbox_rlimit *r = bundle_alloc(b, json_count(list), sizeof *r, e);

	if (!r)
		return -1;
	b->sandbox.rlimits = r;
	for (struct json_value v = json_first(list); json_exists(v); v = json_next(v), r++) {
		if (find_limit(json_member(v, "type"), r, e) == -1)
			return -1;
		if (read_limit(json_member(v, "soft"), "process.rlimits.soft", &r->soft, e) == -1 ||
		    read_limit(json_member(v, "hard"), "process.rlimits.hard", &r->hard, e) == -1)
			return -1;
		b->sandbox.rlimit_count++;
	}
	return 0;
}

static int read_oom_score(struct bundle *b, struct json_value v, struct err *e)
{
	int64_t n;

	if (!json_exists(v) || json_type(v) == JSON_NULL)
		return 0;
	if (json_int64(v, &n, e) == -1)
		return err_context(e, "process.oomScoreAdj");
	if (n < -OOM_SCORE_ADJ_MAX || n > OOM_SCORE_ADJ_MAX)
		return err_set(e, ERR_CONTENT, "process.oomScoreAdj: out of range");
	b->sandbox.set_oom_score_adj = true;
	b->sandbox.oom_score_adj = (int)n;
	return 0;
}

static int read_terminal(struct bundle *b, struct json_value process, struct err *e)
{
	struct json_value size = json_member(process, "consoleSize");
	int64_t rows = 0, columns = 0;

	b->sandbox.terminal = json_bool(json_member(process, "terminal"), false);
	if (json_type(size) == JSON_OBJECT &&
	    (bundle_number(json_member(size, "height"), "process.consoleSize.height", UINT16_MAX, &rows, e) == -1 ||
	     bundle_number(json_member(size, "width"), "process.consoleSize.width", UINT16_MAX, &columns, e) == -1))
		return -1;
	b->sandbox.rows = (unsigned short)rows;
	b->sandbox.columns = (unsigned short)columns;
	return 0;
}

int bundle_read_process(struct bundle *b, struct json_value process, struct err *e)
{
	static const char *const refused[] = { "apparmorProfile", "selinuxLabel", "scheduler", "ioPriority",
					       "execCPUAffinity", NULL };
	struct sandbox *s = &b->sandbox;
	char **args, **env;

	if (!json_exists(process)) { /* a bundle for whoever brings a command */
		s->cwd = "/";
		return 0;
	}
	if (bundle_refuse(process, "process.", refused, e) == -1)
		return -1;
	if (bundle_strings(b, json_member(process, "args"), "process.args", &args, e) == -1 ||
	    bundle_strings(b, json_member(process, "env"), "process.env", &env, e) == -1)
		return -1;
	s->args = args && *args ? args : NULL;
	s->env = env;
	s->cwd = bundle_string(b, json_member(process, "cwd"), "process.cwd", e);
	if (!s->cwd)
		return -1;
	if (*s->cwd != '/')
		return err_set(e, ERR_CONTENT, "process.cwd %s: not an absolute path", s->cwd);
	s->no_new_privs = json_bool(json_member(process, "noNewPrivileges"), false);
	if (read_terminal(b, process, e) == -1 || read_oom_score(b, json_member(process, "oomScoreAdj"), e) == -1)
		return -1;
	if (read_user(b, json_member(process, "user"), e) == -1 ||
	    read_capabilities(b, json_member(process, "capabilities"), e) == -1)
		return -1;
	return read_limits(b, json_member(process, "rlimits"), e);
}
