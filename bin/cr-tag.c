/* cr-tag - names: gives one to an image that has arrived whole, lists them, removes one. */
#include "cli.h"
#include "gather.h"
#include "layout.h"
#include "ref.h"

#include <string.h>

static const char usage[] =
	"usage: cr-tag [-s DIR] NAME < RECORDS\n"
	"       cr-tag [-s DIR] -d NAME...\n"
	"       cr-tag [-s DIR]\n"
	"Last in a pull: when all of the image's records have arrived and its blobs are in\n"
	"the store, give it its name, and print the records. Alone, list the names: name,\n"
	"digest, bytes, platform and time, separated by tabs.\n"
	"\n"
	"  -d, --delete      remove names; the blobs stay\n"
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

static const struct option long_options[] = {
	{ "delete", no_argument, NULL, 'd' },
	CLI_LONG_OPTIONS,
};

static int print_name(void *ctx, const struct layout_name *n, struct err *e)
{
	char platform[PLATFORM_TEXT] = "-";

	(void)ctx;
	(void)e;
	if (n->descriptor.has_platform)
		platform_format(&n->descriptor.platform, platform);
	printf("%s\t%s\t%lld\t%s\t%s\n", n->name, digest_str(&n->descriptor.digest).text, (long long)n->image_size,
	       platform, n->tagged ? n->tagged : "-");
	return 0;
}

/* The name as the layout has it: completed by the reference grammar. */
static int full_name(const char *text, struct buf *out, struct err *e)
{
	cleanup_ref struct ref r = REF_INIT;

	if (ref_parse(&r, text, e) == -1)
		return -1;
	ref_full(&r, out);
	return buf_check(out, e);
}

/* What the name will point at: the index when the stream began with one, else the only image. */
static int target(const struct gather *g, const struct image *last, struct descriptor *d, struct err *e)
{
	struct descriptor index = { .digest = g->index.digest, .size = g->index.size };

	if (!g->have_index && g->images > 1)
		return err_set(e, ERR_USAGE, "%lu images arrived, and no index to name", g->images);
	if (!g->have_index)
		return descriptor_copy(d, &last->descriptor, e);
	index.media_type = (char *)g->index.media_type;
	return descriptor_copy(d, &index, e);
}

static int tag(const struct store *s, const char *name, struct err *e)
{
	cleanup_descriptor struct descriptor d = { 0 };
	cleanup_buf struct buf full = BUF_INIT;
	struct gather g;
	int64_t size = 0;
	int status = 1;

	if (full_name(name, &full, e) == -1)
		return -1;
	gather_init(&g, s, STDIN_FILENO);
	g.last = true;
	while (status == 1) {
		cleanup_image struct image im = IMAGE_INIT;

		status = gather_next(&g, &im, e);
		if (status != 1)
			break;
		descriptor_clear(&d);
		size += image_size(&im);
		/* the records were only words: the blobs must be there */
		if (image_check_layers(&im, s, e) == -1 || target(&g, &im, &d, e) == -1 ||
		    image_print(&im, g.source, stdout, e) == -1)
			status = -1;
	}
	if (status == -1)
		return -1;
	return layout_tag(s, buf_text(&full), &d, size, e);
}

static int untag(const struct store *s, const char *name, struct err *e)
{
	cleanup_buf struct buf full = BUF_INIT;
	struct err inner = ERR_INIT;

	if (layout_untag(s, name, &inner) == 0) /* as it stands: another tool may have written it */
		return 0;
	if (inner.kind == ERR_NOT_FOUND)
		return full_name(name, &full, e) == -1 ? -1 : layout_untag(s, buf_text(&full), e);
	*e = inner;
	return -1;
}

static int untag_all(const struct cli *c, const struct store *s, char **names)
{
	int status = 0;

	for (; *names; names++) {
		struct err e = ERR_INIT;
		int one = untag(s, *names, &e) == -1 ? cli_fail(c, &e) : 0;

		status = status ? status : one;
	}
	return status;
}

int main(int argc, char **argv)
{
	cleanup_buf struct buf path = BUF_INIT;
	cleanup_store struct store store = STORE_INIT;
	struct err e = ERR_INIT;
	struct cli c;
	bool delete = false;
	int option, status;

	cli_start(&c, "cr-tag", usage, argv[0]);
	while ((option = getopt_long(argc, argv, "d" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'd')
			delete = true;
		else
			cli_option(&c, option);
	}
	if (delete ? optind == argc : argc - optind > 1)
		return cli_usage(&c, delete ? "a NAME is needed" : "one NAME at most");
	if (cli_store_path(&c, &path, &e) == -1 || store_open(&store, buf_text(&path), &e) == -1)
		return cli_fail(&c, &e);
	if (delete)
		return cli_end(&c, untag_all(&c, &store, argv + optind));
	status = optind < argc ? tag(&store, argv[optind], &e) : layout_each(&store, print_name, NULL, &e);
	return cli_end(&c, status == -1 ? cli_fail(&c, &e) : 0);
}
