/* cr-unpack - the layers lie unpacked in the store, and their diff_ids match the config. */
#include "cli.h"
#include "confine.h"
#include "gather.h"
#include "layers.h"
#include "unpack.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
	"usage: cr-unpack [-s DIR] [-j N] < RECORDS\n"
	"       cr-unpack -C DIR [--devices] < LAYER\n"
	"Unpack the layers of images whose records come on stdin, each once for all images\n"
	"on the same base, and print the records. With -C, apply one layer (tar, gzip or\n"
	"zstd) from stdin on DIR.\n"
	"\n"
	"  -C, --directory DIR  apply one layer on DIR\n"
	"  -j, --jobs N         layers unpacked at once (default: the processors)\n"
	"      --devices        make device nodes too (root only)\n"
	"      --max-entries N  refuse an image of more entries (default 2000000)\n"
	"      --max-bytes N    refuse an image that unpacks to more (default 64 GiB)\n"
	"      --max-window N   refuse a zstd window of more bytes (default 8 MiB)\n"
	"      --min-free N     stop when less than N % of the filesystem are free (default 3)\n"
	"  -s, --store DIR      the store\n"
	"  -v, --verbose        say what was left out\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n";

enum { OPTION_DEVICES = 256, OPTION_MAX_ENTRIES, OPTION_MAX_BYTES, OPTION_MAX_WINDOW, OPTION_MIN_FREE };

static const struct option long_options[] = {
	{ "directory", required_argument, NULL, 'C' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "devices", no_argument, NULL, OPTION_DEVICES },
	{ "max-entries", required_argument, NULL, OPTION_MAX_ENTRIES },
	{ "max-bytes", required_argument, NULL, OPTION_MAX_BYTES },
	{ "max-window", required_argument, NULL, OPTION_MAX_WINDOW },
	{ "min-free", required_argument, NULL, OPTION_MIN_FREE },
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct store store;
	struct layers_options options;
	struct layers *layers; /* of the image that is arriving, or NULL */
	size_t arrived;	       /* its layers so far */
	int status;	       /* of the first failure */
};

static void failed(struct program *p, struct err *e)
{
	int status = cli_fail(&p->cli, e);

	if (!p->status)
		p->status = status;
	*e = (struct err)ERR_INIT;
}

static void say(void *ctx, bool detail, const char *text)
{
	struct program *p = ctx;

	if (!detail || p->cli.verbose)
		cli_warn(&p->cli, "%s", text);
}

static int arrived(void *ctx, const struct image *im, size_t layer, struct err *e)
{
	struct program *p = ctx;

	if (!p->layers && !(p->layers = layers_begin(&p->store, im, &p->options, e)))
		return -1;
	p->arrived++;
	return layers_add(p->layers, layer, e);
}

static int idle(void *ctx, int fd, struct err *e)
{
	struct program *p = ctx;

	return p->layers ? layers_wait(p->layers, fd, e) : 0;
}

static int print(const struct gather *g, const struct image *im, size_t i, struct err *e)
{
	struct record r;

	return image_record(im, i, g->source, &r, e) == -1 ? -1 : record_print(stdout, &r, e);
}

/* Publishes and prints what holds of the image: a layer after all those below it. */
static int finish_image(struct program *p, const struct gather *g, const struct image *im, struct err *e)
{
	if (print(g, im, 0, e) == -1 || (g->config_arrived && print(g, im, 1, e) == -1))
		return -1;
	for (size_t i = 0; i < im->config.count && p->arrived > 0; i++, p->arrived--)
		if (layers_finish(p->layers, i, e) == -1 || print(g, im, i + 2, e) == -1)
			return -1;
	return 0;
}

static int filter_records(struct program *p)
{
	struct gather g;
	int got;

	gather_init(&g, &p->store, STDIN_FILENO);
	g.arrived = arrived;
	g.idle = idle;
	g.ctx = p;
	do {
		cleanup_image struct image im = IMAGE_INIT;
		struct err e = ERR_INIT, missing = ERR_INIT;

		got = gather_next(&g, &im, &missing);
		if (im.chain_ids && finish_image(p, &g, &im, &e) == -1)
			failed(p, &e);
		else if (got == -1 && !g.incomplete) /* what did not come is the business of those before us, and of the last */
			failed(p, &missing);
		layers_end(p->layers);
		p->layers = NULL;
		p->arrived = 0;
	} while (got == 1 || (got == -1 && !gather_ended(&g)));
	return p->status;
}

/* --- -C --- */

struct apply {
	struct program *program;
	int root;
	bool chown;
};

static int mention(void *ctx, enum layer_note kind, const char *path, const char *link, const struct tar_entry *entry,
		   struct err *e)
{
	struct program *p = ctx;

	(void)entry;
	(void)e;
	if (kind == LAYER_NOTE_TRAILING)
		cli_warn(&p->cli, "bytes after the end of the archive, ignored");
	else if (kind == LAYER_NOTE_XATTR)
		cli_warn(&p->cli, "%s: attribute %s left out", path, link);
	else if (p->cli.verbose && kind == LAYER_NOTE_DEVICE)
		cli_warn(&p->cli, "%s: device node left out", path);
	else if (p->cli.verbose && kind == LAYER_NOTE_OWNER)
		cli_warn(&p->cli, "%s: owner cannot be set here", path);
	return 0;
}

/* Memory has to do where there is no place for temporary files. */
static int open_scratch(void)
{
	const char *where = getenv("TMPDIR");
	cleanup_fd int dir = open(where && *where ? where : "/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir == -1 ? -1 : io_scratch(dir);
}

static int apply(void *ctx, struct err *e)
{
	struct apply *a = ctx;
	const struct layers_options *o = &a->program->options;
	const int keep[] = { open_scratch(), open_scratch(), worker_report() };
	struct layer_options options = {
		.form = LAYER_MERGE,
		.chown = a->chown,
		.devices = o->devices,
		.entries_max = o->entries_max,
		.bytes_max = o->bytes_max,
		.free_min = o->free_min,
		.scratch = keep[0] == -1 || keep[1] == -1 ? NULL : keep,
		.note = mention,
		.ctx = a->program,
	};

	umask(0);
	return unpack_stream(&(struct unpack_input){ STDIN_FILENO, "standard input", o->window_max, NULL }, a->root, &options,
			     keep, 3, e);
}

static int apply_stdin(struct program *p, const char *dir)
{
	struct apply a = { p, -1, false };
	struct err e = ERR_INIT;
	struct userns ns;

	if (mkdir(dir, 0755) == -1 && errno != EEXIST)
		err_errno(&e, errno, "%s", dir);
	else if ((a.root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err_errno(&e, errno, "%s", dir);
	else if (userns_plan(&ns, &e) == 0) {
		a.chown = userns_can_chown(&ns);
		worker_run(&ns, confine_namespaces, apply, &a, &e);
	}
	io_cleanup_fd(&a.root);
	return e.kind == ERR_NONE ? 0 : cli_fail(&p->cli, &e);
}

/* A positive number, or false. */
static bool parse_number(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return !errno && end != text && !*end && *out > 0;
}

static bool parse_percent(const char *text, int64_t *out)
{
	*out = 0;
	return strcmp(text, "0") == 0 || (parse_number(text, out) && *out <= 100);
}

int main(int argc, char **argv)
{
	struct program p = { .store = STORE_INIT, .options.free_min = LAYER_FREE_MIN };
	cleanup_buf struct buf path = BUF_INIT;
	struct err e = ERR_INIT;
	const char *dir = NULL;
	int64_t n = 1;
	int option, status;

	cli_start(&p.cli, "cr-unpack", usage, argv[0]);
	while ((option = getopt_long(argc, argv, "C:j:" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if ((option == 'j' || (option >= OPTION_MAX_ENTRIES && option <= OPTION_MAX_WINDOW)) && !parse_number(optarg, &n))
			return cli_usage(&p.cli, "'%s' is not a positive number", optarg);
		if (option == OPTION_MIN_FREE && !parse_percent(optarg, &n))
			return cli_usage(&p.cli, "'%s' is not a percentage", optarg);
		switch (option) {
		case 'C': dir = optarg; break;
		case 'j': p.options.jobs = n > 64 ? 64 : (int)n; break;
		case OPTION_DEVICES: p.options.devices = true; break;
		case OPTION_MAX_ENTRIES: p.options.entries_max = n; break;
		case OPTION_MAX_BYTES: p.options.bytes_max = n; break;
		case OPTION_MAX_WINDOW: p.options.window_max = n; break;
		case OPTION_MIN_FREE: p.options.free_min = (int)n; break;
		default: cli_option(&p.cli, option);
		}
	}
	if (optind < argc)
		return cli_usage(&p.cli, "'%s': no operands are expected", argv[optind]);
	if (p.options.devices && geteuid() != 0)
		return cli_usage(&p.cli, "--devices: only root can make device nodes");
	if (dir)
		return cli_end(&p.cli, apply_stdin(&p, dir));
	if (cli_store_path(&p.cli, &path, &e) == -1 || store_open(&p.store, buf_text(&path), &e) == -1)
		return cli_fail(&p.cli, &e);
	p.options.say = say;
	p.options.ctx = &p;
	status = filter_records(&p);
	store_close(&p.store);
	return cli_end(&p.cli, status);
}
