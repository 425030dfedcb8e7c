/* cr-rm - removes containers. */
#include "cli_container.h"

#include <signal.h>

static const char usage[] =
	"usage: cr-rm [-f] CONTAINER...\n"
	"Remove containers, by id, the beginning of an id, or name.\n"
	"\n"
	"  -f, --force           kill those that run first\n"
	"  -s, --store DIR       the store\n"
	"  -v, --verbose         say more on stderr\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

static const struct option long_options[] = {
	{ "force", no_argument, NULL, 'f' },
	CLI_LONG_OPTIONS,
};

static int remove_it(void *ctx, struct container *c, struct err *e)
{
	const bool *force = ctx;

	if (*force && (container_signal_running(c, SIGKILL, e) == -1 || container_wait(c, -1, e) == -1))
		return -1;
	return container_remove(c, e);
}

int main(int argc, char **argv)
{
	bool force = false;
	struct cli cli;
	int option;

	cli_start(&cli, "cr-rm", usage, argv[0]);
	while ((option = getopt_long(argc, argv, "f" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		switch (option) {
		case 'f': force = true; break;
		default: cli_option(&cli, option);
		}
	}
	if (optind == argc)
		return cli_usage(&cli, "a CONTAINER is needed");
	return cli_end(&cli, cli_each_container(&cli, argv + optind, remove_it, &force));
}
