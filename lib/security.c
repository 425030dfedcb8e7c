#include "security.h"

#include "sandbox_defaults.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CAP_TEXT_MAX 64 /* bytes of a name, with the NUL: the longest known has 22 */

static const char no_new_privileges[] = "no-new-privileges";

static uint64_t all_caps(void)
{
	uint64_t all = 0;

	for (unsigned int cap = 0; sandbox_cap_name(cap); cap++)
		all |= UINT64_C(1) << cap;
	return all;
}

/* In any case, with or without "CAP_". */
static int change(uint64_t *set, bool *every, const char *name, struct err *e)
{
	char full[CAP_TEXT_MAX];

	if (strcasecmp(name, "ALL") == 0) {
		*every = true;
		return 0;
	}
	snprintf(full, sizeof full, "%s%s", strncasecmp(name, "CAP_", 4) == 0 ? "" : "CAP_", name);
	for (unsigned int cap = 0; sandbox_cap_name(cap); cap++)
		if (strcasecmp(sandbox_cap_name(cap), full) == 0) {
			*set |= UINT64_C(1) << cap;
			return 0;
		}
	return err_set(e, ERR_USAGE, "'%s' is no capability", name);
}

int security_add_cap(struct security *s, const char *name, struct err *e)
{
	return change(&s->add, &s->add_all, name, e);
}

int security_drop_cap(struct security *s, const char *name, struct err *e)
{
	return change(&s->drop, &s->drop_all, name, e);
}

/* What follows "NAME=" or "NAME:"; NULL for another option. */
static const char *value_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	return strncmp(text, name, len) == 0 && (text[len] == '=' || text[len] == ':') ? text + len + 1 : NULL;
}

int security_option(struct security *s, const char *text, struct err *e)
{
	const char *value;

	if (strcmp(text, no_new_privileges) == 0) {
		s->no_new_privs = 1;
		return 0;
	}
	value = value_of(text, no_new_privileges);
	if (value && (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)) {
		s->no_new_privs = *value == 't';
		return 0;
	}
	value = value_of(text, "seccomp");
	if (value && *value) {
		s->seccomp_unconfined = strcmp(value, "unconfined") == 0;
		s->seccomp = s->seccomp_unconfined ? NULL : value;
		return 0;
	}
	value = value_of(text, "systempaths");
	if (value && strcmp(value, "unconfined") == 0) {
		s->systempaths_unconfined = true;
		return 0;
	}
	return err_set(e, ERR_USAGE, "'%s' is no security option: no-new-privileges[=true|false], seccomp=unconfined, "
				     "seccomp=FILE, systempaths=unconfined", text);
}

bool security_changes_caps(const struct security *s)
{
	return s->add || s->drop || s->add_all || s->drop_all;
}

uint64_t security_caps(const struct security *s, uint64_t set)
{
	if (s->add_all)
		return all_caps() & ~s->drop;
	return (s->drop_all ? 0 : set & ~s->drop) | s->add;
}

void security_apply(const struct security *s, struct sandbox *sandbox)
{
	static const char *const none[] = { NULL };

	if (security_changes_caps(s)) {
		sandbox->caps_bounding = security_caps(s, sandbox->caps_bounding);
		sandbox->caps_effective = security_caps(s, sandbox->caps_effective);
		sandbox->caps_permitted = security_caps(s, sandbox->caps_permitted);
		sandbox->caps_inheritable &= sandbox->caps_bounding;
		sandbox->caps_ambient &= sandbox->caps_bounding;
	}
	if (s->no_new_privs != -1)
		sandbox->no_new_privs = s->no_new_privs;
	if (s->systempaths_unconfined)
		sandbox->masked = sandbox->readonly = none;
}
