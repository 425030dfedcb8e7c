/* cr-fetch-manifest - resolves references at their registries; prints the images' records. */
#include "cli.h"
#include "cli_registry.h"
#include "fetch.h"
#include "hash.h"
#include "image.h"
#include "layout.h"
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
	"      --offline     ask nobody: what the store does not have is an error\n"
	CLI_REGISTRY_USAGE
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

enum { OPTION_OFFLINE = 256 };

static const struct option long_options[] = {
	{ "platform", required_argument, NULL, 'p' },
	{ "all", no_argument, NULL, 'a' },
	{ "raw", no_argument, NULL, 'r' },
	{ "offline", no_argument, NULL, OPTION_OFFLINE },
	CLI_REGISTRY_OPTIONS,
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct cli_registry how;
	struct store store;
	struct fetch fetch; /* its registry is NULL with --offline */
	struct platform platform;
	bool all, raw, offline;
};

/* One reference at work. */
struct work {
	struct program *p;
	struct ref ref;
	struct buf source;
};

/* A manifest or an index, and its bytes. */
struct document {
	struct descriptor d;
	struct buf text;
};

#define DOCUMENT_INIT { { 0 }, BUF_INIT }

static void document_clear(struct document *doc)
{
	descriptor_clear(&doc->d);
	buf_clear(&doc->text);
}

#define cleanup_document __attribute__((cleanup(document_clear)))

/* --- a document, from the store or the registry --- */

/* "application/json" and the like say nothing: then it is what the document calls itself. */
static int set_media_type(struct document *doc, struct buf *told, struct err *e)
{
	if (oci_kind(buf_text(told)) == OCI_KIND_OTHER)
		doc->d.media_type = oci_own_media_type(buf_text(&doc->text), doc->text.len, e);
	else if (!(doc->d.media_type = buf_steal(told)))
		err_nomem(e);
	return doc->d.media_type ? 0 : -1;
}

static int read_from_store(struct work *w, const struct digest *digest, struct buf *told, struct document *doc,
			   struct err *e)
{
	if (store_read_blob(&w->p->store, digest, -1, OCI_MANIFEST_MAX, &doc->text, e) == -1)
		return -1;
	doc->d.digest = *digest;
	doc->d.size = (int64_t)doc->text.len;
	return set_media_type(doc, told, e);
}

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

/* Asks for what a tag or a digest (`wanted`; else NULL) names. */
static int get(struct work *w, const char *reference, const struct digest *wanted, struct document *doc, struct err *e)
{
	cleanup_registry_manifest struct registry_manifest m = REGISTRY_MANIFEST_INIT;

	if (registry_manifest(w->p->fetch.registry, w->ref.registry, w->ref.repository, reference, &m, e) == -1 ||
	    check_digest(&m, wanted, &doc->d.digest, e) == -1)
		return -1;
	doc->d.size = (int64_t)m.body.len;
	buf_add(&doc->text, buf_text(&m.body), m.body.len);
	return buf_check(&doc->text, e) == -1 ? -1 : set_media_type(doc, &m.media_type, e);
}

/* Whether the document is one, before it is kept. */
static int check_document(const struct document *doc, struct err *e)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	cleanup_oci_index struct oci_index x = { 0 };
	const char *text = buf_text(&doc->text);

	if (oci_kind(doc->d.media_type) == OCI_KIND_INDEX)
		return oci_index_parse(&x, text, doc->text.len, doc->d.media_type, e);
	return oci_manifest_parse(&m, text, doc->text.len, doc->d.media_type, e);
}

static int keep(struct work *w, const struct document *doc, struct err *e)
{
	if (w->p->raw) /* to be shown, whatever it is */
		return 0;
	return check_document(doc, e) == -1 ? -1 :
	       store_put_blob(&w->p->store, &doc->d.digest, buf_text(&doc->text), doc->text.len, e);
}

static int get_and_keep(struct work *w, const struct digest *digest, struct document *doc, struct err *e)
{
	return get(w, digest_str(digest).text, digest, doc, e) == -1 ? -1 : keep(w, doc, e);
}

/* The document of a digest: from the store, else from the registry, once for all processes that want it. `told`: its media type, or empty. */
static int get_by_digest(struct work *w, const struct digest *digest, struct buf *told, struct document *doc,
			 struct err *e)
{
	char name[sizeof "manifest-.lock" + DIGEST_HEX], hex[DIGEST_HEX];
	int lock, status;

	if (store_has_blob(&w->p->store, digest, -1))
		return read_from_store(w, digest, told, doc, e);
	if (w->p->offline)
		return err_set(e, ERR_NOT_FOUND, "%s: not in the store, and nobody is to be asked", digest_str(digest).text);
	digest_hex(digest, hex);
	snprintf(name, sizeof name, "manifest-%s.lock", hex);
	if ((lock = store_lock(&w->p->store, name, e)) == -1)
		return -1;
	if (store_has_blob(&w->p->store, digest, -1))
		status = read_from_store(w, digest, told, doc, e);
	else
		status = get_and_keep(w, digest, doc, e);
	store_unlock(&w->p->store, name, &lock);
	return status;
}

/* What the store's own name leads to. */
static int get_by_name(struct work *w, struct document *doc, struct err *e)
{
	cleanup_layout_name struct layout_name n = { 0 };
	cleanup_buf struct buf name = BUF_INIT, told = BUF_INIT;
	struct err inner = ERR_INIT;

	ref_full(&w->ref, &name);
	if (buf_check(&name, e) == -1)
		return -1;
	if (layout_find(&w->p->store, buf_text(&name), &n, &inner) == -1) {
		if (inner.kind == ERR_NOT_FOUND)
			return err_set(e, ERR_NOT_FOUND, "not in the store, and nobody is to be asked");
		return *e = inner, -1;
	}
	buf_adds(&told, n.descriptor.media_type);
	return get_by_digest(w, &n.descriptor.digest, &told, doc, e);
}

/* A HEAD tells the digest: what the store has under it need not be sent. */
static int get_by_tag(struct work *w, struct document *doc, struct err *e)
{
	cleanup_registry_manifest struct registry_manifest m = REGISTRY_MANIFEST_INIT;

	if (registry_resolve(w->p->fetch.registry, w->ref.registry, w->ref.repository, w->ref.tag, &m, e) == -1)
		return -1;
	if (m.has_hint)
		return get_by_digest(w, &m.hint, &m.media_type, doc, e);
	return get(w, w->ref.tag, NULL, doc, e) == -1 ? -1 : keep(w, doc, e);
}

/* --- what to do with it --- */

/* A manifest: fetches its config, prints the image. */
static int take_manifest(struct work *w, const struct document *doc, struct err *e)
{
	cleanup_oci_manifest struct oci_manifest m = { 0 };
	cleanup_image struct image im = IMAGE_INIT;
	struct fetch_source config = { w->ref.registry, w->ref.repository, { { { 0 } }, 0, false } };

	if (oci_manifest_parse(&m, buf_text(&doc->text), doc->text.len, doc->d.media_type, e) == -1)
		return -1;
	if (m.config.size > OCI_CONFIG_MAX)
		return err_set(e, ERR_CONTENT, "a config of %lld bytes: the limit is %d", (long long)m.config.size,
			       OCI_CONFIG_MAX);
	config.blob.digest = m.config.digest;
	config.blob.size = m.config.size;
	if (fetch_one(&w->p->fetch, &config, e) == -1)
		return err_context(e, "config %s", digest_str(&m.config.digest).text);
	if (image_open(&im, &w->p->store, &doc->d, e) == -1)
		return -1;
	return image_print(&im, buf_text(&w->source), stdout, e);
}

static int take(struct work *w, const struct document *doc, int depth, struct err *e);

static int take_entry(struct work *w, const struct descriptor *entry, int depth, struct err *e)
{
	cleanup_document struct document doc = DOCUMENT_INIT;
	cleanup_buf struct buf told = BUF_INIT;

	if (entry->size > OCI_MANIFEST_MAX)
		return err_set(e, ERR_CONTENT, "%s: a manifest of %lld bytes: the limit is %d",
			       digest_str(&entry->digest).text, (long long)entry->size, OCI_MANIFEST_MAX);
	buf_adds(&told, entry->media_type);
	if (get_by_digest(w, &entry->digest, &told, &doc, e) == -1)
		return -1;
	if (doc.d.size != entry->size)
		return err_set(e, ERR_CONTENT, "%s: %lld bytes, not %lld", digest_str(&entry->digest).text,
			       (long long)doc.d.size, (long long)entry->size);
	descriptor_clear(&doc.d); /* the entry's own, which names the platform */
	return descriptor_copy(&doc.d, entry, e) == -1 ? -1 : take(w, &doc, depth, e);
}

static bool is_attestation(const struct descriptor *d)
{
	return d->has_platform && strcmp(d->platform.os, "unknown") == 0;
}

static int take_all(struct work *w, const struct document *doc, const struct oci_index *x, int depth, struct err *e)
{
	struct record r;

	if (depth == 0 &&
	    (record_set(&r, &doc->d, buf_text(&w->source), e) == -1 || record_print(stdout, &r, e) == -1))
		return -1;
	for (size_t i = 0; i < x->count; i++)
		if (!is_attestation(&x->manifests[i]) && take_entry(w, &x->manifests[i], depth + 1, e) == -1)
			return -1;
	return 0;
}

static int take_index(struct work *w, const struct document *doc, int depth, struct err *e)
{
	cleanup_oci_index struct oci_index x = { 0 };
	const struct descriptor *chosen;

	if (depth >= OCI_NESTING_MAX)
		return err_set(e, ERR_CONTENT, "indexes nested deeper than %d", OCI_NESTING_MAX);
	if (oci_index_parse(&x, buf_text(&doc->text), doc->text.len, doc->d.media_type, e) == -1)
		return -1;
	if (w->p->all)
		return take_all(w, doc, &x, depth, e);
	chosen = oci_index_choose(&x, &w->p->platform, e);
	return chosen ? take_entry(w, chosen, depth + 1, e) : -1;
}

static int take(struct work *w, const struct document *doc, int depth, struct err *e)
{
	if (oci_kind(doc->d.media_type) == OCI_KIND_INDEX)
		return take_index(w, doc, depth, e);
	return take_manifest(w, doc, e);
}

static int print_raw(const struct document *doc, struct err *e)
{
	if (fwrite(buf_text(&doc->text), 1, doc->text.len, stdout) == doc->text.len)
		return 0;
	return err_set(e, ERR_IO, "standard output: write failed");
}

static int resolve(struct work *w, struct err *e)
{
	cleanup_document struct document doc = DOCUMENT_INIT;
	cleanup_buf struct buf unknown = BUF_INIT;
	int status;

	ref_source(&w->ref, &w->source);
	if (buf_check(&w->source, e) == -1)
		return -1;
	if (w->ref.has_digest)
		status = get_by_digest(w, &w->ref.digest, &unknown, &doc, e);
	else
		status = w->p->offline ? get_by_name(w, &doc, e) : get_by_tag(w, &doc, e);
	if (status == -1)
		return -1;
	return w->p->raw ? print_raw(&doc, e) : take(w, &doc, 0, e);
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
		else if (option == OPTION_OFFLINE)
			p->offline = true;
		else if (!cli_registry_option(&p->how, option))
			cli_option(&p->cli, option);
	}
	return optind < argc ? 0 : cli_usage(&p->cli, "a REF is needed");
}

static int start_up(struct program *p, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	if (cli_registry_load(&p->how, e) == -1 || cli_store_path(&p->cli, &path, e) == -1 ||
	    store_open(&p->store, buf_text(&path), e) == -1)
		return -1;
	p->fetch.store = &p->store;
	if (!p->offline)
		p->fetch.registry = registry_new(&p->how.policy, e);
	return p->offline || p->fetch.registry ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct program p = { .store = STORE_INIT };
	struct err e = ERR_INIT;
	int status, one;

	cli_start(&p.cli, "cr-fetch-manifest", usage, argv[0]);
	cli_registry_init(&p.how, &p.cli);
	if ((status = parse_options(&p, argc, argv)))
		return status;
	if (start_up(&p, &e) == -1)
		return cli_fail(&p.cli, &e);
	for (; optind < argc; optind++) {
		one = fetch_reference(&p, argv[optind]);
		status = status ? status : one;
	}
	registry_free(p.fetch.registry);
	store_close(&p.store);
	return cli_end(&p.cli, status);
}
