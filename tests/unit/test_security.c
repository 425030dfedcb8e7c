/* security: words into sets and switches. */
#include "test.h"

#include "sandbox_defaults.h"
#include "security.h"

#define BIT(cap) (UINT64_C(1) << (cap))
#define BASE (BIT(0) | BIT(5))

static void test_names(void)
{
	static const char *const good[] = { "CHOWN", "cap_chown", "Cap_Chown", "chown" };
	static const char *const bad[] = { "", "CAP_", "CAP_CAP_CHOWN", "0", "CHOWN " };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct security s = SECURITY_INIT;

		CHECK_INT(security_add_cap(&s, good[i], &e), 0);
		CHECK(s.add == BIT(0));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct security s = SECURITY_INIT;
		struct err why = ERR_INIT;

		CHECK_INT(security_drop_cap(&s, bad[i], &why), -1);
		CHECK_INT(why.kind, ERR_USAGE);
		CHECK(!security_changes_caps(&s));
	}
}

static uint64_t caps(const char *add, const char *drop)
{
	struct security s = SECURITY_INIT;
	struct err e = ERR_INIT;

	if ((add && security_add_cap(&s, add, &e) == -1) || (drop && security_drop_cap(&s, drop, &e) == -1))
		return UINT64_MAX;
	return security_caps(&s, BASE);
}

static void test_caps(void)
{
	uint64_t all = caps("ALL", NULL);

	CHECK(caps(NULL, NULL) == BASE);
	CHECK(caps("KILL", NULL) == BASE);
	CHECK(caps("FOWNER", NULL) == (BASE | BIT(3)));
	CHECK(caps(NULL, "KILL") == BIT(0));
	CHECK(caps("KILL", "KILL") == BASE);
	CHECK(caps(NULL, "ALL") == 0);
	CHECK(caps("FOWNER", "ALL") == BIT(3));
	CHECK(caps("ALL", "CHOWN") == (all & ~BIT(0)));
	CHECK(caps("ALL", "ALL") == all);
	CHECK(all == BIT(41) - 1);
}

static void test_options(void)
{
	static const char *const bad[] = { "", "seccomp", "seccomp=", "systempaths", "systempaths=x", "no-new-privileges=",
					   "no-new-privileges=1", "no-new-privilegesx", "label=disable" };
	struct security s = SECURITY_INIT;
	struct err e = ERR_INIT;

	CHECK_INT(security_option(&s, "no-new-privileges", &e), 0);
	CHECK_INT(s.no_new_privs, 1);
	CHECK_INT(security_option(&s, "no-new-privileges:false", &e), 0);
	CHECK_INT(s.no_new_privs, 0);
	CHECK_INT(security_option(&s, "seccomp=/a=b", &e), 0);
	CHECK_STR(s.seccomp, "/a=b");
	CHECK_INT(security_option(&s, "seccomp=unconfined", &e), 0);
	CHECK(s.seccomp == NULL && s.seccomp_unconfined);
	CHECK_INT(security_option(&s, "seccomp:file", &e), 0);
	CHECK(!s.seccomp_unconfined);
	CHECK_INT(security_option(&s, "systempaths=unconfined", &e), 0);
	CHECK(s.systempaths_unconfined);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err why = ERR_INIT;

		CHECK_INT(security_option(&s, bad[i], &why), -1);
		CHECK_INT(why.kind, ERR_USAGE);
	}
}

static void test_apply(void)
{
	static const char *const paths[] = { "/x", NULL };
	struct security nothing = SECURITY_INIT, s = SECURITY_INIT;
	struct sandbox box, before;
	struct err e = ERR_INIT;

	sandbox_init(&box);
	box.caps_inheritable = box.caps_ambient = BASE;
	box.masked = box.readonly = paths;
	before = box;
	security_apply(&nothing, &box);
	CHECK(memcmp(&box, &before, sizeof box) == 0);

	CHECK_INT(security_drop_cap(&s, "CHOWN", &e), 0);
	CHECK_INT(security_add_cap(&s, "SYS_ADMIN", &e), 0);
	CHECK_INT(security_option(&s, "no-new-privileges=false", &e), 0);
	CHECK_INT(security_option(&s, "systempaths=unconfined", &e), 0);
	security_apply(&s, &box);
	CHECK(box.caps_bounding == ((sandbox_default_caps & ~BIT(0)) | BIT(21)));
	CHECK(box.caps_effective == box.caps_bounding && box.caps_permitted == box.caps_bounding);
	CHECK(box.caps_inheritable == BIT(5) && box.caps_ambient == BIT(5));
	CHECK(!box.no_new_privs);
	CHECK(!*box.masked && !*box.readonly);
}

int main(void)
{
	RUN(test_names);
	RUN(test_caps);
	RUN(test_options);
	RUN(test_apply);
	return test_end();
}
