/* cr-cat - the bytes of one blob on stdout, verified. */
#include "cli.h"
#include "image.h"

#include <string.h>

static const char usage[] =
	"usage: cr-cat [-s DIR] DIGEST|NAME\n"
	"Write a blob of the store to standard output: the one with that digest, or the\n"
	"manifest of the image with that name. Exit 3, after the fact, when the bytes are\n"
	"not what the digest says.\n"
	"\n"
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

static const struct option long_options[] = { CLI_LONG_OPTIONS };

/* The digest that `what` spells, or that of the image's manifest. */
static int find(const struct store *s, const char *what, struct digest *d, struct err *e)
{
	cleanup_image struct image im = IMAGE_INIT;

	if (strncmp(what, "sha256:", 7) == 0)
		return digest_parse(d, what, strlen(what), e) == -1 ? e->kind = ERR_USAGE, -1 : 0;
	if (image_find(&im, s, what, NULL, NULL, e) == -1)
		return -1;
	*d = im.descriptor.digest;
	return 0;
}

int main(int argc, char **argv)
{
	cleanup_buf struct buf path = BUF_INIT;
	cleanup_store struct store store = STORE_INIT;
	struct err e = ERR_INIT;
	struct digest d;
	struct cli c;
	int option;

	cli_start(&c, "cr-cat", usage, argv[0]);
	while ((option = getopt_long(argc, argv, CLI_SHORT_OPTIONS, long_options, NULL)) != -1)
		cli_option(&c, option);
	if (argc - optind != 1)
		return cli_usage(&c, "one DIGEST or NAME is needed");
	if (cli_store_path(&c, &path, &e) == -1 || store_open(&store, buf_text(&path), &e) == -1 ||
	    find(&store, argv[optind], &d, &e) == -1 || store_copy_blob(&store, &d, STDOUT_FILENO, &e) == -1)
		return cli_fail(&c, &e);
	return cli_end(&c, 0);
}
