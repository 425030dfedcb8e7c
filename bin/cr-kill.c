/* cr-kill - sends a signal to containers, or stops them. */
#include "cli_container.h"
#include "io.h"
#include "signals.h"

#include <signal.h>

static const char usage[] =
	"usage: cr-kill [-s SIGNAL] CONTAINER...\n"
	"       cr-kill --stop [-t SECONDS] CONTAINER...\n"
	"Send a signal to the commands of containers; or stop them: send the signal that the\n"
	"image asks for, wait for the end, and kill what does not come to it.\n"
	"\n"
	"  -s, --signal SIGNAL   by name or number (default: KILL)\n"
	"      --stop            stop them; those that do not run are left alone\n"
	"  -t, --time SECONDS    how long to wait until they are killed (default: 10)\n"
	"      --store DIR       the store\n"
	"  -v, --verbose         say more on stderr\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

#define STOP_SECONDS 10
#define KILL_SECONDS 10 /* to wait for the end of what was killed */
#define SECONDS_MAX 1000000

enum { OPTION_STOP = 256, OPTION_STORE };

static const struct option long_options[] = {
	{ "signal", required_argument, NULL, 's' },
	{ "stop", no_argument, NULL, OPTION_STOP },
	{ "time", required_argument, NULL, 't' },
	{ "store", required_argument, NULL, OPTION_STORE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "verbose", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

struct program {
	struct cli cli;
	int signal;	 /* 0: not given */
	bool stop;
	long seconds;	 /* -1: not given */
	int64_t until;	 /* io_clock when those that are stopped are killed */
	struct container *stopping;
	size_t count;
};

/* Who has killed it may remove it at once, and need not wait himself. */
static int send_signal(void *ctx, struct container *c, struct err *e)
{
	const struct program *p = ctx;

	if (container_signal(c, p->signal, e) == -1)
		return -1;
	if (p->signal != SIGKILL)
		return 0;
	switch (container_wait(c, 1000 * KILL_SECONDS, e)) {
	case 1: return 0;
	case 0: return err_set(e, ERR_IO, "%s: killed, but it has not ended after %d seconds", container_id(c), KILL_SECONDS);
	default: return -1;
	}
}

/* The image's, where it asks for one that is known here, and gets into a container. */
static int stop_signal(const struct container *c)
{
	char text[CONTAINER_FACT_MAX];
	int sig = container_fact(c, "stop-signal", text) ? signals_parse(text) : -1;

	return sig != -1 && container_passes_on(sig) ? sig : SIGTERM;
}

/* All are told before any is waited for. */
static int begin_stop(void *ctx, struct container *c, struct err *e)
{
	struct program *p = ctx;

	if (container_signal_running(c, stop_signal(c), e) == -1)
		return -1;
	p->stopping[p->count++] = *c;
	*c = (struct container)CONTAINER_INIT;
	return 0;
}

static int end_stop(const struct program *p, struct container *c, struct err *e)
{
	int64_t left = p->until - io_clock();
	int ended = container_wait(c, left > 0 ? (int)left : 0, e);

	if (ended == 0 && container_signal_running(c, SIGKILL, e) == 0)
		ended = container_wait(c, -1, e);
	return ended == 1 ? 0 : -1;
}

static int stop(struct program *p, char **words, int argc)
{
	struct err nomem = ERR_INIT;
	int status;

	p->stopping = calloc((size_t)argc, sizeof *p->stopping);
	if (!p->stopping) {
		err_nomem(&nomem);
		return cli_fail(&p->cli, &nomem);
	}
	p->until = io_clock() + 1000 * (p->seconds == -1 ? STOP_SECONDS : p->seconds);
	status = cli_each_container(&p->cli, words, begin_stop, p);
	for (size_t i = 0; i < p->count; i++) {
		struct err e = ERR_INIT;

		if (end_stop(p, &p->stopping[i], &e) == -1) {
			int one = cli_fail(&p->cli, &e);

			status = status ? status : one;
		}
		container_close(&p->stopping[i]);
	}
	free(p->stopping);
	return status;
}

static int parse_options(struct program *p, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "s:t:hVv", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			p->signal = signals_parse(optarg);
			if (p->signal == -1)
				return cli_usage(&p->cli, "'%s' is no signal", optarg);
			break;
		case 't': p->seconds = cli_number(&p->cli, "--time", 0, SECONDS_MAX); break;
		case OPTION_STOP: p->stop = true; break;
		case OPTION_STORE: p->cli.store = optarg; break;
		default: cli_option(&p->cli, option);
		}
	}
	if (p->stop && p->signal)
		return cli_usage(&p->cli, "--stop: the signal is the image's");
	if (p->seconds != -1 && !p->stop)
		return cli_usage(&p->cli, "--time: needs --stop");
	return optind == argc ? cli_usage(&p->cli, "a CONTAINER is needed") : 0;
}

int main(int argc, char **argv)
{
	struct program p = { .seconds = -1 };
	int status;

	cli_start(&p.cli, "cr-kill", usage, argv[0]);
	status = parse_options(&p, argc, argv);
	if (status)
		return status;
	if (p.stop)
		return cli_end(&p.cli, stop(&p, argv + optind, argc - optind));
	if (!p.signal)
		p.signal = SIGKILL;
	return cli_end(&p.cli, cli_each_container(&p.cli, argv + optind, send_signal, &p));
}
