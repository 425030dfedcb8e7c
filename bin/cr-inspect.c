/* cr-inspect - what is known of an image, as JSON. */
#include "cli.h"
#include "image.h"
#include "json.h"
#include "layout.h"
#include "ref.h"
#include "unpacked.h"

#include <string.h>

static const char usage[] =
	"usage: cr-inspect [-s DIR] [-p PLATFORM] [-r] NAME|DIGEST...\n"
	"       cr-inspect [-s DIR] --where\n"
	"Print what the store knows of an image as JSON; with -r, its records, for another\n"
	"program's stdin.\n"
	"\n"
	"  -p, --platform OS/ARCH[/VARIANT]  which image of an index\n"
	"  -r, --records     the image's records instead\n"
	"      --where       the path of the store\n"
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

enum { OPTION_WHERE = 256 };

static const struct option long_options[] = {
	{ "platform", required_argument, NULL, 'p' },
	{ "records", no_argument, NULL, 'r' },
	{ "where", no_argument, NULL, OPTION_WHERE },
	CLI_LONG_OPTIONS,
};

static void put_layers(struct json_writer *w, const struct store *s, const struct image *im)
{
	json_begin_array(w, "layers");
	for (size_t i = 0; i < im->manifest.count; i++) {
		const struct descriptor *d = &im->manifest.layers[i];
		json_begin_object(w, NULL);
		json_put_string(w, "digest", digest_str(&d->digest).text);
		json_put_int64(w, "size", d->size);
		json_put_string(w, "mediaType", d->media_type);
		json_put_string(w, "diffId", digest_str(&im->config.diff_ids[i]).text);
		json_put_string(w, "chainId", digest_str(&im->chain_ids[i]).text);
		json_put_bool(w, "present", store_has_blob(s, &d->digest, d->size));
		json_put_bool(w, "unpacked", unpacked_have(s, &im->chain_ids[i]));
		json_end(w);
	}
	json_end(w);
}

/* The image's config as the image has it, but for what stands elsewhere in our answer. */
static int put_config(struct json_writer *w, const struct store *s, const struct image *im, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_json struct json *doc = NULL;

	if (store_read_blob(s, &im->manifest.config.digest, im->manifest.config.size, OCI_CONFIG_MAX, &text, e) == -1 ||
	    !(doc = json_parse(buf_text(&text), text.len, e)))
		return -1;
	if (json_exists(json_member(json_root(doc), "config")))
		json_put_value(w, "config", json_member(json_root(doc), "config"));
	if (json_exists(json_member(json_root(doc), "history")))
		json_put_value(w, "history", json_member(json_root(doc), "history"));
	return 0;
}

static int put_image(struct json_writer *w, const struct store *s, const struct image *im, const char *name, struct err *e)
{
	char platform[PLATFORM_TEXT];

	platform_format(&im->config.platform, platform);
	json_begin_object(w, NULL);
	if (*name)
		json_put_string(w, "name", name);
	json_put_string(w, "digest", digest_str(&im->descriptor.digest).text);
	json_put_string(w, "mediaType", im->descriptor.media_type);
	json_put_string(w, "platform", platform);
	if (im->config.author)
		json_put_string(w, "author", im->config.author);
	if (im->config.created)
		json_put_string(w, "created", im->config.created);
	json_put_int64(w, "size", image_size(im));
	json_put_string(w, "configDigest", digest_str(&im->manifest.config.digest).text);
	if (put_config(w, s, im, e) == -1)
		return -1;
	put_layers(w, s, im);
	json_end(w);
	return 0;
}

static int print_json(const struct store *s, const struct image *im, const char *name, struct err *e)
{
	cleanup_buf struct buf out = BUF_INIT;
	struct json_writer w;

	json_writer_init(&w, &out, 2);
	if (put_image(&w, s, im, name, e) == -1 || buf_check(&out, e) == -1)
		return -1;
	puts(buf_text(&out));
	return 0;
}

/* The source of a name's records: "registry/repository", or "-" for what is no such name. */
static int source_of(const char *name, struct buf *out, struct err *e)
{
	cleanup_ref struct ref r = REF_INIT;
	struct err no_reference = ERR_INIT;

	if (*name && ref_parse(&r, name, &no_reference) == 0)
		ref_source(&r, out);
	else
		buf_adds(out, "-");
	return buf_check(out, e);
}

static int print_records(const struct image *im, const char *name, struct err *e)
{
	cleanup_buf struct buf source = BUF_INIT;

	return source_of(name, &source, e) == -1 ? -1 : image_print(im, buf_text(&source), stdout, e);
}

static int inspect(const struct store *s, const char *what, const struct platform *want, bool records, struct err *e)
{
	cleanup_image struct image im = IMAGE_INIT;
	cleanup_buf struct buf name = BUF_INIT;

	if (image_find(&im, s, what, want, &name, e) == -1 || buf_check(&name, e) == -1)
		return -1;
	return records ? print_records(&im, buf_text(&name), e) : print_json(s, &im, buf_text(&name), e);
}

int main(int argc, char **argv)
{
	cleanup_buf struct buf path = BUF_INIT;
	cleanup_store struct store store = STORE_INIT;
	struct platform platform, *want = NULL;
	bool records = false, where = false;
	struct err e = ERR_INIT;
	int option, status = 0;
	struct cli c;

	cli_start(&c, "cr-inspect", usage, argv[0]);
	while ((option = getopt_long(argc, argv, "p:r" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'p' && platform_parse(&platform, optarg, &e) == -1)
			return cli_usage(&c, "%s", e.text);
		if (option == 'p')
			want = &platform;
		else if (option == 'r')
			records = true;
		else if (option == OPTION_WHERE)
			where = true;
		else
			cli_option(&c, option);
	}
	if (where ? optind < argc : optind == argc)
		return cli_usage(&c, where ? "--where takes no operand" : "a NAME or DIGEST is needed");
	if (cli_store_path(&c, &path, &e) == -1 || store_open(&store, buf_text(&path), &e) == -1)
		return cli_fail(&c, &e);
	if (where)
		puts(store.path);
	for (; optind < argc; optind++) {
		struct err why = ERR_INIT;
		int one = inspect(&store, argv[optind], want, records, &why) == -1 ? cli_fail(&c, &why) : 0;

		status = status ? status : one;
	}
	return cli_end(&c, status);
}
