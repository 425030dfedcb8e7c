/* challenge: WWW-Authenticate (RFC 9110, 11.6.1; distribution spec/auth/token.md). */
#include "test.h"

#include "buf.h"
#include "challenge.h"

#include <stdlib.h>

static const struct {
	const char *header;
	enum challenge_scheme scheme;
	const char *realm, *service, *scope;
} accepted[] = {
	{ "", CHALLENGE_NONE, "", "", "" },
	{ "Basic", CHALLENGE_BASIC, "", "", "" },
	{ "basic realm=x", CHALLENGE_BASIC, "x", "", "" },
	{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\"", CHALLENGE_BEARER, "https://a/t", "s",
	  "repository:x:pull,push" },
	{ "BEARER  REALM = \"r\" ,\tService=s", CHALLENGE_BEARER, "r", "s", "" },
	{ "Bearer realm=\"a\\\"b\\\\c\"", CHALLENGE_BEARER, "a\"b\\c", "", "" },
	{ "Bearer realm=\"\"", CHALLENGE_BEARER, "", "", "" },
	/* several in one header: Bearer is preferred, unknown ones are passed over */
	{ "Basic realm=\"b\", Bearer realm=\"t\",service=\"s\"", CHALLENGE_BEARER, "t", "s", "" },
	{ "Bearer realm=\"t\", Basic realm=\"b\"", CHALLENGE_BEARER, "t", "", "" },
	{ "Negotiate, Basic realm=\"b\"", CHALLENGE_BASIC, "b", "", "" },
	{ "Negotiate oYG2MIGzoAMKAQ==, Basic realm=\"b\"", CHALLENGE_BASIC, "b", "", "" },
	{ "Bearer error=\"x\", Basic realm=\"b\"", CHALLENGE_BASIC, "b", "", "" },
	{ "Basic realm=\"b\", Bearer error=\"x\"", CHALLENGE_BASIC, "b", "", "" },
	{ "Digest realm=\"d\", nonce=\"n\"", CHALLENGE_NONE, NULL, NULL, NULL },
	{ "Bearer realm=\"t\",error=\"invalid_token\",x=\"y\"", CHALLENGE_BEARER, "t", "", "" },
};

static void test_accepted(void)
{
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		struct challenge c;
		struct err e = ERR_INIT;

		CHECK_INT(challenge_parse(&c, accepted[i].header, &e), 0);
		CHECK_INT(c.scheme, accepted[i].scheme);
		if (!accepted[i].realm)
			continue;
		CHECK_STR(c.realm, accepted[i].realm);
		CHECK_STR(c.service, accepted[i].service);
		CHECK_STR(c.scope, accepted[i].scope);
	}
}

static void test_refused(void)
{
	static const char *const headers[] = {
		"Bearer realm=\"open",	  "Bearer realm=\"ends in a backslash\\", "Bearer realm=\"a\",realm=\"b\"",
		"Bearer realm=\"a\"x=\"b\"", "Bearer realm=",			    "=",
		"Bearer \"realm\"",	  "B\x01", "Bearer realm=\"a\", service=s, SERVICE=t",
	};

	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct challenge c;
		struct err e = ERR_INIT;

		CHECK_INT(challenge_parse(&c, headers[i], &e), -1);
		CHECK_INT(e.kind, ERR_CONTENT);
	}
}

/* A value of the limit passes, one more does not, quoted or not. */
static void test_limits(void)
{
	for (int quoted = 0; quoted < 2; quoted++)
		for (int over = 0; over < 2; over++) {
			cleanup_buf struct buf header = BUF_INIT;
			struct challenge c;
			struct err e = ERR_INIT;

			buf_addf(&header, "Bearer realm=%s", quoted ? "\"" : "");
			for (int i = 0; i < CHALLENGE_VALUE_MAX - 1 + over; i++)
				buf_addc(&header, 'x');
			buf_adds(&header, quoted ? "\"" : "");
			CHECK_INT(challenge_parse(&c, buf_text(&header), &e), over ? -1 : 0);
		}
}

/* Every header with one byte changed or its end cut off ends without an access that the sanitizers see. */
static void test_damage(void)
{
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		size_t n = strlen(accepted[i].header);

		for (size_t at = 0; at < n; at++)
			for (int byte = 0; byte < 256; byte++) {
				char *copy = strdup(accepted[i].header);
				struct challenge c;
				struct err e = ERR_INIT;
				int status;

				copy[at] = (char)byte;
				status = challenge_parse(&c, copy, &e);
				CHECK(status == 0 || e.kind == ERR_CONTENT);
				free(copy);
			}
	}
}

int main(void)
{
	RUN(test_accepted);
	RUN(test_refused);
	RUN(test_limits);
	RUN(test_damage);
	return test_end();
}
