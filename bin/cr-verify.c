/* cr-verify - the blobs were read again, and their sizes and digests are right. */
#include "cli.h"
#include "hash.h"
#include "image.h"
#include "layout.h"
#include "record.h"
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const char usage[] =
	"usage: cr-verify [-s DIR] < RECORDS\n"
	"       cr-verify [-s DIR] DIGEST...\n"
	"       cr-verify [-s DIR] -a\n"
	"       cr-verify -f DIGEST\n"
	"Read blobs of the store again and compare size and digest. As a filter, print the\n"
	"records that hold. Exit 3 when something is not what its digest says.\n"
	"\n"
	"  -a, --all           everything in the store: each blob, and each name's image\n"
	"  -f, --filter DIGEST copy stdin to stdout; exit 3 when it was something else\n"
	"  -s, --store DIR     the store\n"
	"  -v, --verbose       name what was verified on stderr\n"
	"  -h, --help          this text\n"
	"  -V, --version       the version\n";

static const struct option long_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "filter", required_argument, NULL, 'f' },
	CLI_LONG_OPTIONS,
};

struct verify {
	struct cli cli;
	struct store store;
	int status; /* of the first failure */
};

static void failed(struct verify *v, struct err *e)
{
	int status = cli_fail(&v->cli, e);

	if (!v->status)
		v->status = status;
	*e = (struct err)ERR_INIT;
}

static void verify_one(struct verify *v, const struct digest *d)
{
	struct err e = ERR_INIT;

	if (store_verify_blob(&v->store, d, -1, &e) == -1)
		failed(v, &e);
	else if (v->cli.verbose)
		cli_warn(&v->cli, "%s: good", digest_str(d).text);
}

static int filter_records(struct verify *v)
{
	struct record_reader in;
	struct record r;
	struct err e = ERR_INIT;
	int got;

	record_reader_init(&in, STDIN_FILENO);
	while ((got = record_next(&in, &r, &e)) == 1) {
		if (store_verify_blob(&v->store, &r.digest, r.size, &e) == -1) {
			err_context(&e, "%s", r.source);
			failed(v, &e);
		} else if (record_print(stdout, &r, &e) == -1) {
			break;
		}
	}
	if (e.kind != ERR_NONE)
		failed(v, &e);
	return v->status;
}

static int verify_operands(struct verify *v, char **digests)
{
	struct err e = ERR_INIT;
	struct digest d;

	for (; *digests; digests++) {
		if (digest_parse(&d, *digests, strlen(*digests), &e) == -1) {
			e.kind = ERR_USAGE;
			failed(v, &e);
		} else {
			verify_one(v, &d);
		}
	}
	return v->status;
}

static int verify_blobs(struct verify *v, struct err *e)
{
	int fd = openat(v->store.blobs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return err_errno(e, errno, "blobs");
	while ((errno = 0, entry = readdir(dir))) {
		char text[sizeof "sha256:" + sizeof entry->d_name];
		struct err inner = ERR_INIT;
		struct digest d;

		if (entry->d_name[0] == '.' && (!entry->d_name[1] || strcmp(entry->d_name, "..") == 0))
			continue;
		snprintf(text, sizeof text, "sha256:%s", entry->d_name);
		if (digest_parse(&d, text, strlen(text), &inner) == -1)
			cli_warn(&v->cli, "%s: no blob's name, passed over", entry->d_name);
		else
			verify_one(v, &d);
	}
	closedir(dir);
	return errno ? err_errno(e, errno, "blobs") : 0;
}

/* A name must lead to a whole image; the bytes of the blobs were looked at before. */
static int verify_manifest(struct verify *v, const struct descriptor *d, int depth, struct err *e);

static int verify_index(struct verify *v, const struct descriptor *d, int depth, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_oci_index struct oci_index index = { 0 };
	int status = 0;

	if (depth > OCI_NESTING_MAX)
		return err_set(e, ERR_CONTENT, "indexes nested deeper than %d", OCI_NESTING_MAX);
	if (store_read_blob(&v->store, &d->digest, d->size, OCI_MANIFEST_MAX, &text, e) == -1 ||
	    oci_index_parse(&index, buf_text(&text), text.len, d->media_type, e) == -1)
		return -1;
	for (size_t i = 0; i < index.count && status == 0; i++)
		if (store_has_blob(&v->store, &index.manifests[i].digest, index.manifests[i].size)) /* others were not asked for */
			status = verify_manifest(v, &index.manifests[i], depth + 1, e);
	return status;
}

static int verify_manifest(struct verify *v, const struct descriptor *d, int depth, struct err *e)
{
	cleanup_image struct image im = IMAGE_INIT;

	if (oci_kind(d->media_type) == OCI_KIND_INDEX)
		return verify_index(v, d, depth, e);
	if (image_open(&im, &v->store, d, e) == -1)
		return -1;
	return image_check_layers(&im, &v->store, e);
}

static int verify_name(void *ctx, const struct layout_name *n, struct err *e)
{
	struct verify *v = ctx;

	if (verify_manifest(v, &n->descriptor, 0, e) == -1) {
		err_context(e, "%s", n->name);
		failed(v, e);
	} else if (v->cli.verbose) {
		cli_warn(&v->cli, "%s: complete", n->name);
	}
	return 0;
}

static int verify_all(struct verify *v)
{
	struct err e = ERR_INIT;

	if (verify_blobs(v, &e) == -1 || layout_each(&v->store, verify_name, v, &e) == -1)
		failed(v, &e);
	return v->status;
}

static int filter_bytes(struct verify *v, const char *text)
{
	struct err e = ERR_INIT;
	cleanup_hash struct hash *h = NULL;
	struct digest expected, actual;
	char chunk[65536];
	ssize_t n;

	if (digest_parse(&expected, text, strlen(text), &e) == -1)
		return cli_usage(&v->cli, "%s", e.text);
	if (!(h = hash_new(&e)))
		return cli_fail(&v->cli, &e);
	while ((n = io_read_full(STDIN_FILENO, chunk, sizeof chunk)) > 0) {
		hash_update(h, chunk, (size_t)n);
		if (io_write_full(STDOUT_FILENO, chunk, (size_t)n) == -1) {
			err_errno(&e, errno, "standard output");
			return cli_fail(&v->cli, &e);
		}
	}
	if (n == -1) {
		err_errno(&e, errno, "standard input");
		return cli_fail(&v->cli, &e);
	}
	hash_final(h, &actual);
	if (digest_equal(&actual, &expected))
		return 0;
	err_set(&e, ERR_CONTENT, "standard input is %s, not %s", digest_str(&actual).text, digest_str(&expected).text);
	return cli_fail(&v->cli, &e);
}

int main(int argc, char **argv)
{
	struct verify v = { .store = STORE_INIT };
	cleanup_buf struct buf path = BUF_INIT;
	struct err e = ERR_INIT;
	const char *expected = NULL;
	bool all = false;
	int option, status;

	cli_start(&v.cli, "cr-verify", usage, argv[0]);
	while ((option = getopt_long(argc, argv, "af:" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'a')
			all = true;
		else if (option == 'f')
			expected = optarg;
		else
			cli_option(&v.cli, option);
	}
	if ((all || expected) && (optind < argc || (all && expected)))
		return cli_usage(&v.cli, "-a, -f and operands exclude one another");
	if (expected)
		return cli_end(&v.cli, filter_bytes(&v, expected));
	if (cli_store_path(&v.cli, &path, &e) == -1 || store_open(&v.store, buf_text(&path), &e) == -1)
		return cli_fail(&v.cli, &e);
	status = all ? verify_all(&v) : optind < argc ? verify_operands(&v, argv + optind) : filter_records(&v);
	store_close(&v.store);
	return cli_end(&v.cli, status);
}
