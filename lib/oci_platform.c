#include "oci.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* Names in use for an architecture (uname's, Debian's), and what Go and with it the image-spec call it. */
static const struct alias {
	const char *name, *arch, *variant;
} aliases[] = {
	{ "x86_64", "amd64", "" },     { "x86-64", "amd64", "" },  { "i386", "386", "" },
	{ "i486", "386", "" },	       { "i586", "386", "" },	   { "i686", "386", "" },
	{ "x86", "386", "" },	       { "aarch64", "arm64", "" }, { "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },      { "armv5tel", "arm", "v5" }, { "armv5tejl", "arm", "v5" },
	{ "armv6l", "arm", "v6" },     { "armv6", "arm", "v6" },   { "armv7l", "arm", "v7" },
	{ "armv7", "arm", "v7" },      { "armv8l", "arm", "v8" },  { "loongarch64", "loong64", "" },
	{ "powerpc64le", "ppc64le", "" },
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	{ "mips", "mipsle", "" },      { "mips64", "mips64le", "" }, /* uname tells no byte order */
#endif
};

/* Letters and digits, and "._-" between them: nothing that could pass for a path. Empty is fine here. */
static bool word(const char *s)
{
	if (*s && !isalnum((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._-", *s))
			return false;
	return true;
}

/* Copies text in lower case; false where it is too long or no word. */
static bool copy_word(char to[32], const char *text, size_t n)
{
	if (n >= 32)
		return false;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)tolower((unsigned char)text[i]);
	to[n] = '\0';
	return strlen(to) == n && word(to);
}

static void set_word(char to[32], const char *text)
{
	snprintf(to, 32, "%s", text);
}

/* "7" and "v7" are one, and so are "v8.0" and "v8". */
static void normalise_variant(struct platform *p)
{
	size_t n = strlen(p->variant);

	if (isdigit((unsigned char)*p->variant) && n + 1 < sizeof p->variant) {
		memmove(p->variant + 1, p->variant, n + 1);
		*p->variant = 'v';
		n++;
	}
	if (n > 2 && strcmp(p->variant + n - 2, ".0") == 0)
		p->variant[n - 2] = '\0';
}

static void normalise(struct platform *p)
{
	if (strcmp(p->os, "macos") == 0)
		set_word(p->os, "darwin");
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		if (strcmp(p->arch, aliases[i].name) != 0)
			continue;
		set_word(p->arch, aliases[i].arch);
		if (*aliases[i].variant)
			set_word(p->variant, aliases[i].variant);
		break;
	}
	normalise_variant(p);
	if (strcmp(p->arch, "arm") == 0 && !*p->variant)
		set_word(p->variant, "v7");
	if ((strcmp(p->arch, "arm64") == 0 && strcmp(p->variant, "v8") == 0) ||
	    (strcmp(p->arch, "amd64") == 0 && strcmp(p->variant, "v1") == 0))
		*p->variant = '\0';
}

int platform_set(struct platform *p, const char *os, const char *arch, const char *variant, struct err *e)
{
	struct platform parsed;

	if (!copy_word(parsed.os, os, strlen(os)) || !copy_word(parsed.arch, arch, strlen(arch)) ||
	    !copy_word(parsed.variant, variant, strlen(variant)))
		return err_set(e, ERR_CONTENT, "'%.40s/%.40s/%.40s' is no platform", os, arch, variant);
	normalise(&parsed);
	*p = parsed;
	return 0;
}

int platform_parse(struct platform *p, const char *text, struct err *e)
{
	struct platform parsed = { "", "", "" };
	size_t os = strcspn(text, "/"), arch = text[os] ? strcspn(text + os + 1, "/") : 0;
	const char *variant = text[os] ? text + os + 1 + arch : "";

	if (os == 0 || arch == 0 || strcmp(variant, "/") == 0 || !copy_word(parsed.os, text, os) ||
	    !copy_word(parsed.arch, text + os + 1, arch) ||
	    (*variant && !copy_word(parsed.variant, variant + 1, strlen(variant + 1))))
		return err_set(e, ERR_USAGE, "'%.100s' is no platform: OS/ARCH or OS/ARCH/VARIANT is wanted", text);
	normalise(&parsed);
	*p = parsed;
	return 0;
}

int platform_host(struct platform *p, struct err *e)
{
	struct utsname name;

	if (uname(&name) == -1)
		return err_set(e, ERR_IO, "uname failed");
	return platform_set(p, name.sysname, name.machine, "", e);
}

void platform_format(const struct platform *p, char out[PLATFORM_TEXT])
{
	snprintf(out, PLATFORM_TEXT, "%s/%s%s%s", p->os, p->arch, *p->variant ? "/" : "", p->variant);
}

/* "v7" is 70, "v8.2" is 82, none is what `none` says; -1 for what follows no order. */
static int level(const char *variant, int none)
{
	const char *s = variant + 1;

	if (!*variant)
		return none;
	if (*variant != 'v' || !isdigit((unsigned char)*s))
		return -1;
	if (s[1] == '\0')
		return 10 * (*s - '0');
	if (s[1] == '.' && isdigit((unsigned char)s[2]) && s[3] == '\0')
		return 10 * (*s - '0') + s[2] - '0';
	return -1;
}

#define MATCH_EXACT 1000
#define MATCH_SAME_ARCH 500 /* and a lower variant: its level is added */
#define MATCH_OTHER_ARCH 100

/* A machine runs what was built for an older one of its kind. */
static int match_lower(const char *want, const char *have, int none, int base)
{
	int wanted = level(want, none), offered = level(have, none);

	return wanted >= 0 && offered >= 0 && offered <= wanted ? base + offered : 0;
}

int platform_match(const struct platform *want, const struct platform *have)
{
	bool amd64 = strcmp(want->arch, "amd64") == 0, arm64 = strcmp(want->arch, "arm64") == 0;
	bool arm = strcmp(want->arch, "arm") == 0;

	if (strcmp(want->os, have->os) != 0)
		return 0;
	if (strcmp(want->arch, have->arch) == 0) {
		if (strcmp(want->variant, have->variant) == 0)
			return MATCH_EXACT;
		if (amd64 || arm64 || arm)
			return match_lower(want->variant, have->variant, amd64 ? 10 : 80, MATCH_SAME_ARCH);
		return 0;
	}
	if (amd64 && strcmp(have->arch, "386") == 0)
		return MATCH_OTHER_ARCH;
	if (arm64 && strcmp(have->arch, "arm") == 0)
		return match_lower("v8", have->variant, 70, MATCH_OTHER_ARCH);
	return 0;
}
