#include "bundle_seccomp.h"

#include "io.h"
#include "seccomp.h"

#include <string.h>

/* Composes and keeps. A program without code is kept too: whoever installs it says that he cannot. */
static int use_profile(struct bundle *b, const struct seccomp_profile *p, uint64_t caps, struct err *e)
{
	struct sandbox_filter *f = bundle_alloc(b, 1, sizeof *f, e);

	if (!f || seccomp_compose(p, seccomp_native_table, caps, f, e) == -1)
		return -1;
	if (f->code && !bundle_keep(b, (void *)(uintptr_t)f->code, e))
		return -1;
	b->sandbox.filter = f;
	return 0;
}

int bundle_use_seccomp(struct bundle *b, uint64_t caps, const char *file, struct err *e)
{
	struct seccomp_profile p;
	int failed;

	if (!file && caps == sandbox_default_caps && seccomp_native_table) {
		b->sandbox.filter = &seccomp_native_table->program;
		return 0;
	}
	if (!file)
		return use_profile(b, &seccomp_default, caps, e);
	failed = seccomp_read_file(&p, file, seccomp_native, e);
	if (!failed && use_profile(b, &p, caps, e) == -1)
		failed = err_context(e, "%s", file);
	seccomp_clear(&p);
	return failed;
}

/* Whether the section stands there as bundle_put_seccomp has written it. */
static int is_built_in(struct json_value v, uint64_t caps, bool *is, struct err *e)
{
	const struct seccomp_table *t = seccomp_native_table;
	cleanup_free char *made = NULL;
	const char *ours = t ? t->text : NULL;
	size_t len, ours_len = t ? t->text_len : 0;
	const char *raw = json_raw(v, &len);

	if (!ours || caps != sandbox_default_caps) {
		ours = made = seccomp_text(&seccomp_default, seccomp_native, caps, &ours_len, e);
		if (!made)
			return -1;
	}
	*is = len == ours_len && memcmp(raw, ours, len) == 0;
	return 0;
}

int bundle_read_seccomp(struct bundle *b, struct json_value seccomp, struct err *e)
{
	const uint64_t caps = b->sandbox.caps_bounding;
	struct seccomp_profile p;
	int failed;

	if (!json_exists(seccomp) || json_type(seccomp) == JSON_NULL)
		return 0;
	if (is_built_in(seccomp, caps, &b->built_in_policy, e) == -1)
		return -1;
	if (b->built_in_policy)
		return bundle_use_seccomp(b, caps, NULL, e);
	failed = seccomp_read(&p, seccomp, seccomp_native, e);
	if (!failed)
		failed = use_profile(b, &p, caps, e);
	seccomp_clear(&p);
	return failed ? err_context(e, "linux.seccomp") : 0;
}

int bundle_secure(struct bundle *b, const struct security *security, struct err *e)
{
	security_apply(security, &b->sandbox);
	if (security->seccomp_unconfined)
		b->sandbox.filter = NULL;
	else if (security->seccomp || (security_changes_caps(security) && b->built_in_policy))
		return bundle_use_seccomp(b, b->sandbox.caps_bounding, security->seccomp, e);
	return 0;
}

void bundle_put_seccomp(struct json_writer *w, uint64_t caps)
{
	seccomp_put(w, "seccomp", &seccomp_default, seccomp_native, caps);
}

int bundle_put_seccomp_file(struct json_writer *w, const char *path, uint64_t caps, struct err *e)
{
	struct seccomp_profile p;
	int failed = seccomp_read_file(&p, path, seccomp_native, e);

	if (!failed)
		seccomp_put(w, "seccomp", &p, seccomp_native, caps);
	seccomp_clear(&p);
	return failed;
}
