/* json: the jacket around jsmn, the walk over values, the writer (RFC 8259). */
#include "test.h"

#include "io.h"
#include "json.h"

#include <stdlib.h>

struct text {
	const char *bytes;
	size_t len;
};
#define T(s) { s, sizeof(s) - 1 }

static const struct text accepted[] = {
	/* values of every kind, alone and nested */
	T("null"), T("true"), T("false"), T("0"), T("-0"), T("1"), T("\"\""), T("[]"), T("{}"), T("\"a\""), T("42"),
	T("-1"), T("[[]]"), T("[{}]"), T("{\"\":0}"), T("{\"a\":{}}"), T("{\"a\":[]}"), T("[null]"), T("[true,false]"),
	T("[1,2,3]"), T("[[1],[2,[3]],{}]"), T("{\"a\":1,\"b\":2}"), T("{\"a\":{\"a\":{\"a\":1}}}"),
	T("{\"a\":[{\"a\":1},{\"a\":2}]}"), T("[[],[],[]]"), T("[{},{},{}]"), T("[\"\",\"\"]"),
	/* white space of all four kinds in every place */
	T(" 1"), T("1 "), T("\n1\n"), T("\t[]\r\n"), T(" [ ] "), T(" { } "), T("[ 1 , 2 ]"), T("{ \"a\" : 1 , \"b\" : 2 }"),
	T("[\n1\t,\r2 ]"), T("{\n\"a\"\n:\n1\n}"),
	/* numbers */
	T("[0.1]"), T("[-0.1]"), T("[1e1]"), T("[1E1]"), T("[1e+1]"), T("[1e-1]"), T("[1.5e10]"), T("[0e0]"), T("[0e+00]"),
	T("[-0]"), T("[1.0]"), T("[123456789012345678901234567890]"), T("[1e999]"), T("[-1e-999]"), T("[0.0000000001]"),
	T("[10]"), T("[100.001]"),
	/* strings: escapes */
	T("\"\\\"\""), T("\"\\\\\""), T("\"\\/\""), T("\"\\b\\f\\n\\r\\t\""), T("\"\\u0041\""), T("\"\\u00e9\""),
	T("\"\\uFFFF\""), T("\"\\uabCD\""), T("\"\\u0000\""), T("\"\\ud834\\udd1e\""), T("\"\\uDBFF\\uDFFF\""),
	T("\"\\ud800\\udc00\""), T("\"\\\\u0041\""), T("\"\\\\\\\"\""), T("{\"\\u0061\":1}"), T("\"\\u005C\""),
	/* strings: bytes */
	T("\"a b\""), T("\"/\""), T("\"\x7f\""), T("\"\xc2\x80\""), T("\"\xdf\xbf\""), T("\"\xe0\xa0\x80\""),
	T("\"\xed\x9f\xbf\""), T("\"\xee\x80\x80\""), T("\"\xef\xbf\xbf\""), T("\"\xf0\x90\x80\x80\""),
	T("\"\xf4\x8f\xbf\xbf\""), T("\"\xe2\x82\xac\""), T("\"{}[]:,\""), T("{\"\xc3\xa9\":1}"), T("\"'\""),
	T("\"\xe2\x80\xa8\xe2\x80\xa9\""), T("\"\xef\xbb\xbf\""),
	/* names that are alike, but not the same, or not in the same object */
	T("{\"a\":1,\"A\":2}"), T("{\"a\":1,\"aa\":2}"), T("{\"a\":1,\"a\\u0000\":2}"), T("{\"a\":1,\"\\u0000a\":2}"),
	T("{\"\":1,\"\\u0000\":2}"), T("{\"a\":{\"b\":1},\"b\":2}"), T("[{\"a\":1},{\"a\":1}]"),
	T("{\"\\\\u0061\":1,\"a\":2}"), T("{\"a\":\"a\",\"b\":\"a\"}"), T("{\"e\xcc\x81\":1,\"\xc3\xa9\":2}"),
};

static const struct text refused[] = {
	/* not one value */
	T(""), T(" "), T("\n"), T(","), T(":"), T("[]]"), T("{}}"), T("{}{}"), T("[][]"), T("1 2"), T("\"a\" \"b\""),
	T("[],"), T("1,"), T("[]x"), T("{} 1"), T(":{}"), T("]"), T("}"), T("true false"), T("nullnull"),
	/* arrays */
	T("["), T("[1"), T("[1,"), T("[1,]"), T("[,1]"), T("[,]"), T("[1,,2]"), T("[1 2]"), T("[1:2]"), T("[1}"), T("[\"a\"}"),
	T("[[]"), T("[\"a\":1]"), T("[\"a\",\n1\n,2"), T("[[1]"), T("[1;2]"), T("[}"), T("[\"\""), T("[]["),
	/* objects */
	T("{"), T("{\"a\""), T("{\"a\":"), T("{\"a\":1"), T("{\"a\":1,"), T("{\"a\":1,}"), T("{,}"), T("{,\"a\":1}"),
	T("{\"a\"}"), T("{\"a\",1}"), T("{\"a\" 1}"), T("{\"a\" \"b\"}"), T("{\"a\"::1}"), T("{\"a\":1:2}"), T("{\"a\":1 \"b\":2}"),
	T("{\"a\":1,,\"b\":2}"), T("{\"a\":}"), T("{:1}"), T("{a:1}"), T("{'a':1}"), T("{1:1}"), T("{null:1}"), T("{[]:1}"),
	T("{{}:1}"), T("{true:1}"), T("{\"a\":1]"), T("{]"), T("{\"a\":[}]"), T("{\"a\":[1}"), T("{\"a\":,}"), T("{\"a\":1;}"),
	T("{\"a\":b}"), T("{\"a\":\"b\"\"c\":1}"), T("{\"a\":/**/1}"), T("{\"a\":1}//"), T("{\"a\":1}#"), T("{\"a\":1}\""),
	/* words */
	T("tru"), T("fals"), T("nul"), T("True"), T("NULL"), T("truee"), T("[nulll]"), T("nan"), T("NaN"), T("Infinity"),
	T("-Infinity"), T("undefined"), T("[a]"), T("[tru]"), T("[true"), T("'a'"), T("t"), T("[fal\0se]"),
	/* numbers */
	T("-"), T("+1"), T("01"), T("-01"), T("00"), T("[012]"), T("1."), T(".1"), T("-.1"), T("1.e1"), T("1e"), T("1e+"),
	T("1E-"), T("1e1.5"), T("1.1.1"), T("--1"), T("-a"), T("1a"), T("0x1"), T("1_000"), T("1,000"), T("[1 000]"),
	T("[-]"), T("[1e]"), T("[1eE2]"), T("[+1]"), T("[0e+]"), T("[1-2]"), T("\xef\xbc\x91"), T("[-\xef\xbc\x91]"),
	/* strings: no end, escapes, control characters */
	T("\""), T("\"a"), T("\"\\"), T("\"\\\""), T("\"\\a\""), T("\"\\x41\""), T("\"\\0\""), T("\"\\'\""), T("\"\\ \""),
	T("\"\\u\""), T("\"\\u1\""), T("\"\\u12\""), T("\"\\u123\""), T("\"\\u12G4\""), T("\"\\u 123\""), T("\"\\U0041\""),
	T("\"\\u-123\""), T("\"\\u0"), T("\"\\u00"), T("\"\\u000"), T("\"\\u0000"), T("\"\n\""), T("\"\t\""), T("\"\x1f\""),
	T("\"\x01\""), T("\"\0\""), T("\"\\\0\""), T("\"\\\xc3\xa9\""), T("[\"a\nb\"]"), T("{\"a\n\":1}"),
	/* strings: halves of surrogate pairs */
	T("\"\\ud800\""), T("\"\\udc00\""), T("\"\\ud800a\""), T("\"\\ud800\\n\""), T("\"\\ud800\\u0041\""),
	T("\"\\ud800\\ud800\""), T("\"\\udc00\\ud800\""), T("\"\\ud800\\udc0\""), T("\"\\ud800\\"), T("\"\\ud800\\u"),
	T("\"\\uDBFF\\uE000\""), T("{\"\\ud800\":1}"),
	/* strings: bytes that are not UTF-8 */
	T("\"\x80\""), T("\"\xbf\""), T("\"\xc0\x80\""), T("\"\xc1\xbf\""), T("\"\xc3\""), T("\"\xc3(\""), T("\"\xe0\x9f\xbf\""),
	T("\"\xe2\x82\""), T("\"\xe2(\xa1\""), T("\"\xe2\x82(\""), T("\"\xe2\x82\xc0\""), T("\"\xf0\x90\x80\xc0\""),
	 T("\"\xed\xa0\x80\""), T("\"\xed\xbf\xbf\""),
	T("\"\xf0\x8f\xbf\xbf\""), T("\"\xf0\x90\x80\""), T("\"\xf0\x90(\xbc\""), T("\"\xf4\x90\x80\x80\""),
	T("\"\xf5\x80\x80\x80\""), T("\"\xf8\x88\x80\x80\x80\""), T("\"\xfe\""), T("\"\xff\""), T("\"\xe9\""), T("\"\xc3"),
	T("\"\xf0\x90\x80"), T("{\"\xff\":1}"),
	/* bytes outside of strings */
	T("\xef\xbb\xbf{}"), T("\xff\xfe[\0]\0"), T("\0"), T("1\0"), T("[\0]"), T("{}\0"), T("[1\0]"), T("[]\xc2\xa0"), T("\xc2\xa0[]"),
	T("[\f]"), T("[\v]"), T("\xe2\x81\xa0[]"), T("[\x80]"), T("\x7f"), T("[\b]"), T("/**/1"), T("1 //"), T("\\u0031"),
	/* a name twice */
	T("{\"a\":1,\"a\":1}"), T("{\"a\":1,\"b\":2,\"a\":3}"), T("{\"a\":1,\"\\u0061\":2}"), T("{\"\":1,\"\":2}"),
	T("{\"\\n\":1,\"\\u000a\":2}"), T("[{\"x\":{\"a\":[],\"a\":{}}}]"), T("{\"\\u0000\":1,\"\\u0000\":2}"),
	T("{\"\xf0\x9d\x84\x9e\":1,\"\\ud834\\udd1e\":2}"), T("{\"\\/\":1,\"/\":2}"), T("{\"\xc3\xa9\":1,\"\\u00E9\":2}"),
	T("{\"a\":{\"c\":1},\"b\":{\"c\":1},\"a\":{\"c\":1}}"),
};

static struct json *parse(const char *text, size_t len)
{
	struct err e = ERR_INIT;
	/* an allocation of exactly this size, so that the sanitizer sees a byte too many */
	char *copy = malloc(len ? len : 1);
	struct json *doc;

	memcpy(copy, text, len);
	doc = json_parse(copy, len, &e);
	free(copy);
	if (!doc && e.kind != ERR_CONTENT)
		CHECK_STR(e.text, "an ERR_CONTENT");
	return doc;
}

static void check_all(const struct text *texts, size_t n, const char *wanted)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_json struct json *doc = parse(texts[i].bytes, texts[i].len);
		char got[256], want[256];

		snprintf(got, sizeof got, "%s: %s", doc ? "accepted" : "refused", texts[i].bytes);
		snprintf(want, sizeof want, "%s: %s", wanted, texts[i].bytes);
		CHECK_STR(got, want);
	}
}

static void test_grammar_accepts(void)
{
	check_all(accepted, sizeof accepted / sizeof *accepted, "accepted");
}

static void test_grammar_refuses(void)
{
	check_all(refused, sizeof refused / sizeof *refused, "refused");
}

/* Every beginning of a document is none: so no byte behind the end is looked at either. */
static void test_every_prefix_is_refused(void)
{
	static const char text[] = "{\"a\":[1.5e3,\"\\ud834\\udd1e\xc3\xa9\",true,{\"b\":null}],\"c\":-0}";

	for (size_t n = 0; n < sizeof text - 1; n++)
		CHECK(parse(text, n) == NULL);
	json_free(parse(text, sizeof text - 1));
}

static struct json *parse_buf(struct buf *b)
{
	struct json *doc = parse(buf_text(b), b->len);

	buf_clear(b);
	return doc;
}

static struct json *nested(int depth, const char *open, const char *inside, const char *close)
{
	struct buf b = BUF_INIT;

	for (int i = 0; i < depth; i++)
		buf_adds(&b, open);
	buf_adds(&b, inside);
	for (int i = 0; i < depth; i++)
		buf_adds(&b, close);
	return parse_buf(&b);
}

static void test_depth(void)
{
	struct json *doc;

	CHECK((doc = nested(JSON_DEPTH_MAX, "[", "", "]")) != NULL);
	json_free(doc);
	CHECK((doc = nested(JSON_DEPTH_MAX, "{\"a\":", "1", "}")) != NULL);
	json_free(doc);
	CHECK(nested(JSON_DEPTH_MAX + 1, "[", "", "]") == NULL);
	CHECK(nested(JSON_DEPTH_MAX + 1, "{\"a\":", "1", "}") == NULL);
	CHECK(nested(100000, "[", "", "]") == NULL);
	CHECK(nested(100000, "{\"a\":", "1", "}") == NULL);
}

/* `n` times `item` (a %d in it is the number) between commas. */
static void add_list(struct buf *b, const char *open, int n, bool member, const char *close)
{
	buf_adds(b, open);
	for (int i = 0; i < n; i++)
		buf_addf(b, member ? "%s\"k%d\":%d" : "%s%d", i ? "," : "", i, i);
	buf_adds(b, close);
}

static void test_limit_of_tokens(void)
{
	struct buf b = BUF_INIT;
	struct json *doc;
	size_t n = 0;

	add_list(&b, "[", JSON_TOKENS_MAX - 1, false, "]");
	CHECK((doc = parse_buf(&b)) != NULL);
	for (struct json_value v = json_first(json_root(doc)); json_exists(v); v = json_next(v))
		n++;
	CHECK_INT(n, JSON_TOKENS_MAX - 1);
	CHECK_INT(json_count(json_root(doc)), JSON_TOKENS_MAX - 1);
	json_free(doc);

	add_list(&b, "[", JSON_TOKENS_MAX, false, "]");
	CHECK(parse_buf(&b) == NULL);
}

/* Quadratic anywhere, and this would not end: names in order, names that share a long beginning, empty objects. */
static void test_large_documents_are_quick(void)
{
	int64_t last = 0;
	struct err e = ERR_INIT;
	struct buf b = BUF_INIT;
	struct json *doc;

	add_list(&b, "{", JSON_TOKENS_MAX / 2 - 1, true, "}");
	CHECK((doc = parse_buf(&b)) != NULL);
	CHECK_INT(json_int64(json_member(json_root(doc), "k99998"), &last, &e), 0);
	CHECK_INT(last, 99998);
	json_free(doc);

	add_list(&b, "{", JSON_TOKENS_MAX / 2 - 1, true, ",\"k5\":0}");
	CHECK(parse_buf(&b) == NULL);

	buf_adds(&b, "[{}");
	for (int i = 0; i < JSON_TOKENS_MAX - 2; i++)
		buf_adds(&b, ",{}");
	buf_adds(&b, "]");
	CHECK((doc = parse_buf(&b)) != NULL);
	json_free(doc);
}

static void test_limit_of_bytes(void)
{
	struct err e = ERR_INIT;
	size_t len = JSON_BYTES_MAX;
	char *text = malloc(len + 1);
	struct json *doc;

	memset(text, ' ', len + 1);
	text[0] = '1';
	CHECK((doc = json_parse(text, len, &e)) != NULL);
	json_free(doc);
	CHECK(json_parse(text, len + 1, &e) == NULL);
	CHECK_INT(e.kind, ERR_CONTENT);
	CHECK((doc = json_parse_max(text, len + 1, 2 * len, &e)) != NULL);
	json_free(doc);
	CHECK(json_parse_max("[1]", 3, 2, &e) == NULL);
	CHECK((doc = json_parse_max("[1]", 3, 3, &e)) != NULL);
	json_free(doc);
	free(text);
}

static void test_larger_limit_raises_that_of_tokens(void)
{
	struct err e = ERR_INIT;
	cleanup_buf struct buf b = BUF_INIT;
	struct json *doc;

	add_list(&b, "[", 2 * JSON_TOKENS_MAX - 1, false, "]");
	CHECK(json_parse(buf_text(&b), b.len, &e) == NULL);
	CHECK((doc = json_parse_max(buf_text(&b), b.len, 2 * JSON_BYTES_MAX, &e)) != NULL);
	json_free(doc);
	buf_reset(&b);
	add_list(&b, "[", 2 * JSON_TOKENS_MAX, false, "]");
	CHECK(json_parse_max(buf_text(&b), b.len, 2 * JSON_BYTES_MAX, &e) == NULL);
}

static struct json *parse_text(const char *text)
{
	struct json *doc = parse(text, strlen(text));

	if (!doc)
		CHECK_STR("refused", text);
	return doc;
}

static void test_faults_say_where(void)
{
	struct err e = ERR_INIT;

	CHECK(json_parse("[1,]", 4, &e) == NULL);
	CHECK_STR(e.text, "not JSON: no value at byte 3");
	CHECK(json_parse("{\"a\":1,\"\\u0061\":2}", 18, &e) == NULL);
	CHECK(strstr(e.text, "two members") != NULL);
}

/* An object of n members k0, k1, … and `more`, within another of the same names, beside an empty one. */
static struct json *parse_members(int n, const char *more)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	buf_adds(&b, "{\"none\":{},\"k1\":");
	add_list(&b, "{", n, true, more);
	buf_adds(&b, ",\"k0\":0}");
	return json_parse(buf_text(&b), b.len, &e);
}

/* Few members are compared each with each, many are sorted. */
static void test_no_two_members_however_many(void)
{
	static const int counts[] = { 2, 3, 14, 15, 16, 17, 18, 100 };
	static const char *const twice[] = { ",\"k0\":0}", ",\"k1\":0}", ",\"\\u006b1\":0}", ",\"z\":0,\"z\":0}" };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct json *doc = parse_members(counts[i], ",\"\\u006b\":0,\"k\\u0000\":0}");

		CHECK(doc != NULL);
		json_free(doc);
		for (size_t j = 0; j < sizeof twice / sizeof *twice; j++)
			CHECK(parse_members(counts[i], twice[j]) == NULL);
	}
}

static void test_types(void)
{
	static const struct {
		const char *text;
		enum json_type type;
	} cases[] = {
		{ "null", JSON_NULL }, { "true", JSON_BOOL }, { "false", JSON_BOOL }, { "1", JSON_NUMBER }, { "-1", JSON_NUMBER },
		{ "\"t\"", JSON_STRING }, { "\"\"", JSON_STRING }, { "[]", JSON_ARRAY }, { "{}", JSON_OBJECT },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json struct json *doc = parse_text(cases[i].text);

		CHECK_INT(json_type(json_root(doc)), cases[i].type);
	}
}

static void test_walk(void)
{
	static const char text[] = "{\"a\":[1,[2,{\"x\":3}],{},\"s\"],\"b\":{},\"c\":[],\"d\":null}";
	cleanup_json struct json *doc = parse_text(text);
	struct json_value v = json_first(json_root(doc)), w;
	struct err e = ERR_INIT;
	char *key;

	CHECK_INT(json_count(json_root(doc)), 4);
	CHECK_INT(json_count(v), 4);
	w = json_first(v);
	CHECK_INT(json_type(w), JSON_NUMBER);
	w = json_next(w);
	CHECK_INT(json_type(w), JSON_ARRAY);
	CHECK_INT(json_type(json_next(json_first(w))), JSON_OBJECT);
	CHECK(!json_exists(json_next(json_next(json_first(w)))));
	w = json_next(w);
	CHECK_INT(json_type(w), JSON_OBJECT);
	CHECK(!json_exists(json_first(w)));
	w = json_next(w);
	CHECK(json_equals(w, "s"));
	CHECK(!json_exists(json_next(w)));
	for (const char *name = "abcd"; *name; name++, v = json_next(v)) {
		key = json_key(v, &e);
		CHECK(key && key[0] == *name && key[1] == '\0');
		free(key);
	}
	CHECK(!json_exists(v));
	CHECK(!json_exists(json_next(json_root(doc))));
}

static void test_what_is_not_there_may_be_asked(void)
{
	cleanup_json struct json *doc = parse_text("{\"a\":1}");
	struct json_value none = json_member(json_member(json_member(json_root(doc), "x"), "y"), "z");
	struct err e = ERR_INIT;
	int64_t n = 7;
	size_t len = 7;

	CHECK(!json_exists(none) && !json_exists(json_root(NULL)));
	CHECK_INT(json_type(none), JSON_NONE);
	CHECK(!json_exists(json_first(none)) && !json_exists(json_next(none)) && !json_exists(json_name(none)));
	CHECK_INT(json_count(none), 0);
	CHECK(json_string(none, &e) == NULL && e.kind == ERR_CONTENT);
	CHECK(json_key(none, &e) == NULL);
	CHECK(!json_equals(none, ""));
	CHECK(json_bool(none, true) && !json_bool(none, false));
	CHECK(json_int64(none, &n, &e) == -1 && n == 7);
	CHECK(json_raw(none, &len) == NULL && len == 0);
	CHECK(!json_exists(json_member(json_member(json_root(doc), "a"), "a")));
	CHECK(!json_exists(json_first(json_member(json_root(doc), "a"))));
}

static void test_members_only_of_the_object_itself(void)
{
	cleanup_json struct json *doc = parse_text("{\"a\":{\"b\":1},\"c\":\"b\",\"\\u0064\":2,\"e\\u0000\":3}");
	struct json_value root = json_root(doc);
	struct err e = ERR_INIT;

	CHECK(!json_exists(json_member(root, "b")));
	CHECK(json_exists(json_member(json_member(root, "a"), "b")));
	CHECK(json_exists(json_member(root, "d")));
	CHECK(!json_exists(json_member(root, "\\u0064")));
	CHECK(!json_exists(json_member(root, "e")));
	CHECK(!json_exists(json_member(root, "")));
	CHECK(json_key(json_next(json_member(root, "d")), &e) == NULL);
	CHECK_INT(e.kind, ERR_CONTENT);
	CHECK(json_key(root, &e) == NULL);
}

static void test_strings(void)
{
	static const struct {
		const char *text, *string;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"abc\"", "abc" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac" },
		{ "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf" },
		{ "\"\\ud834\\udd1e\"", "\xf0\x9d\x84\x9e" },
		{ "\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		{ "\"\\\\u0041\"", "\\u0041" },
		{ "\"\xe2\x82\xac\"", "\xe2\x82\xac" },
	};
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json struct json *doc = parse_text(cases[i].text);
		cleanup_free char *got = json_string(json_root(doc), &e);

		CHECK_STR(got ? got : "(none)", cases[i].string);
		CHECK(json_equals(json_root(doc), cases[i].string));
		CHECK(!json_equals(json_root(doc), "abcd"));
	}
}

/* A C string cannot hold U+0000: what it would cut off must not pass for the whole. */
static void test_nul_is_no_string(void)
{
	static const char *const texts[] = { "\"\\u0000\"", "\"a\\u0000b\"", "\"latest\\u0000\"" };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < 3; i++) {
		cleanup_json struct json *doc = parse_text(texts[i]);

		CHECK(json_string(json_root(doc), &e) == NULL);
		CHECK_INT(e.kind, ERR_CONTENT);
		CHECK(!json_equals(json_root(doc), "") && !json_equals(json_root(doc), "a") &&
		      !json_equals(json_root(doc), "latest"));
	}
}

static void test_integers(void)
{
	static const struct {
		const char *text;
		int64_t value;
	} cases[] = {
		{ "0", 0 }, { "-0", 0 }, { "1", 1 }, { "-1", -1 }, { "1088226", 1088226 }, { "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN }, { "-9223372036854775807", -INT64_MAX },
		{ "9223372036854775800", 9223372036854775800 }, { "999999999999999999", 999999999999999999 },
	};
	static const char *const bad[] = { "9223372036854775808", "-9223372036854775809", "18446744073709551616",
					   "9223372036854775810", "100000000000000000000", "-100000000000000000000",
					   "1.0", "1.5", "1e3", "1E0", "-1e1", "\"12\"", "null", "true", "[]", "{}" };
	struct err e = ERR_INIT;
	int64_t n;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json struct json *doc = parse_text(cases[i].text);

		CHECK_INT(json_int64(json_root(doc), &n, &e), 0);
		CHECK_INT(n, cases[i].value);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_json struct json *doc = parse_text(bad[i]);

		n = 7;
		CHECK_INT(json_int64(json_root(doc), &n, &e), -1);
		CHECK_INT(e.kind, ERR_CONTENT);
		CHECK_INT(n, 7);
	}
}

static void test_bool(void)
{
	cleanup_json struct json *doc = parse_text("[true,false,null,1]");
	struct json_value v = json_first(json_root(doc));

	CHECK(json_bool(v, false));
	v = json_next(v);
	CHECK(!json_bool(v, true));
	v = json_next(v);
	CHECK(json_bool(v, true) && !json_bool(v, false));
	v = json_next(v);
	CHECK(json_bool(v, true) && !json_bool(v, false));
}

static void check_raw(struct json_value v, const char *want)
{
	size_t len;
	const char *raw = json_raw(v, &len);

	CHECK(raw && len == strlen(want) && memcmp(raw, want, len) == 0);
}

static void test_raw(void)
{
	cleanup_json struct json *doc = parse_text(" {\"a\" : \"x\\u0041\", \"b\":[ 1 , 2 ], \"c\":-1.50 } ");

	check_raw(json_root(doc), "{\"a\" : \"x\\u0041\", \"b\":[ 1 , 2 ], \"c\":-1.50 }");
	check_raw(json_member(json_root(doc), "a"), "\"x\\u0041\"");
	check_raw(json_member(json_root(doc), "b"), "[ 1 , 2 ]");
	check_raw(json_member(json_root(doc), "c"), "-1.50");
	check_raw(json_name(json_member(json_root(doc), "b")), "\"b\"");
}

static void write_sample(struct json_writer *w)
{
	json_begin_object(w, NULL);
	json_put_string(w, "name", "busybox");
	json_begin_array(w, "layers");
	json_put_string(w, NULL, "a");
	json_put_int64(w, NULL, INT64_MIN);
	json_begin_object(w, NULL);
	json_end(w);
	json_end(w);
	json_put_bool(w, "yes", true);
	json_put_null(w, "none");
	json_begin_array(w, "empty");
	json_end(w);
	json_end(w);
}

static void test_writer(void)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct json_writer w;

	json_writer_init(&w, &b, 0);
	write_sample(&w);
	CHECK_STR(buf_text(&b), "{\"name\":\"busybox\",\"layers\":[\"a\",-9223372036854775808,{}],\"yes\":true,\"none\":null,"
				"\"empty\":[]}");
	buf_reset(&b);
	json_writer_init(&w, &b, 2);
	write_sample(&w);
	CHECK_STR(buf_text(&b), "{\n  \"name\": \"busybox\",\n  \"layers\": [\n    \"a\",\n    -9223372036854775808,\n    {}\n"
				"  ],\n  \"yes\": true,\n  \"none\": null,\n  \"empty\": []\n}");
}

static void check_written(const char *string, const char *want)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct json_writer w;

	json_writer_init(&w, &b, 0);
	json_put_string(&w, NULL, string);
	CHECK_STR(buf_text(&b), want);
	json_free(parse_text(buf_text(&b)));
}

static void test_writer_escapes(void)
{
	check_written("", "\"\"");
	check_written("\"\\/", "\"\\\"\\\\/\"");
	check_written("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
	check_written("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
	check_written("\xc3\xa9\xf0\x9d\x84\x9e", "\"\xc3\xa9\xf0\x9d\x84\x9e\"");
	check_written("a\xff" "b", "\"a\xef\xbf\xbd" "b\"");
	check_written("\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check_written("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	check_written("\xc3", "\"\xef\xbf\xbd\"");
}

/* Each string of bytes comes back as it was, if it was UTF-8. */
static void test_writer_round_trip(void)
{
	struct err e = ERR_INIT;

	for (int c = 1; c < 0x800; c++) {
		cleanup_buf struct buf b = BUF_INIT;
		char text[3] = { (char)c, '\0', '\0' };
		struct json_writer w;

		if (c >= 0x80) {
			text[0] = (char)(0xc0 | c >> 6);
			text[1] = (char)(0x80 | (c & 0x3f));
		}
		json_writer_init(&w, &b, 1);
		json_begin_object(&w, NULL);
		json_put_string(&w, text, text);
		json_end(&w);
		cleanup_json struct json *doc = parse_text(buf_text(&b));
		cleanup_free char *key = json_key(json_first(json_root(doc)), &e);
		cleanup_free char *value = json_string(json_member(json_root(doc), text), &e);
		CHECK_STR(key ? key : "(none)", text);
		CHECK_STR(value ? value : "(none)", text);
	}
}

static void copy(const char *text, int indent, struct buf *out)
{
	cleanup_json struct json *doc = parse_text(text);
	struct json_writer w;

	json_writer_init(&w, out, indent);
	json_put_value(&w, NULL, json_root(doc));
}

static void test_values_are_copied_as_they_are(void)
{
	static const char text[] = "{\"b\":1.50e+3,\"a\\u0000\\/\":[\"\\u0041\\u0000\",{},[],[[null]]],\"c\":{\"d\":-0}}";
	cleanup_buf struct buf b = BUF_INIT, again = BUF_INIT;
	struct json_writer w;

	copy(text, 0, &b);
	CHECK_STR(buf_text(&b), text);
	buf_reset(&b);
	copy(text, 3, &b);
	copy(buf_text(&b), 0, &again);
	CHECK_STR(buf_text(&again), text);

	buf_reset(&b);
	json_writer_init(&w, &b, 0);
	json_begin_object(&w, NULL);
	json_put_value(&w, "x", (struct json_value){ NULL, -1 });
	json_end(&w);
	CHECK_STR(buf_text(&b), "{}");
}

static bool fails(void (*write)(struct json_writer *w))
{
	cleanup_buf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	struct json_writer w;

	json_writer_init(&w, &b, 0);
	write(&w);
	return buf_check(&b, &e) == -1;
}

static void write_too_deep(struct json_writer *w)
{
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		json_begin_array(w, NULL);
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		json_end(w);
}

static void write_deep(struct json_writer *w)
{
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_begin_array(w, NULL);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_end(w);
}

static void write_end_alone(struct json_writer *w)
{
	json_end(w);
}

static void write_member_without_name(struct json_writer *w)
{
	json_begin_object(w, NULL);
	json_put_null(w, NULL);
}

static void write_element_with_name(struct json_writer *w)
{
	json_begin_array(w, NULL);
	json_put_null(w, "a");
}

static void write_two_values(struct json_writer *w)
{
	json_put_null(w, NULL);
	json_put_null(w, NULL);
}

static void test_writer_refuses_what_is_no_json(void)
{
	CHECK(!fails(write_sample));
	CHECK(!fails(write_deep));
	CHECK(fails(write_too_deep));
	CHECK(fails(write_end_alone));
	CHECK(fails(write_member_without_name));
	CHECK(fails(write_element_with_name));
	CHECK(fails(write_two_values));
}

/* Asks everything of a value and of all that it holds. */
static void ask_everything(struct json_value v)
{
	struct err e = ERR_INIT;
	int64_t n;
	size_t len, children = 0;

	free(json_string(v, &e));
	free(json_key(v, &e));
	json_int64(v, &n, &e);
	json_bool(v, false);
	json_equals(v, "a");
	CHECK(json_raw(v, &len) != NULL && len > 0);
	for (struct json_value child = json_first(v); json_exists(child); child = json_next(child), children++)
		ask_everything(child);
	CHECK_INT(children, json_count(v));
}

/* What was accepted comes out of the writer as a document that comes out of it the same. */
static void check_stable(const struct json *doc)
{
	cleanup_buf struct buf once = BUF_INIT, twice = BUF_INIT;
	struct json_writer w;

	json_writer_init(&w, &once, 0);
	json_put_value(&w, NULL, json_root(doc));
	copy(buf_text(&once), 0, &twice);
	CHECK_STR(buf_text(&twice), buf_text(&once));
}

/* Deterministic damage to documents that are fine; the sanitizers are the judges. */
static void test_damaged_documents(void)
{
	static const char bytes[] = "{}[]:,\"\\/ud8cef0129-+.tn \n\t\x00\x1f\x7f\x80\xc3\xed\xff";
	uint32_t random = 1;
	int taken = 0;

	for (int round = 0; round < 20000; round++) {
		const struct text *seed = &accepted[(size_t)round % (sizeof accepted / sizeof *accepted)];
		char text[128];
		size_t len = seed->len;

		memcpy(text, seed->bytes, len);
		for (int i = 0; i < 1 + round % 3; i++) {
			random = random * 1664525 + 1013904223;
			size_t at = (random >> 8) % (len + 1);
			char byte = bytes[(random >> 20) % (sizeof bytes - 1)];

			if (at == len || (random & 0x40)) {
				memmove(text + at + 1, text + at, len - at);
				len++;
			}
			text[at] = byte;
		}
		cleanup_json struct json *doc = parse(text, len);
		if (!doc)
			continue;
		taken++;
		ask_everything(json_root(doc));
		check_stable(doc);
	}
	CHECK(taken > 1000 && taken < 19000);
}

int main(void)
{
	RUN(test_grammar_accepts);
	RUN(test_grammar_refuses);
	RUN(test_every_prefix_is_refused);
	RUN(test_depth);
	RUN(test_limit_of_tokens);
	RUN(test_large_documents_are_quick);
	RUN(test_limit_of_bytes);
	RUN(test_larger_limit_raises_that_of_tokens);
	RUN(test_faults_say_where);
	RUN(test_no_two_members_however_many);
	RUN(test_types);
	RUN(test_walk);
	RUN(test_what_is_not_there_may_be_asked);
	RUN(test_members_only_of_the_object_itself);
	RUN(test_strings);
	RUN(test_nul_is_no_string);
	RUN(test_integers);
	RUN(test_bool);
	RUN(test_raw);
	RUN(test_writer);
	RUN(test_writer_escapes);
	RUN(test_writer_round_trip);
	RUN(test_values_are_copied_as_they_are);
	RUN(test_writer_refuses_what_is_no_json);
	RUN(test_damaged_documents);
	return test_end();
}
