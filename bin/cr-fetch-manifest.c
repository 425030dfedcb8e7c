/* cr-fetch-manifest - resolves references at their registries; prints the images' records. */
#include "cli.h"
#include "cli_registry.h"
#include "ref.h"
#include "resolve.h"

static const char usage[] =
	"usage: cr-fetch-manifest [OPTION]... REF...\n"
	"Resolve each reference at its registry, choose the platform, store index, manifest\n"
	"and config, and print the records of the image: manifest, config, layers.\n"
	"\n"
	"  -p, --platform OS/ARCH[/VARIANT]  instead of this machine's\n"
	"  -a, --all         every platform: the index's record, then each image's\n"
	"  -r, --raw         the manifest's exact bytes instead of records\n"
	CLI_OFFLINE_USAGE
	CLI_REGISTRY_USAGE
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

static const struct option long_options[] = {
	{ "platform", required_argument, NULL, 'p' },
	{ "all", no_argument, NULL, 'a' },
	{ "raw", no_argument, NULL, 'r' },
	CLI_OFFLINE_OPTION,
	CLI_REGISTRY_OPTIONS,
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct cli_registry how;
	struct store store;
	struct resolve resolve;
};

/* One operand; its status. */
static int fetch_reference(struct program *p, const char *text)
{
	cleanup_ref struct ref ref = REF_INIT;
	cleanup_buf struct buf name = BUF_INIT;
	struct err e = ERR_INIT;

	if (ref_parse(&ref, text, &e) == -1)
		return cli_fail(&p->cli, &e);
	if (resolve_ref(&p->resolve, &ref, stdout, &e) == 0)
		return 0;
	ref_full(&ref, &name);
	err_context(&e, "%s", buf_text(&name));
	return cli_fail(&p->cli, &e);
}

static int parse_options(struct program *p, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int option;

	if (platform_host(&p->resolve.platform, &e) == -1)
		return cli_fail(&p->cli, &e);
	while ((option = getopt_long(argc, argv, "p:ar" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'p') {
			if (platform_parse(&p->resolve.platform, optarg, &e) == -1)
				return cli_usage(&p->cli, "%s", e.text);
			p->resolve.exact = true;
		} else if (option == 'a')
			p->resolve.all = true;
		else if (option == 'r')
			p->resolve.raw = true;
		else if (!cli_registry_option(&p->how, option))
			cli_option(&p->cli, option);
	}
	return optind < argc ? 0 : cli_usage(&p->cli, "a REF is needed");
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
	if (cli_registry_open(&p.how, &p.store, &p.resolve.fetch.registry, &e) == -1)
		return cli_fail(&p.cli, &e);
	p.resolve.fetch.store = &p.store;
	for (; optind < argc; optind++) {
		one = fetch_reference(&p, argv[optind]);
		status = status ? status : one;
	}
	registry_free(p.resolve.fetch.registry);
	store_close(&p.store);
	return cli_end(&p.cli, status);
}
