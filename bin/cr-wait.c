/* cr-wait - waits until containers have ended, and prints their exit statuses. */
#include "cli_container.h"

static const char usage[] =
	"usage: cr-wait CONTAINER...\n"
	"Wait until each of the containers has ended, and print its exit status.\n"
	"\n"
	"  -s, --store DIR       the store\n"
	"  -v, --verbose         say more on stderr\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

static const struct option long_options[] = { CLI_LONG_OPTIONS };

/* The container may be removed as soon as it has ended: what is asked of it is asked by open descriptors. */
static int wait_for(void *ctx, struct container *c, struct err *e)
{
	struct container_status s;

	(void)ctx;
	if (container_wait(c, -1, e) == -1 || container_look(c, &s, e) == -1)
		return -1;
	switch (s.state) {
	case CONTAINER_EXITED:
		printf("%d\n", s.exit);
		return fflush(stdout) == 0 ? 0 : err_set(e, ERR_IO, "standard output cannot be written");
	case CONTAINER_CREATED:
		return err_set(e, ERR_IO, "%s: it has not been started", container_id(c));
	default:
		return err_set(e, ERR_IO, "%s: it died, and left no exit status", container_id(c));
	}
}

int main(int argc, char **argv)
{
	struct cli cli;
	int option;

	cli_start(&cli, "cr-wait", usage, argv[0]);
	while ((option = getopt_long(argc, argv, CLI_SHORT_OPTIONS, long_options, NULL)) != -1)
		cli_option(&cli, option);
	if (optind == argc)
		return cli_usage(&cli, "a CONTAINER is needed");
	return cli_end(&cli, cli_each_container(&cli, argv + optind, wait_for, NULL));
}
