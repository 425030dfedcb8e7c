/* Z7: who a container's process is, from words, passwd and group that an image has: against the same in other words. */
#include "fuzz.h"

#include "user.h"

#include <sys/mman.h>

/* The n-th field of a line, cut at colons; false where there is none. The last of `max` fields holds the rest. */
static bool field(const char *line, size_t len, size_t n, size_t max, const char **out, size_t *out_len)
{
	const char *end = line + len, *stop;

	for (size_t i = 0; i < n; i++) {
		stop = memchr(line, ':', (size_t)(end - line));
		if (!stop)
			return false;
		line = stop + 1;
	}
	stop = memchr(line, ':', (size_t)(end - line));
	*out = line;
	*out_len = (size_t)((stop && n + 1 < max ? stop : end) - line);
	return true;
}

static bool number(const char *p, size_t n, uint32_t *value)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(p[i] - '0');
		if (v > INT32_MAX)
			return false;
	}
	*value = (uint32_t)v;
	return n > 0;
}

static bool only_digits(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return n > 0;
}

struct entry {
	const char *name;
	size_t name_len;
	uint32_t id, gid;
};

/* Takes the next well-formed line of passwd (or group) off the text. */
static bool next_entry(const char **text, const char *end, bool passwd, struct entry *e)
{
	while (*text < end) {
		const char *line = *text, *stop = memchr(line, '\n', (size_t)(end - line)), *p, *home;
		size_t len = (size_t)((stop ? stop : end) - line), n, home_len;

		*text = stop ? stop + 1 : end;
		if (!field(line, len, 0, 7, &e->name, &e->name_len) || !field(line, len, 2, 7, &p, &n) || !number(p, n, &e->id))
			continue;
		if (!passwd)
			return true;
		if (field(line, len, 3, 7, &p, &n) && number(p, n, &e->gid) && field(line, len, 5, 7, &home, &home_len))
			return true;
	}
	return false;
}

static bool find(const char *text, size_t len, bool passwd, const char *name, size_t name_len, const uint32_t *id, struct entry *e)
{
	const char *end = text + len;

	while (next_entry(&text, end, passwd, e))
		if (id ? e->id == *id : e->name_len == name_len && memcmp(e->name, name, name_len) == 0)
			return true;
	return false;
}

static int file_of(int *fd, const char *text, size_t len)
{
	if (*fd == -1)
		*fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(*fd != -1 && ftruncate(*fd, (off_t)len) == 0 && pwrite(*fd, text, len, 0) == (ssize_t)len);
	return *fd;
}

static void check_accepted(const struct user *u, const char *spec, const char *passwd, size_t passwd_len, const char *group,
			   size_t group_len)
{
	const char *colon = strchr(spec, ':');
	size_t len = colon ? (size_t)(colon - spec) : strlen(spec);
	struct entry e = { 0 };
	uint32_t id;

	MUST(u->uid <= INT32_MAX && u->gid <= INT32_MAX && u->group_count <= USER_GROUPS_MAX);
	MUST(u->home[0] == '\0' || (u->home[0] == '/' && strlen(u->home) < sizeof u->home));
	MUST(!colon || u->group_count == 0);
	if (only_digits(spec, len)) {
		MUST(number(spec, len, &id) && u->uid == id);
		if (!find(passwd, passwd_len, true, NULL, 0, &id, &e))
			e.gid = 0;
	} else {
		MUST(find(passwd, passwd_len, true, spec, len, NULL, &e) && u->uid == e.id);
	}
	if (!colon) {
		MUST(u->gid == e.gid);
	} else if (only_digits(colon + 1, strlen(colon + 1))) {
		MUST(number(colon + 1, strlen(colon + 1), &id) && u->gid == id);
	} else {
		MUST(find(group, group_len, false, colon + 1, strlen(colon + 1), NULL, &e) && u->gid == e.id);
	}
}

/* A user's words, passwd and group, cut at bytes that no text has. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int passwd_file = -1, group_file = -1;
	struct input in = { data, size };
	unsigned which = input_byte(&in);
	size_t spec_len, passwd_len, group_len;
	char *spec = input_until(&in, 0xff, &spec_len), *passwd = input_until(&in, 0xff, &passwd_len),
	     *group = input_until(&in, 0xff, &group_len);
	struct user *u = malloc(sizeof *u);
	struct err e = ERR_INIT;
	int r;

	if (which & 1)
		passwd_len = 0;
	if (which & 2)
		group_len = 0;
	r = user_resolve(u, spec, which & 1 ? -1 : file_of(&passwd_file, passwd, passwd_len),
			 which & 2 ? -1 : file_of(&group_file, group, group_len), &e);
	MUST((r == 0) == (e.kind == ERR_NONE));
	MUST(r == 0 || e.kind == ERR_USAGE || e.kind == ERR_NOT_FOUND || e.kind == ERR_CONTENT);
	if (r == 0)
		check_accepted(u, *spec ? spec : "0", passwd, passwd_len, group, group_len);
	free(u);
	free(spec);
	free(passwd);
	free(group);
	return 0;
}
