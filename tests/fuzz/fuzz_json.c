/* Z5: JSON, and the documents of images made of it. */
#include "fuzz.h"

#include "json.h"
#include "oci.h"

/* --- JSON: everything may be asked of every value --- */

static void check_string(struct json_value v)
{
	struct err e = ERR_INIT;
	char *text = json_string(v, &e);

	MUST((text != NULL) == (e.kind == ERR_NONE));
	if (text)
		MUST(json_equals(v, text));
	free(text);
}

static void check_values(struct json_value v, int depth)
{
	enum json_type type = json_type(v);
	struct err e = ERR_INIT;
	size_t count = 0, len;
	int64_t n;

	MUST(type != JSON_NONE && depth <= JSON_DEPTH_MAX && json_raw(v, &len) && len > 0);
	MUST(type == JSON_NUMBER || json_int64(v, &n, &e) == -1);
	MUST(type == JSON_STRING || !json_equals(v, ""));
	if (type == JSON_STRING)
		check_string(v);
	for (struct json_value m = json_first(v); json_exists(m); m = json_next(m), count++) {
		struct err inner = ERR_INIT;
		char *key = json_key(m, &inner);

		MUST(type == JSON_OBJECT || !key);
		if (key) {
			struct json_value same = json_member(v, key);
			MUST(same.token == m.token);
		}
		free(key);
		check_values(m, depth + 1);
	}
	MUST(count == json_count(v));
}

/* Written and read again, it is written the same. */
static void check_written(struct json_value v, int indent)
{
	cleanup_buf struct buf first = BUF_INIT, second = BUF_INIT;
	struct json_writer w;
	struct err e = ERR_INIT;
	cleanup_json struct json *doc = NULL;

	json_writer_init(&w, &first, indent);
	json_put_value(&w, NULL, v);
	MUST(buf_check(&first, &e) == 0);
	doc = json_parse(buf_text(&first), first.len, &e);
	MUST(doc || first.len > JSON_BYTES_MAX);
	if (!doc)
		return;
	json_writer_init(&w, &second, indent);
	json_put_value(&w, NULL, json_root(doc));
	MUST(second.len == first.len && memcmp(buf_text(&first), buf_text(&second), first.len) == 0);
}

static bool check_json(const char *text, size_t len)
{
	struct err e = ERR_INIT;
	cleanup_json struct json *doc = json_parse(text, len, &e);

	MUST(fuzz_result(doc ? 0 : -1, &e, ERR_CONTENT));
	if (!doc)
		return false;
	check_values(json_root(doc), 0);
	check_written(json_root(doc), 0);
	check_written(json_root(doc), 2);
	return true;
}

/* --- images --- */

static void check_platform(const struct platform *p)
{
	MUST(memchr(p->os, '\0', sizeof p->os) && memchr(p->arch, '\0', sizeof p->arch) &&
	     memchr(p->variant, '\0', sizeof p->variant));
}

static void check_descriptor(const struct descriptor *d)
{
	struct descriptor copy = { 0 };
	struct err e = ERR_INIT;

	MUST(d->media_type && d->size >= 0);
	check_platform(&d->platform);
	MUST(descriptor_copy(&copy, d, &e) == 0);
	MUST(strcmp(copy.media_type, d->media_type) == 0 && digest_equal(&copy.digest, &d->digest) && copy.size == d->size);
	descriptor_clear(&copy);
}

static bool check_index(const char *text, size_t len)
{
	struct platform want;
	cleanup_oci_index struct oci_index x = { 0 };
	const struct descriptor *chosen;
	struct err e = ERR_INIT;
	int r = oci_index_parse(&x, text, len, NULL, &e);

	MUST(fuzz_result(r, &e, ERR_CONTENT));
	if (r == -1)
		return false;
	MUST(x.count <= OCI_ENTRIES_MAX);
	for (size_t i = 0; i < x.count; i++)
		check_descriptor(&x.manifests[i]);
	MUST(platform_parse(&want, "linux/amd64", &e) == 0);
	chosen = oci_index_choose(&x, &want, &e);
	MUST(fuzz_result(chosen ? 0 : -1, &e, ERR_NOT_FOUND));
	MUST(!chosen || (chosen >= x.manifests && chosen < x.manifests + x.count));
	return true;
}

static bool check_manifest(const char *text, size_t len)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	struct err e = ERR_INIT;
	int r = oci_manifest_parse(&m, text, len, NULL, &e);

	MUST(fuzz_result(r, &e, ERR_CONTENT));
	if (r == -1)
		return false;
	MUST(m.count <= OCI_ENTRIES_MAX);
	check_descriptor(&m.config);
	for (size_t i = 0; i < m.count; i++)
		check_descriptor(&m.layers[i]);
	return true;
}

static bool check_config(const char *text, size_t len)
{
	cleanup_oci_config struct oci_config c = { 0 };
	struct err e = ERR_INIT;
	int r = oci_config_parse(&c, text, len, &e);

	MUST(fuzz_result(r, &e, ERR_CONTENT));
	if (r == -1)
		return false;
	check_platform(&c.platform);
	MUST(c.count <= OCI_ENTRIES_MAX);
	MUST((!c.user || *c.user) && (!c.working_dir || *c.working_dir) && (!c.stop_signal || *c.stop_signal));
	MUST((strings_count(c.env) > 0) == (c.env != NULL) && (strings_count(c.cmd) > 0) == (c.cmd != NULL));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	char *text = input_copy(&in), *type;
	struct err e = ERR_INIT;
	bool json = check_json(text, size), index = check_index(text, size), manifest = check_manifest(text, size);
	bool config = check_config(text, size);

	type = oci_own_media_type(text, size, &e);
	MUST(json || (!index && !manifest && !config && !type));
	MUST(!(index && manifest)); /* CVE-2021-41190 */
	free(type);
	free(text);
	return 0;
}
