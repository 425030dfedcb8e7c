#include "user.h"

#include "buf.h"
#include "io.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define ID_MAX INT32_MAX /* docker's limit; beyond it lie the ids that mean "none" */
#define NAME_TEXT_MAX 256
#define FIELDS_MAX 7 /* of a passwd line */

enum { PW_NAME = 0, PW_UID = 2, PW_GID = 3, PW_HOME = 5 };
enum { GR_NAME = 0, GR_GID = 2, GR_MEMBERS = 3 };

static bool only_digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

/* A plain decimal number within the limit, and nothing else. */
static bool parse_id(const char *s, uint32_t *id)
{
	uint64_t value = 0;

	if (!only_digits(s))
		return false;
	for (; *s; s++) {
		value = value * 10 + (uint64_t)(*s - '0');
		if (value > ID_MAX)
			return false;
	}
	*id = (uint32_t)value;
	return true;
}

/* A number to others, with its sign or in hexadecimal: no image shall have it for a name, and say whose. */
static bool is_odd_number(const char *s)
{
	return *s == '-' || *s == '+' || (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'));
}

/* Reads the file whole, from its start. No file (-1) is an empty one. */
static int read_database(int fd, const char *what, struct buf *out, struct err *e)
{
	struct stat st;

	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_CONTENT, "%s: not a regular file", what);
	if (st.st_size > USER_FILE_MAX)
		return err_set(e, ERR_CONTENT, "%s: longer than the limit of %d bytes", what, USER_FILE_MAX);
	if (lseek(fd, 0, SEEK_SET) == -1 || io_read_all(fd, USER_FILE_MAX, out, e) == -1)
		return err_context(e, "%s", what);
	if (memchr(buf_text(out), '\0', out->len))
		return err_set(e, ERR_CONTENT, "%s: holds a NUL byte", what);
	return 0;
}

/* Cuts the next line off *text. NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

/* Cuts a line at its colons, at most `max` fields. */
static size_t split(char *line, char *fields[], size_t max)
{
	size_t n = 0;

	while (n < max) {
		fields[n++] = line;
		line = strchr(line, ':');
		if (!line)
			break;
		*line++ = '\0';
	}
	return n;
}

/* Finds the first entry with this name or, where name is NULL, this uid. Lines that are none are passed over. */
static bool find_user(char *text, const char *name, struct user *u)
{
	char *line, *f[FIELDS_MAX];
	uint32_t uid, gid;

	while ((line = next_line(&text))) {
		if (split(line, f, FIELDS_MAX) <= PW_HOME || !parse_id(f[PW_UID], &uid) || !parse_id(f[PW_GID], &gid))
			continue;
		if (name ? strcmp(f[PW_NAME], name) != 0 : uid != u->uid)
			continue;
		u->uid = uid;
		u->gid = gid;
		if (f[PW_HOME][0] == '/' && strlen(f[PW_HOME]) < sizeof u->home)
			memcpy(u->home, f[PW_HOME], strlen(f[PW_HOME]) + 1);
		return true;
	}
	return false;
}

static bool find_group(char *text, const char *name, uint32_t *gid)
{
	char *line, *f[FIELDS_MAX];

	while ((line = next_line(&text)))
		if (split(line, f, FIELDS_MAX) > GR_GID && strcmp(f[GR_NAME], name) == 0 && parse_id(f[GR_GID], gid))
			return true;
	return false;
}

static bool is_member(char *members, const char *name)
{
	char *rest = NULL;

	for (char *m = strtok_r(members, ",", &rest); m; m = strtok_r(NULL, ",", &rest))
		if (strcmp(m, name) == 0)
			return true;
	return false;
}

/* The groups that list `name` as a member: what login(1) would give. */
static int find_memberships(char *text, const char *name, struct user *u, struct err *e)
{
	char *line, *f[FIELDS_MAX];
	uint32_t gid;

	while ((line = next_line(&text))) {
		if (split(line, f, FIELDS_MAX) <= GR_MEMBERS || !parse_id(f[GR_GID], &gid) ||
		    !is_member(f[GR_MEMBERS], name))
			continue;
		if (u->group_count == USER_GROUPS_MAX)
			return err_set(e, ERR_CONTENT, "group: %s is in more than %d groups", name, USER_GROUPS_MAX);
		u->groups[u->group_count++] = gid;
	}
	return 0;
}

/* The name that the passwd file has for a uid, for the memberships of a numeric user. */
static bool name_of(char *text, uint32_t uid, char name[NAME_TEXT_MAX])
{
	char *line, *f[FIELDS_MAX];
	uint32_t id;

	while ((line = next_line(&text))) {
		if (split(line, f, FIELDS_MAX) <= PW_HOME || !parse_id(f[PW_UID], &id) || id != uid)
			continue;
		if (strlen(f[PW_NAME]) >= NAME_TEXT_MAX)
			return false;
		memcpy(name, f[PW_NAME], strlen(f[PW_NAME]) + 1);
		return *name != '\0';
	}
	return false;
}

/* Cuts "user[:group]" in two. */
static int parse_spec(const char *spec, char name[NAME_TEXT_MAX], const char **group, struct err *e)
{
	const char *colon = strchr(spec, ':');
	size_t len = colon ? (size_t)(colon - spec) : strlen(spec);

	*group = colon ? colon + 1 : NULL;
	if (len == 0 || (colon && !**group) || (colon && strchr(*group, ':')))
		return err_set(e, ERR_USAGE, "user \"%s\": not of the form user[:group]", spec);
	if (len >= NAME_TEXT_MAX || (colon && strlen(*group) >= NAME_TEXT_MAX))
		return err_set(e, ERR_USAGE, "user: name is longer than %d bytes", NAME_TEXT_MAX - 1);
	for (const char *p = spec; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '/')
			return err_set(e, ERR_USAGE, "user \"%s\": holds a character that no name has", spec);
	if (is_odd_number(spec) || (colon && is_odd_number(*group)))
		return err_set(e, ERR_USAGE, "user \"%s\": a number is of digits alone", spec);
	memcpy(name, spec, len);
	name[len] = '\0';
	return 0;
}

/* Digits are a number or an error, never a name (CVE-2026-46680). */
static int resolve_name(struct user *u, const char *name, char *passwd, struct err *e)
{
	if (only_digits(name)) {
		uint32_t uid;

		if (!parse_id(name, &uid))
			return err_set(e, ERR_USAGE, "user %s: larger than %d", name, ID_MAX);
		u->uid = uid;
		if (!find_user(passwd, NULL, u))
			u->gid = 0;
		return 0;
	}
	if (!find_user(passwd, name, u))
		return err_set(e, ERR_NOT_FOUND, "user %s: not in the image's passwd", name);
	return 0;
}

static int resolve_group(struct user *u, const char *group, char *text, struct err *e)
{
	if (only_digits(group)) {
		if (!parse_id(group, &u->gid))
			return err_set(e, ERR_USAGE, "group %s: larger than %d", group, ID_MAX);
		return 0;
	}
	if (!find_group(text, group, &u->gid))
		return err_set(e, ERR_NOT_FOUND, "group %s: not in the image's group file", group);
	return 0;
}

int user_resolve(struct user *u, const char *spec, int passwd, int group, struct err *e)
{
	cleanup_buf struct buf users = BUF_INIT, names = BUF_INIT, groups = BUF_INIT;
	char name[NAME_TEXT_MAX];
	const char *group_name;

	*u = (struct user){ 0 };
	if (!spec || !*spec)
		spec = "0";
	if (parse_spec(spec, name, &group_name, e) == -1 || read_database(passwd, "passwd", &users, e) == -1)
		return -1;
	buf_adds(&names, buf_text(&users)); /* splitting a text spends it */
	if (buf_check(&names, e) == -1 || resolve_name(u, name, users.data, e) == -1)
		return -1;
	if (group_name && only_digits(group_name))
		return resolve_group(u, group_name, NULL, e);
	if (read_database(group, "group", &groups, e) == -1)
		return -1;
	if (group_name)
		return resolve_group(u, group_name, groups.data, e);
	if (only_digits(name) && !name_of(names.data, u->uid, name))
		return 0;
	return find_memberships(groups.data, name, u, e);
}
