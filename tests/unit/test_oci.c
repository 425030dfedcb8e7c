/* oci: image-spec documents, and what must not pass for one (R44 to R61 of the threat list are named so). */
#include "test.h"

#include "io.h"
#include "oci.h"

#include <stdlib.h>

#define HEX32(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define SHA(c) "sha256:" HEX32(c) HEX32(c)
#define DESCRIPTOR(type, c) "{\"mediaType\":\"" type "\",\"size\":7,\"digest\":\"" SHA(c) "\"}"
#define LAYER_A DESCRIPTOR(OCI_LAYER "+gzip", "a")
#define LAYER_B DESCRIPTOR(OCI_LAYER, "b")
#define CONFIG_C DESCRIPTOR(OCI_CONFIG, "c")
#define MANIFEST(config, layers) \
	"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST "\",\"config\":" config ",\"layers\":[" layers "]}"
#define BARE_MANIFEST(config, layers) "{\"schemaVersion\":2,\"config\":" config ",\"layers\":[" layers "]}"

static void test_kinds(void)
{
	static const struct {
		const char *media_type;
		enum oci_kind kind;
	} cases[] = {
		{ OCI_INDEX, OCI_KIND_INDEX },
		{ DOCKER_INDEX, OCI_KIND_INDEX },
		{ OCI_MANIFEST, OCI_KIND_MANIFEST },
		{ DOCKER_MANIFEST, OCI_KIND_MANIFEST },
		{ OCI_MANIFEST "; charset=utf-8", OCI_KIND_MANIFEST },
		{ OCI_MANIFEST " ;charset=utf-8", OCI_KIND_MANIFEST },
		{ OCI_CONFIG, OCI_KIND_CONFIG },
		{ DOCKER_CONFIG, OCI_KIND_CONFIG },
		{ OCI_LAYER, OCI_KIND_LAYER },
		{ OCI_LAYER "+gzip", OCI_KIND_LAYER },
		{ OCI_LAYER "+zstd", OCI_KIND_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", OCI_KIND_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", OCI_KIND_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", OCI_KIND_LAYER },
		{ "application/vnd.docker.image.rootfs.diff.tar", OCI_KIND_LAYER },
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip", OCI_KIND_LAYER },
		{ "application/vnd.docker.image.rootfs.diff.tar.zstd", OCI_KIND_LAYER },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", OCI_KIND_LAYER },
		{ "", OCI_KIND_OTHER },
		{ ";", OCI_KIND_OTHER },
		{ "application/json", OCI_KIND_OTHER },
		{ OCI_LAYER "+xz", OCI_KIND_OTHER },
		{ OCI_LAYER "+gzip+encrypted", OCI_KIND_OTHER },
		{ OCI_MANIFEST "x", OCI_KIND_OTHER },
		{ "x" OCI_MANIFEST, OCI_KIND_OTHER },
		{ "application/vnd.oci.image.manifest", OCI_KIND_OTHER },
		{ "application/vnd.docker.distribution.manifest.v1+prettyjws", OCI_KIND_OTHER },
		{ "application/vnd.docker.plugin.v1+json", OCI_KIND_OTHER },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char got[128], want[128];

		snprintf(got, sizeof got, "%s: %d", cases[i].media_type, oci_kind(cases[i].media_type));
		snprintf(want, sizeof want, "%s: %d", cases[i].media_type, cases[i].kind);
		CHECK_STR(got, want);
	}
}

/* Platforms */

static void test_platforms_are_normalised(void)
{
	static const struct {
		const char *text, *normal;
	} cases[] = {
		{ "linux/amd64", "linux/amd64" },	{ "Linux/x86_64", "linux/amd64" },
		{ "linux/x86-64/v1", "linux/amd64" },	{ "linux/amd64/v2", "linux/amd64/v2" },
		{ "linux/amd64/3", "linux/amd64/v3" },	{ "linux/aarch64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },	{ "linux/arm64/8", "linux/arm64" },
		{ "linux/arm64/v8.0", "linux/arm64" },	{ "linux/arm64/v8.2", "linux/arm64/v8.2" },
		{ "linux/arm64/v9", "linux/arm64/v9" },	{ "linux/aarch64/v8", "linux/arm64" },
		{ "linux/arm", "linux/arm/v7" },	{ "linux/arm/7", "linux/arm/v7" },
		{ "linux/arm/v6", "linux/arm/v6" },	{ "linux/armhf", "linux/arm/v7" },
		{ "linux/armel", "linux/arm/v6" },	{ "linux/armv6l", "linux/arm/v6" },
		{ "linux/armv7l", "linux/arm/v7" },	{ "linux/i686", "linux/386" },
		{ "linux/i386", "linux/386" },		{ "linux/386", "linux/386" },
		{ "linux/ppc64le", "linux/ppc64le" },	{ "linux/riscv64", "linux/riscv64" },
		{ "linux/s390x", "linux/s390x" },	{ "linux/loongarch64", "linux/loong64" },
		{ "macos/arm64", "darwin/arm64" },	{ "windows/amd64", "windows/amd64" },
		{ "FreeBSD/amd64", "freebsd/amd64" },	{ "wasip1/wasm", "wasip1/wasm" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		char text[PLATFORM_TEXT] = "";
		struct platform p;

		if (platform_parse(&p, cases[i].text, &e) == 0)
			platform_format(&p, text);
		CHECK_STR(*text ? text : e.text, cases[i].normal);
	}
}

static void test_platforms_refused(void)
{
	static const char *const cases[] = {
		"", "/", "//", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/", "linux/arm/v7/x", "linux/arm/v7/", "lin ux/arm",
		"linux/a\nrm", "linux/arm/v7\n", "linux/\xc3\xa9", "linux,amd64", "linux/arm;/v7", "../../x",
		"linux/abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz0123456789/arm",
		"linux/arm/abcdefghijklmnopqrstuvwxyz0123456789",
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;
		struct platform p;
		char got[128], want[128];

		snprintf(got, sizeof got, "%s: %d", cases[i], platform_parse(&p, cases[i], &e));
		snprintf(want, sizeof want, "%s: -1", cases[i]);
		CHECK_STR(got, want);
		CHECK_INT(e.kind, ERR_USAGE);
	}
}

static void test_host_platform(void)
{
	struct err e = ERR_INIT;
	struct platform p;

	CHECK_INT(platform_host(&p, &e), 0);
#if defined(__linux__)
	CHECK_STR(p.os, "linux");
#endif
#if defined(__x86_64__)
	CHECK_STR(p.arch, "amd64");
	CHECK_STR(p.variant, "");
#elif defined(__aarch64__)
	CHECK_STR(p.arch, "arm64");
#endif
}

/* For each wish, what serves it, the best first; then after "!" what does not serve. */
static const char *const preferences[][12] = {
	{ "linux/amd64", "linux/amd64", "linux/386", "!", "linux/amd64/v2", "linux/arm64", "windows/amd64", "linux/arm" },
	{ "linux/amd64/v3", "linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386", "!", "linux/amd64/v4" },
	{ "linux/arm/v7", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5", "!", "linux/arm/v8", "linux/arm64", "linux/386" },
	{ "linux/arm", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5", "!", "linux/arm/v8", "linux/arm64" },
	{ "linux/arm/v6", "linux/arm/v6", "linux/arm/v5", "!", "linux/arm/v7" },
	{ "linux/arm64", "linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5", "!", "linux/arm64/v8.1",
	  "linux/arm/v9", "linux/amd64" },
	{ "linux/arm64/v8.2", "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64", "linux/arm/v8", "!", "linux/arm64/v9" },
	{ "linux/386", "linux/386", "!", "linux/amd64" },
	{ "linux/riscv64", "linux/riscv64", "!", "linux/riscv64/rva23", "linux/amd64" },
	{ "linux/arm/odd", "linux/arm/odd", "!", "linux/arm/v5" },
};

static int match(const char *want, const char *have)
{
	struct err e = ERR_INIT;
	struct platform w, h;

	if (platform_parse(&w, want, &e) == -1 || platform_parse(&h, have, &e) == -1)
		CHECK_STR(e.text, "a platform");
	return platform_match(&w, &h);
}

static void test_fallbacks(void)
{
	for (size_t i = 0; i < sizeof preferences / sizeof *preferences; i++) {
		const char *const *p = preferences[i], *const *have = p + 1;
		int last = INT32_MAX;

		for (; strcmp(*have, "!") != 0; have++) {
			CHECK(match(*p, *have) > 0 && match(*p, *have) < last);
			last = match(*p, *have);
		}
		for (have++; have < p + 12 && *have; have++)
			CHECK_INT(match(*p, *have), 0);
	}
}

/* Descriptors */

static int read_descriptor(struct descriptor *d, const char *text, struct err *e)
{
	cleanup_json struct json *doc = json_parse(text, strlen(text), e);

	return doc ? descriptor_parse(d, json_root(doc), e) : -1;
}

static void test_descriptor(void)
{
	cleanup_descriptor struct descriptor d = { 0 }, copy = { 0 };
	cleanup_buf struct buf out = BUF_INIT, again = BUF_INIT;
	struct err e = ERR_INIT;
	struct json_writer w;

	CHECK_INT(read_descriptor(&d,
				  "{\"mediaType\":\"" OCI_MANIFEST "\",\"digest\":\"" SHA("a") "\",\"size\":9223372036854775807,"
				  "\"urls\":[\"http://169.254.169.254/\"],\"data\":\"AAAA\",\"artifactType\":\"x/y\","
				  "\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"os.version\":\"1\"},"
				  "\"annotations\":{\"x\":\"y\",\"" OCI_REF_NAME "\":\"docker.io/library/a:b\"}}",
				  &e),
		  0);
	CHECK_STR(d.media_type, OCI_MANIFEST);
	CHECK_STR(digest_str(&d.digest).text, SHA("a"));
	CHECK_INT(d.size, INT64_MAX);
	CHECK(d.has_platform);
	CHECK_STR(d.platform.arch, "arm64");
	CHECK_STR(d.platform.variant, "");
	CHECK_STR(d.ref_name, "docker.io/library/a:b");

	CHECK_INT(descriptor_copy(&copy, &d, &e), 0);
	CHECK(copy.media_type != d.media_type && copy.ref_name != d.ref_name);
	json_writer_init(&w, &out, 0);
	descriptor_put(&w, NULL, &d);
	json_writer_init(&w, &again, 0);
	descriptor_put(&w, NULL, &copy);
	CHECK_STR(buf_text(&again), buf_text(&out));
	CHECK_STR(buf_text(&out), "{\"mediaType\":\"" OCI_MANIFEST "\",\"digest\":\"" SHA("a") "\",\"size\":9223372036854775807,"
				  "\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\"},"
				  "\"annotations\":{\"" OCI_REF_NAME "\":\"docker.io/library/a:b\"}}");
	descriptor_clear(&d);
	CHECK_INT(read_descriptor(&d, buf_text(&out), &e), 0);
}

static void test_descriptor_without_the_optional(void)
{
	static const char *const texts[] = {
		DESCRIPTOR(OCI_MANIFEST, "a"),
		"{\"mediaType\":\"a/b\",\"digest\":\"" SHA("a") "\",\"size\":0,\"platform\":null,\"annotations\":null}",
		"{\"mediaType\":\"a/b\",\"digest\":\"" SHA("a") "\",\"size\":-0,\"platform\":{},\"annotations\":{}}",
		"{\"mediaType\":\"a/b\",\"digest\":\"" SHA("a") "\",\"size\":1,\"platform\":{\"os\":\"\",\"architecture\":\"\"}}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cleanup_descriptor struct descriptor d = { 0 };
		struct err e = ERR_INIT;

		CHECK_INT(read_descriptor(&d, texts[i], &e), 0);
		CHECK(!d.has_platform && !d.ref_name);
	}
}

/* R54: sizes; R55: digests; and types that would break a record. `%s` stands for a descriptor's good part. */
static void test_descriptor_refused(void)
{
#define TYPE "\"mediaType\":\"a/b\""
#define DIGEST "\"digest\":\"" SHA("a") "\""
	static const char *const texts[] = {
		"null", "[]", "\"x\"", "{}", "{" TYPE "," DIGEST "}", "{" TYPE ",\"size\":1}", "{" DIGEST ",\"size\":1}",
		"{" TYPE "," DIGEST ",\"size\":-1}", "{" TYPE "," DIGEST ",\"size\":1.5}", "{" TYPE "," DIGEST ",\"size\":1e3}",
		"{" TYPE "," DIGEST ",\"size\":1.0}", "{" TYPE "," DIGEST ",\"size\":9223372036854775808}",
		"{" TYPE "," DIGEST ",\"size\":\"12\"}", "{" TYPE "," DIGEST ",\"size\":null}", "{" TYPE "," DIGEST ",\"size\":true}",
		"{" TYPE "," DIGEST ",\"size\":[1]}", "{" TYPE "," DIGEST ",\"size\":1,\"size\":1}",
		"{" TYPE ",\"size\":1,\"digest\":null}", "{" TYPE ",\"size\":1,\"digest\":\"\"}",
		"{" TYPE ",\"size\":1,\"digest\":\"sha256:../../x\"}", "{" TYPE ",\"size\":1,\"digest\":\"" SHA("A") "\"}",
		"{" TYPE ",\"size\":1,\"digest\":\"" SHA("a") "a\"}", "{" TYPE ",\"size\":1,\"digest\":\"" SHA("a") "\\u0000\"}",
		"{" TYPE ",\"size\":1,\"digest\":\"sha256:" HEX32("a") "\"}",
		"{" TYPE ",\"size\":1,\"digest\":\"sha512:" HEX32("a") HEX32("a") HEX32("a") HEX32("a") "\"}",
		"{" DIGEST ",\"size\":1,\"mediaType\":\"\"}", "{" DIGEST ",\"size\":1,\"mediaType\":null}",
		"{" DIGEST ",\"size\":1,\"mediaType\":7}", "{" DIGEST ",\"size\":1,\"mediaType\":\"a b\"}",
		"{" DIGEST ",\"size\":1,\"mediaType\":\"a\\tb\"}", "{" DIGEST ",\"size\":1,\"mediaType\":\"a\\nb\"}",
		"{" DIGEST ",\"size\":1,\"mediaType\":\"a\\u0000b\"}", "{" DIGEST ",\"size\":1,\"mediaType\":\"a\\u007f\"}",
		"{" DIGEST ",\"size\":1,\"mediaType\":\"\\u00e9/b\"}",
		"{" DIGEST ",\"size\":1,\"mediaType\":\"" HEX32("12345678") "\"}", /* 256 characters */
		"{" TYPE "," DIGEST ",\"size\":1,\"platform\":{\"os\":\"a b\",\"architecture\":\"c\"}}",
		"{" TYPE "," DIGEST ",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"" HEX32("x") "\"}}",
		"{" TYPE "," DIGEST ",\"size\":1,\"platform\":{\"os\":1,\"architecture\":\"c\"}}",
		"{" TYPE "," DIGEST ",\"size\":1,\"platform\":{\"os\":\"\\n\",\"architecture\":\"c\"}}",
		"{" TYPE "," DIGEST ",\"size\":1,\"annotations\":{\"" OCI_REF_NAME "\":1}}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct descriptor d = { 0 };
		struct err e = ERR_INIT;
		char got[2048], want[2048];

		snprintf(got, sizeof got, "%d: %s", read_descriptor(&d, texts[i], &e), texts[i]);
		snprintf(want, sizeof want, "-1: %s", texts[i]);
		CHECK_STR(got, want);
		CHECK_INT(e.kind, ERR_CONTENT);
		CHECK(d.media_type == NULL && d.ref_name == NULL);
	}
}

/* Manifests */

static int read_manifest(struct oci_manifest *m, const char *text, const char *media_type, struct err *e)
{
	return oci_manifest_parse(m, text, strlen(text), media_type, e);
}

static void check_manifest(const char *text, const char *media_type)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	struct err e = ERR_INIT;

	if (read_manifest(&m, text, media_type, &e) == -1)
		CHECK_STR(e.text, text);
}

static void refuse_manifest(const char *text, const char *media_type, const char *why)
{
	struct oci_manifest m = { 0 };
	struct err e = ERR_INIT;

	CHECK_INT(read_manifest(&m, text, media_type, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	CHECK_STR(strstr(e.text, why) ? why : e.text, why);
	CHECK(m.media_type == NULL && m.layers == NULL && m.count == 0 && m.config.media_type == NULL);
}

static void test_manifest(void)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	struct err e = ERR_INIT;

	CHECK_INT(read_manifest(&m, MANIFEST(CONFIG_C, LAYER_A "," LAYER_B), OCI_MANIFEST, &e), 0);
	CHECK_STR(m.media_type, OCI_MANIFEST);
	CHECK_STR(m.config.media_type, OCI_CONFIG);
	CHECK_INT(m.count, 2);
	CHECK_STR(digest_str(&m.layers[0].digest).text, SHA("a"));
	CHECK_STR(digest_str(&m.layers[1].digest).text, SHA("b"));
	CHECK_INT(m.layers[1].size, 7);
}

static void test_manifest_accepted(void)
{
	check_manifest(MANIFEST(CONFIG_C, LAYER_A), NULL);
	check_manifest(MANIFEST(CONFIG_C, LAYER_A), OCI_MANIFEST "; charset=utf-8");
	check_manifest(MANIFEST(CONFIG_C, ""), OCI_MANIFEST);
	check_manifest(BARE_MANIFEST(CONFIG_C, LAYER_A), OCI_MANIFEST); /* R46 */
	check_manifest(BARE_MANIFEST(CONFIG_C, LAYER_A), NULL);
	check_manifest(MANIFEST(CONFIG_C, LAYER_A "," LAYER_A), NULL); /* R59 */
	check_manifest("{\"schemaVersion\":2,\"mediaType\":\"" DOCKER_MANIFEST "\",\"config\":" DESCRIPTOR(DOCKER_CONFIG, "c")
		       ",\"layers\":[" DESCRIPTOR("application/vnd.docker.image.rootfs.diff.tar.gzip", "a") "]}",
		       DOCKER_MANIFEST);
	/* R60: urls are no reason to refuse, and nobody gets to see them */
	check_manifest(BARE_MANIFEST(CONFIG_C, "{\"mediaType\":\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\","
					       "\"size\":7,\"digest\":\"" SHA("a") "\",\"urls\":[\"http://evil/\"]}"), NULL);
	check_manifest("{\"schemaVersion\":2,\"manifests\":null,\"subject\":{},\"annotations\":{\"a\":\"b\"},\"x\":[1],\"config\":"
		       CONFIG_C ",\"layers\":[]}", NULL);
}

static void test_old_names_of_a_config(void)
{
#define OLD(type, manifest) \
	"{\"schemaVersion\":2,\"mediaType\":\"" manifest "\",\"config\":" DESCRIPTOR(type, "c") ",\"layers\":[]}"
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	struct err e = ERR_INIT;

	CHECK_INT(read_manifest(&m, OLD("application/octet-stream", DOCKER_MANIFEST), DOCKER_MANIFEST, &e), 0);
	CHECK_STR(m.config.media_type, DOCKER_CONFIG);
	refuse_manifest(OLD("application/octet-stream", OCI_MANIFEST), OCI_MANIFEST, "application/octet-stream");
	refuse_manifest(OLD("application/vnd.docker.plugin.v1+json", DOCKER_MANIFEST), NULL, "docker.plugin");
}

/* R44 */
static void test_manifest_called_something_else(void)
{
	refuse_manifest(MANIFEST(CONFIG_C, LAYER_A), DOCKER_MANIFEST, "calls itself");
	refuse_manifest(MANIFEST(CONFIG_C, LAYER_A), OCI_INDEX, "calls itself");
	refuse_manifest(MANIFEST(CONFIG_C, LAYER_A), "application/json", "calls itself");
	refuse_manifest(BARE_MANIFEST(CONFIG_C, LAYER_A), OCI_INDEX, "not the type of a manifest");
	refuse_manifest(BARE_MANIFEST(CONFIG_C, LAYER_A), "text/html", "not the type of a manifest");
	refuse_manifest("{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX "\",\"config\":" CONFIG_C ",\"layers\":[]}", NULL,
			"not the type of a manifest");
	refuse_manifest("{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX "\",\"config\":" CONFIG_C ",\"layers\":[]}",
			OCI_MANIFEST, "calls itself");
	refuse_manifest("{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST ";x=y\",\"config\":" CONFIG_C ",\"layers\":[]}",
			OCI_MANIFEST, "calls itself");
	refuse_manifest("{\"schemaVersion\":2,\"mediaType\":7,\"config\":" CONFIG_C ",\"layers\":[]}", OCI_MANIFEST, "mediaType");
}

/* R45, CVE-2021-41190 */
static void test_two_kinds_in_one(void)
{
	static const char both[] = "{\"schemaVersion\":2,\"config\":" CONFIG_C ",\"layers\":[],\"manifests\":[]}";
	struct oci_index x = { 0 };
	struct err e = ERR_INIT;

	refuse_manifest(both, OCI_MANIFEST, "manifest and index");
	refuse_manifest("{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}", NULL, "manifest and index");
	CHECK_INT(oci_index_parse(&x, both, sizeof both - 1, OCI_INDEX, &e), -1);
	CHECK(strstr(e.text, "manifest and index") != NULL);
	CHECK_INT(oci_index_parse(&x, MANIFEST(CONFIG_C, LAYER_A), strlen(MANIFEST(CONFIG_C, LAYER_A)), NULL, &e), -1);
}

/* R47 */
static void test_schemas(void)
{
	refuse_manifest("{\"schemaVersion\":1,\"name\":\"a\",\"fsLayers\":[],\"history\":[]}", NULL, "schema 1");
	refuse_manifest("{\"schemaVersion\":1}", "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1");
	refuse_manifest("{}", "application/vnd.docker.distribution.manifest.v1+json", "schema 1");
	refuse_manifest("{\"schemaVersion\":3,\"config\":" CONFIG_C ",\"layers\":[]}", NULL, "schemaVersion 3");
	refuse_manifest("{\"schemaVersion\":\"2\",\"config\":" CONFIG_C ",\"layers\":[]}", NULL, "schemaVersion: not a number");
	refuse_manifest("{\"config\":" CONFIG_C ",\"layers\":[]}", NULL, "schemaVersion: missing");
}

static void test_artifacts_are_named(void)
{
	refuse_manifest(BARE_MANIFEST(DESCRIPTOR("application/vnd.cncf.helm.config.v1+json", "c"), ""), NULL,
			"artifact of type 'application/vnd.cncf.helm.config.v1+json'");
	refuse_manifest("{\"schemaVersion\":2,\"artifactType\":\"application/x-sig\",\"config\":"
			DESCRIPTOR("application/vnd.oci.empty.v1+json", "c") ",\"layers\":[]}", NULL, "'application/x-sig'");
}

static void test_manifest_refused(void)
{
	refuse_manifest("", NULL, "not JSON");
	refuse_manifest("<html>", NULL, "not JSON");
	refuse_manifest("[]", NULL, "not an object");
	refuse_manifest("null", NULL, "not an object");
	refuse_manifest("{\"schemaVersion\":2,\"layers\":[]}", NULL, "config: missing");
	refuse_manifest("{\"schemaVersion\":2,\"config\":null,\"layers\":[]}", NULL, "config: no descriptor");
	refuse_manifest("{\"schemaVersion\":2,\"config\":" CONFIG_C "}", NULL, "layers: missing");
	refuse_manifest("{\"schemaVersion\":2,\"config\":" CONFIG_C ",\"layers\":null}", NULL, "layers: not an array");
	refuse_manifest("{\"schemaVersion\":2,\"config\":" CONFIG_C ",\"layers\":{}}", NULL, "layers: not an array");
	refuse_manifest("{\"schemaVersion\":2,\"config\":" CONFIG_C ",\"layers\":[],\"layers\":[]}", NULL, "two members"); /* R53 */
	refuse_manifest(BARE_MANIFEST(CONFIG_C, "null"), NULL, "layers[0]: no descriptor");
	refuse_manifest(BARE_MANIFEST(CONFIG_C, LAYER_A ",{}"), NULL, "layers[1]: mediaType: missing");
	refuse_manifest(BARE_MANIFEST(CONFIG_C, LAYER_A "," CONFIG_C), NULL, "layers[1]");
	refuse_manifest(BARE_MANIFEST(CONFIG_C, DESCRIPTOR("application/vnd.wasm.content.layer.v1+wasm", "a")), NULL,
			"not the type of a layer");
	refuse_manifest(BARE_MANIFEST(CONFIG_C, DESCRIPTOR(OCI_LAYER, "c")), NULL, "is the config as well"); /* R61 */
}

static void add_repeated(struct buf *b, const char *before, const char *item, size_t n, const char *after)
{
	buf_adds(b, before);
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i ? "," : "");
		buf_adds(b, item);
	}
	buf_adds(b, after);
}

/* R58 */
static void test_number_of_entries(void)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct oci_index x = { 0 };
	struct err e = ERR_INIT;

	add_repeated(&b, "{\"schemaVersion\":2,\"config\":" CONFIG_C ",\"layers\":[", LAYER_A, OCI_ENTRIES_MAX, "]}");
	check_manifest(buf_text(&b), NULL);
	buf_reset(&b);
	add_repeated(&b, "{\"schemaVersion\":2,\"config\":" CONFIG_C ",\"layers\":[", LAYER_A, OCI_ENTRIES_MAX + 1, "]}");
	refuse_manifest(buf_text(&b), NULL, "more than 4096");
	buf_reset(&b);
	add_repeated(&b, "{\"schemaVersion\":2,\"manifests\":[", LAYER_A, OCI_ENTRIES_MAX + 1, "]}");
	CHECK_INT(oci_index_parse(&x, buf_text(&b), b.len, NULL, &e), -1);
	CHECK(strstr(e.text, "more than 4096") != NULL);
}

/* R48 */
static void test_size_of_a_manifest(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	buf_adds(&b, MANIFEST(CONFIG_C, LAYER_A));
	while (b.len < OCI_MANIFEST_MAX)
		buf_addc(&b, ' ');
	check_manifest(buf_text(&b), OCI_MANIFEST);
	buf_addc(&b, ' ');
	refuse_manifest(buf_text(&b), OCI_MANIFEST, "bytes");
}

/* Indexes */

#define ENTRY(os, arch, variant, c)                                                                            \
	"{\"mediaType\":\"" OCI_MANIFEST "\",\"size\":7,\"digest\":\"" SHA(c) "\",\"platform\":{\"os\":\"" os \
	"\",\"architecture\":\"" arch "\",\"variant\":\"" variant "\"}}"
#define INDEX(entries) "{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX "\",\"manifests\":[" entries "]}"

/* Which entry (the digit its digest is made of) of the index serves; 0 and the error where none does. */
static char choose(const char *text, const char *want, struct err *e)
{
	cleanup_oci_index struct oci_index x = { 0 };
	const struct descriptor *d;
	struct platform p;

	if (platform_parse(&p, want, e) == -1 || oci_index_parse(&x, text, strlen(text), NULL, e) == -1)
		return 0;
	d = oci_index_choose(&x, &p, e);
	return d ? digest_str(&d->digest).text[7] : 0;
}

static void test_choose(void)
{
	static const char text[] = INDEX(
		ENTRY("unknown", "unknown", "", "0") "," ENTRY("windows", "amd64", "", "1") ","
		ENTRY("linux", "386", "", "2") "," ENTRY("linux", "amd64", "", "3") "," ENTRY("linux", "amd64", "", "4") ","
		ENTRY("linux", "arm", "v5", "5") "," ENTRY("linux", "arm", "", "6") "," ENTRY("linux", "arm64", "v8", "7") ","
		DESCRIPTOR(OCI_MANIFEST, "8") "," DESCRIPTOR("application/x-sig", "9"));
	struct err e = ERR_INIT;

	CHECK_INT(choose(text, "linux/amd64", &e), '3');
	CHECK_INT(choose(text, "linux/amd64/v3", &e), '3');
	CHECK_INT(choose(text, "linux/386", &e), '2');
	CHECK_INT(choose(text, "linux/arm/v7", &e), '6');
	CHECK_INT(choose(text, "linux/arm/v6", &e), '5');
	CHECK_INT(choose(text, "linux/arm64", &e), '7');
	CHECK_INT(choose(text, "windows/x86_64", &e), '1');
	CHECK_INT(e.kind, ERR_NONE);
	/* R57 */
	CHECK_INT(choose(text, "linux/s390x", &e), 0);
	CHECK_INT(e.kind, ERR_NOT_FOUND);
	CHECK_STR(e.text, "no image for linux/s390x; there is windows/amd64, linux/386, linux/amd64, linux/amd64, linux/arm/v5, "
			  "linux/arm/v7, linux/arm64");
	CHECK_INT(choose(text, "unknown/unknown", &e), 0);
}

static void test_choose_where_no_platform_is_named(void)
{
	struct err e = ERR_INIT;

	CHECK_INT(choose(INDEX(DESCRIPTOR("application/x-sig", "1") "," DESCRIPTOR(OCI_MANIFEST, "2") ","
			       DESCRIPTOR(OCI_MANIFEST, "3")), "linux/arm", &e), '2');
	CHECK_INT(choose(INDEX(DESCRIPTOR(OCI_INDEX, "2")), "linux/arm", &e), '2');
	CHECK_INT(choose(INDEX(""), "linux/arm", &e), 0);
	CHECK_INT(e.kind, ERR_NOT_FOUND);
	CHECK_STR(e.text, "no image for linux/arm/v7; there is none at all");
}

static void test_index_refused(void)
{
	static const struct {
		const char *text, *media_type;
	} cases[] = {
		{ INDEX(""), OCI_MANIFEST },
		{ INDEX(""), DOCKER_INDEX },
		{ "{\"schemaVersion\":2,\"manifests\":[]}", OCI_MANIFEST },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST "\",\"manifests\":[]}", NULL },
		{ "{\"schemaVersion\":2}", OCI_INDEX },
		{ "{\"schemaVersion\":2,\"manifests\":{}}", NULL },
		{ "{\"schemaVersion\":2,\"manifests\":[1]}", NULL },
		{ "{\"schemaVersion\":1,\"manifests\":[]}", NULL },
		{ "{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}", NULL },
		{ "{\"schemaVersion\":2,\"manifests\":[],\"fsLayers\":[]}", NULL },
		{ "[]", OCI_INDEX },
		{ "", OCI_INDEX },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct oci_index x = { 0 };
		struct err e = ERR_INIT;

		CHECK_INT(oci_index_parse(&x, cases[i].text, strlen(cases[i].text), cases[i].media_type, &e), -1);
		CHECK_INT(e.kind, ERR_CONTENT);
		CHECK(x.media_type == NULL && x.manifests == NULL && x.count == 0);
	}
}

/* Configs */

static int read_config(struct oci_config *c, const char *text, struct err *e)
{
	return oci_config_parse(c, text, strlen(text), e);
}

static void check_strings(const strings s, const char *first, const char *second)
{
	CHECK_INT(strings_count(s), 2);
	CHECK_STR(s ? s[0] : "", first);
	CHECK_STR(s ? s[1] : "", second);
}

static void test_config(void)
{
	static const char text[] =
		"{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\",\"created\":\"2024-01-01T00:00:00Z\",\"author\":null,"
		"\"config\":{\"User\":\"65534:0\",\"WorkingDir\":\"/app\",\"StopSignal\":\"SIGQUIT\",\"Env\":[\"PATH=/bin\",\"A=\"],"
		"\"Entrypoint\":[\"/bin/sh\",\"-c\"],\"Cmd\":[\"echo\",\"\"],\"Volumes\":{\"/data\":{},\"/v\\u0061r\":{}},"
		"\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},\"Labels\":{\"a\":\"b\"}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA("a") "\",\"" SHA("b") "\"]},\"history\":[{}]}";
	cleanup_oci_config struct oci_config c = { 0 };
	struct err e = ERR_INIT;

	CHECK_INT(read_config(&c, text, &e), 0);
	CHECK_STR(c.platform.os, "linux");
	CHECK_STR(c.platform.arch, "arm64");
	CHECK_STR(c.platform.variant, "");
	CHECK_STR(c.created, "2024-01-01T00:00:00Z");
	CHECK_STR(c.user, "65534:0");
	CHECK_STR(c.working_dir, "/app");
	CHECK_STR(c.stop_signal, "SIGQUIT");
	check_strings(c.env, "PATH=/bin", "A=");
	check_strings(c.entrypoint, "/bin/sh", "-c");
	check_strings(c.cmd, "echo", "");
	check_strings(c.volumes, "/data", "/var");
	check_strings(c.exposed_ports, "80/tcp", "53/udp");
	CHECK_INT(c.count, 2);
	CHECK_STR(digest_str(&c.diff_ids[1]).text, SHA("b"));
}

static void test_config_with_little_in_it(void)
{
	static const char *const texts[] = {
		"{}",
		"{\"config\":null,\"rootfs\":null}",
		"{\"config\":{},\"rootfs\":{}}",
		"{\"config\":{\"User\":null,\"Env\":null,\"Entrypoint\":null,\"Cmd\":null,\"Volumes\":null,\"WorkingDir\":null,"
		"\"StopSignal\":null,\"ExposedPorts\":null},\"rootfs\":{\"type\":null,\"diff_ids\":null}}",
		"{\"config\":{\"User\":\"\",\"Env\":[],\"Entrypoint\":[],\"Cmd\":[],\"Volumes\":{},\"WorkingDir\":\"\"},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"created\":null,\"architecture\":\"\",\"os\":\"\"}",
		"{\"os\":\"linux\"}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cleanup_oci_config struct oci_config c = { 0 };
		struct err e = ERR_INIT;

		CHECK_INT(read_config(&c, texts[i], &e), 0);
		CHECK(!c.created && !c.user && !c.working_dir && !c.stop_signal && !c.env && !c.entrypoint && !c.cmd &&
		      !c.volumes && !c.exposed_ports && c.count == 0 && !*c.platform.os && !*c.platform.arch);
	}
}

static void test_config_refused(void)
{
	static const char *const texts[] = {
		"", "[]", "null", "7", "{\"config\":[]}", "{\"config\":\"x\"}", "{\"config\":{\"User\":0}}", "{\"config\":{\"Env\":\"A=B\"}}",
		"{\"config\":{\"Env\":[1]}}", "{\"config\":{\"Env\":[\"a\",null]}}", "{\"config\":{\"Env\":[\"A=\\u0000\"]}}",
		"{\"config\":{\"Env\":{\"A\":\"B\"}}}", "{\"config\":{\"Cmd\":[[\"sh\"]]}}", "{\"config\":{\"Entrypoint\":true}}",
		"{\"config\":{\"Volumes\":[\"/data\"]}}", "{\"config\":{\"Volumes\":{\"/d\\u0000\":{}}}}",
		"{\"config\":{\"ExposedPorts\":\"80\"}}", "{\"config\":{\"WorkingDir\":{}}}", "{\"created\":1}", "{\"os\":1}",
		"{\"os\":\"linux\",\"architecture\":\"a/b\"}", "{\"rootfs\":{\"type\":\"tree\"}}", "{\"rootfs\":{\"diff_ids\":{}}}",
		"{\"rootfs\":{\"diff_ids\":[null]}}", "{\"rootfs\":{\"diff_ids\":[\"" SHA("a") "\",\"sha256:x\"]}}",
		"{\"config\":{},\"config\":{}}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct oci_config c = { 0 };
		struct err e = ERR_INIT;
		char got[512], want[512];

		snprintf(got, sizeof got, "%d: %s", read_config(&c, texts[i], &e), texts[i]);
		snprintf(want, sizeof want, "-1: %s", texts[i]);
		CHECK_STR(got, want);
		CHECK_INT(e.kind, ERR_CONTENT);
		CHECK(c.env == NULL && c.diff_ids == NULL && c.count == 0);
	}
}

static void test_number_of_diff_ids(void)
{
	cleanup_buf struct buf b = BUF_INIT;
	cleanup_oci_config struct oci_config c = { 0 };
	struct oci_config none = { 0 };
	struct err e = ERR_INIT;

	add_repeated(&b, "{\"rootfs\":{\"diff_ids\":[", "\"" SHA("a") "\"", OCI_ENTRIES_MAX, "]}}");
	CHECK_INT(read_config(&c, buf_text(&b), &e), 0);
	CHECK_INT(c.count, OCI_ENTRIES_MAX);
	buf_reset(&b);
	add_repeated(&b, "{\"rootfs\":{\"diff_ids\":[", "\"" SHA("a") "\"", OCI_ENTRIES_MAX + 1, "]}}");
	CHECK_INT(read_config(&none, buf_text(&b), &e), -1);
}

static void test_strings(void)
{
	char a[] = "a", b[] = "b", *list[] = { a, b, NULL }, *empty[] = { NULL };
	struct err e = ERR_INIT;
	strings copy = strings_copy(list, &e);

	check_strings(copy, "a", "b");
	CHECK(copy && copy[0] != a);
	strings_free(copy);
	copy = strings_copy(empty, &e);
	CHECK(copy && strings_count(copy) == 0);
	strings_free(copy);
	CHECK(strings_copy(NULL, &e) == NULL && e.kind == ERR_NONE);
	CHECK_INT(strings_count(NULL), 0);
	strings_free(NULL);
}

/* Deterministic damage; the sanitizers are the judges of memory, and the parts must stay whole. */
static void damage(char *text, size_t len, uint32_t *random)
{
	static const char bytes[] = "{}[]:,\"\\0129-.eaznu \x80";

	for (int i = 0; i < 2; i++) {
		*random = *random * 1664525 + 1013904223;
		text[(*random >> 8) % len] = bytes[(*random >> 4) % (sizeof bytes - 1)];
	}
}

static void test_damaged_documents(void)
{
	static const char *const seeds[] = {
		MANIFEST(CONFIG_C, LAYER_A "," LAYER_B),
		INDEX(ENTRY("linux", "arm", "v5", "5") "," ENTRY("linux", "amd64", "", "6")),
		"{\"os\":\"linux\",\"architecture\":\"arm\",\"config\":{\"User\":\"a\",\"Env\":[\"A=B\",\"C=D\"],\"Cmd\":[\"sh\"],"
		"\"Volumes\":{\"/a\":{}}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA("a") "\"]}}",
	};
	struct platform p = { "linux", "amd64", "" };
	uint32_t random = 1;
	int taken = 0;

	for (int round = 0; round < 21000; round++) {
		cleanup_oci_manifest struct oci_manifest m = { 0 };
		cleanup_oci_index struct oci_index x = { 0 };
		cleanup_oci_config struct oci_config c = { 0 };
		cleanup_free char *text = strdup(seeds[round % 3]);
		struct err e = ERR_INIT;
		size_t len = strlen(text);

		damage(text, len, &random);
		taken += oci_manifest_parse(&m, text, len, NULL, &e) == 0;
		taken += oci_config_parse(&c, text, len, &e) == 0;
		if (oci_index_parse(&x, text, len, NULL, &e) == 0) {
			oci_index_choose(&x, &p, &e);
			taken++;
		}
		for (size_t i = 0; i < m.count; i++)
			CHECK(m.layers[i].size >= 0 && m.layers[i].media_type);
	}
	CHECK(taken > 1000);
}

int main(void)
{
	RUN(test_kinds);
	RUN(test_platforms_are_normalised);
	RUN(test_platforms_refused);
	RUN(test_host_platform);
	RUN(test_fallbacks);
	RUN(test_descriptor);
	RUN(test_descriptor_without_the_optional);
	RUN(test_descriptor_refused);
	RUN(test_manifest);
	RUN(test_manifest_accepted);
	RUN(test_old_names_of_a_config);
	RUN(test_manifest_called_something_else);
	RUN(test_two_kinds_in_one);
	RUN(test_schemas);
	RUN(test_artifacts_are_named);
	RUN(test_manifest_refused);
	RUN(test_number_of_entries);
	RUN(test_size_of_a_manifest);
	RUN(test_choose);
	RUN(test_choose_where_no_platform_is_named);
	RUN(test_index_refused);
	RUN(test_config);
	RUN(test_config_with_little_in_it);
	RUN(test_config_refused);
	RUN(test_number_of_diff_ids);
	RUN(test_strings);
	RUN(test_damaged_documents);
	return test_end();
}
