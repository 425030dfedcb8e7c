/* cr-cat - the bytes of one blob on stdout, verified. */
#include "cli.h"
#include "hash.h"
#include "image.h"

#include <errno.h>
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

static int cat(const struct store *s, const struct digest *d, struct err *e)
{
	cleanup_fd int fd = store_open_blob(s, d, -1, e);
	cleanup_hash struct hash *h = fd == -1 ? NULL : hash_new(e);
	struct digest actual;
	char chunk[65536];

	if (!h)
		return -1;
	for (;;) {
		ssize_t n = io_read_full(fd, chunk, sizeof chunk);
		if (n == -1)
			return err_errno(e, errno, "%s", digest_str(d).text);
		if (n == 0)
			break;
		hash_update(h, chunk, (size_t)n);
		if (io_write_full(STDOUT_FILENO, chunk, (size_t)n) == -1)
			return err_errno(e, errno, "standard output");
	}
	hash_final(h, &actual);
	if (!digest_equal(&actual, d))
		return err_set(e, ERR_CONTENT, "%s: corrupt, the digest of its bytes is %s", digest_str(d).text,
			       digest_str(&actual).text);
	return 0;
}

/* The digest that `what` spells, or that of the image's manifest. */
static int find(const struct store *s, const char *what, struct digest *d, struct err *e)
{
	cleanup_image struct image im = IMAGE_INIT;

	if (strncmp(what, "sha256:", 7) == 0)
		return digest_parse(d, what, strlen(what), e);
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
	    find(&store, argv[optind], &d, &e) == -1 || cat(&store, &d, &e) == -1)
		return cli_fail(&c, &e);
	return cli_end(&c, 0);
}
