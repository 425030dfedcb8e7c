/* cr-fetch-manifest - resolves references at their registries; prints the images' records. */
#include "cli.h"
#include "cli_registry.h"
#include "fetch.h"
#include "hash.h"
#include "image.h"
#include "ref.h"

#include <string.h>

static const char usage[] =
	"usage: cr-fetch-manifest [OPTION]... REF...\n"
	"Resolve each reference at its registry, choose the platform, store index, manifest\n"
	"and config, and print the records of the image: manifest, config, layers.\n"
	"\n"
	"  -p, --platform OS/ARCH[/VARIANT]  instead of this machine's\n"
	"  -a, --all         every platform: the index's record, then each image's\n"
	"  -r, --raw         the manifest's exact bytes instead of records\n"
	"      --plain-http  ask any registry by http (loopback ones need no leave)\n"
	"      --cacert FILE certificate authorities to trust\n"
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

static const struct option long_options[] = {
	{ "platform", required_argument, NULL, 'p' },
	{ "all", no_argument, NULL, 'a' },
	{ "raw", no_argument, NULL, 'r' },
	CLI_REGISTRY_OPTIONS,
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct cli_registry how;
	struct store store;
	struct registry *registry;
	struct fetch fetch;
	struct platform platform;
	bool all, raw;
};

/* One reference at work. */
struct work {
	struct program *p;
	struct ref ref;
	struct buf source;
};

static int check_digest(const struct registry_manifest *m, const struct digest *wanted, struct digest *actual,
			struct err *e)
{
	if (hash_bytes(buf_text(&m->body), m->body.len, actual, e) == -1)
		return -1;
	if (wanted && !digest_equal(actual, wanted))
		return err_set(e, ERR_CONTENT, "%s: the registry sent %s instead", digest_str(wanted).text,
			       digest_str(actual).text);
	if (m->has_hint && !digest_equal(actual, &m->hint))
		return err_set(e, ERR_CONTENT, "the registry calls it %s, but its bytes are %s", digest_str(&m->hint).text,
			       digest_str(actual).text);
	return 0;
}

/*
 * Reads what a tag or a digest (`wanted`; else NULL) names at the registry. Fills d, and text with the bytes.
 */
static int get_from_registry(struct work *w, const char *reference, const struct digest *wanted, struct descriptor *d,
			     struct buf *text, struct err *e)
{
	cleanup_registry_manifest struct registry_manifest m = REGISTRY_MANIFEST_INIT;

	if (registry_manifest(w->p->registry, w->ref.registry, w->ref.repository, reference, &m, e) == -1 ||
	    check_digest(&m, wanted, &d->digest, e) == -1)
		return -1;
	d->size = (int64_t)m.body.len;
	if (oci_kind(buf_text(&m.media_type)) == OCI_KIND_OTHER) /* "application/json" and the like say nothing */
		d->media_type = oci_own_media_type(buf_text(&m.body), m.body.len, e);
	else if (!(d->media_type = buf_steal(&m.media_type)))
		err_nomem(e);
	buf_add(text, buf_text(&m.body), m.body.len);
	return d->media_type ? buf_check(text, e) : -1;
}

static int get_by_descriptor(struct work *w, struct descriptor *d, struct buf *text, struct err *e)
{
	cleanup_descriptor struct descriptor got = { 0 };

	if (store_has_blob(&w->p->store, &d->digest, d->size))
		return store_read_blob(&w->p->store, &d->digest, d->size, OCI_MANIFEST_MAX, text, e);
	if (get_from_registry(w, digest_str(&d->digest).text, &d->digest, &got, text, e) == -1)
		return -1;
	if (got.size != d->size)
		return err_set(e, ERR_CONTENT, "%s: %lld bytes, not %lld", digest_str(&d->digest).text,
			       (long long)got.size, (long long)d->size);
	return 0;
}

/* A manifest whose bytes are here: stores it and its config, prints the image. */
static int take_manifest(struct work *w, const struct descriptor *d, const struct buf *text, struct err *e)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	cleanup_image struct image im = IMAGE_INIT;

	if (oci_manifest_parse(&m, buf_text(text), text->len, d->media_type, e) == -1)
		return -1;
	if (m.config.size > OCI_CONFIG_MAX)
		return err_set(e, ERR_CONTENT, "a config of %lld bytes: the limit is %d", (long long)m.config.size,
			       OCI_CONFIG_MAX);
	if (store_put_blob(&w->p->store, &d->digest, text->data, text->len, e) == -1 ||
	    fetch_one(&w->p->fetch, w->ref.registry, w->ref.repository, &m.config.digest, m.config.size, e) == -1 ||
	    image_open(&im, &w->p->store, d, e) == -1)
		return -1;
	return image_print(&im, buf_text(&w->source), stdout, e);
}

static int take(struct work *w, const struct descriptor *d, const struct buf *text, int depth, struct err *e);

static int take_entry(struct work *w, const struct descriptor *entry, int depth, struct err *e)
{
	cleanup_descriptor struct descriptor d = { 0 };
	cleanup_buf struct buf text = BUF_INIT;

	if (descriptor_copy(&d, entry, e) == -1 || get_by_descriptor(w, &d, &text, e) == -1)
		return -1;
	return take(w, &d, &text, depth, e);
}

static bool is_attestation(const struct descriptor *d)
{
	return d->has_platform && strcmp(d->platform.os, "unknown") == 0;
}

static int take_all(struct work *w, const struct descriptor *d, const struct oci_index *x, int depth, struct err *e)
{
	struct record r;

	if (depth == 0 &&
	    (record_set(&r, d, buf_text(&w->source), e) == -1 || record_print(stdout, &r, e) == -1))
		return -1;
	for (size_t i = 0; i < x->count; i++)
		if (!is_attestation(&x->manifests[i]) && take_entry(w, &x->manifests[i], depth + 1, e) == -1)
			return -1;
	return 0;
}

static int take_index(struct work *w, const struct descriptor *d, const struct buf *text, int depth, struct err *e)
{
	cleanup_oci_index struct oci_index x = { 0 };
	const struct descriptor *chosen;

	if (depth >= OCI_NESTING_MAX)
		return err_set(e, ERR_CONTENT, "indexes nested deeper than %d", OCI_NESTING_MAX);
	if (oci_index_parse(&x, buf_text(text), text->len, d->media_type, e) == -1 ||
	    store_put_blob(&w->p->store, &d->digest, text->data, text->len, e) == -1)
		return -1;
	if (w->p->all)
		return take_all(w, d, &x, depth, e);
	chosen = oci_index_choose(&x, &w->p->platform, e);
	return chosen ? take_entry(w, chosen, depth + 1, e) : -1;
}

static int take(struct work *w, const struct descriptor *d, const struct buf *text, int depth, struct err *e)
{
	if (w->p->raw) {
		if (fwrite(text->data, 1, text->len, stdout) != text->len)
			return err_set(e, ERR_IO, "standard output: write failed");
		return 0;
	}
	if (oci_kind(d->media_type) == OCI_KIND_INDEX)
		return take_index(w, d, text, depth, e);
	return take_manifest(w, d, text, e);
}

/* A digest's document lies in the store, perhaps: then nothing is asked at all. */
static int get_by_digest(struct work *w, struct descriptor *d, struct buf *text, struct err *e)
{
	if (!store_has_blob(&w->p->store, &w->ref.digest, -1))
		return get_from_registry(w, digest_str(&w->ref.digest).text, &w->ref.digest, d, text, e);
	if (store_read_blob(&w->p->store, &w->ref.digest, -1, OCI_MANIFEST_MAX, text, e) == -1)
		return -1;
	d->digest = w->ref.digest;
	d->size = (int64_t)text->len;
	d->media_type = oci_own_media_type(buf_text(text), text->len, e);
	return d->media_type ? 0 : -1;
}

static int resolve(struct work *w, struct err *e)
{
	cleanup_descriptor struct descriptor d = { 0 };
	cleanup_buf struct buf text = BUF_INIT;
	int status;

	ref_source(&w->ref, &w->source);
	if (buf_check(&w->source, e) == -1)
		return -1;
	status = w->ref.has_digest ? get_by_digest(w, &d, &text, e) :
				     get_from_registry(w, w->ref.tag, NULL, &d, &text, e);
	return status == -1 ? -1 : take(w, &d, &text, 0, e);
}

/* One operand; its status. */
static int fetch_reference(struct program *p, const char *text)
{
	struct work w = { p, REF_INIT, BUF_INIT };
	struct err e = ERR_INIT;
	cleanup_buf struct buf name = BUF_INIT;
	int status = 0;

	if (ref_parse(&w.ref, text, &e) == -1)
		status = cli_fail(&p->cli, &e);
	else if (resolve(&w, &e) == -1) {
		ref_full(&w.ref, &name);
		err_context(&e, "%s", buf_text(&name));
		status = cli_fail(&p->cli, &e);
	}
	ref_clear(&w.ref);
	buf_clear(&w.source);
	return status;
}

static int parse_options(struct program *p, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int option;

	if (platform_host(&p->platform, &e) == -1)
		return cli_fail(&p->cli, &e);
	while ((option = getopt_long(argc, argv, "p:ar" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'p') {
			if (platform_parse(&p->platform, optarg, &e) == -1)
				return cli_usage(&p->cli, "%s", e.text);
		} else if (option == 'a')
			p->all = true;
		else if (option == 'r')
			p->raw = true;
		else if (!cli_registry_option(&p->how, option))
			cli_option(&p->cli, option);
	}
	return optind < argc ? 0 : cli_usage(&p->cli, "a REF is needed");
}

int main(int argc, char **argv)
{
	struct program p = { .store = STORE_INIT };
	cleanup_buf struct buf path = BUF_INIT;
	struct err e = ERR_INIT;
	int status, one;

	cli_start(&p.cli, "cr-fetch-manifest", usage, argv[0]);
	cli_registry_init(&p.how);
	if ((status = parse_options(&p, argc, argv)))
		return status;
	if (cli_registry_load(&p.how, &e) == -1 || cli_store_path(&p.cli, &path, &e) == -1 ||
	    store_open(&p.store, buf_text(&path), &e) == -1 || !(p.registry = registry_new(&p.how.policy, &e)))
		return cli_fail(&p.cli, &e);
	fetch_init(&p.fetch, &p.store, p.registry);
	for (; optind < argc; optind++) {
		one = fetch_reference(&p, argv[optind]);
		status = status ? status : one;
	}
	registry_free(p.registry);
	store_close(&p.store);
	return cli_end(&p.cli, status);
}
