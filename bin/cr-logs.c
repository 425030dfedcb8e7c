/* cr-logs - what a container in the background has written. */
#include "cli_container.h"
#include "log.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

static const char usage[] =
	"usage: cr-logs [-ft] [-n LINES] CONTAINER\n"
	"Print what a container that was started in the background has written: its standard\n"
	"output on the standard output, its standard error on the standard error.\n"
	"\n"
	"  -f, --follow          go on until the container has ended\n"
	"  -t, --timestamps      the time before each line\n"
	"  -n, --tail LINES      the last lines alone\n"
	"  -s, --store DIR       the store\n"
	"  -v, --verbose         say more on stderr\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

static const struct option long_options[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "timestamps", no_argument, NULL, 't' },
	{ "tail", required_argument, NULL, 'n' },
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	bool follow, timestamps;
	long lines;	/* -1: all */
	bool within[3]; /* a line of that stream has begun, and not ended */
};

static void put(struct program *p, const struct log_record *r)
{
	FILE *out = r->fd == 2 ? stderr : stdout;

	/* Where both are one terminal or file, what came first stands first. */
	fflush(r->fd == 2 ? stdout : stderr);
	if (p->timestamps && !p->within[r->fd])
		fprintf(out, "%s ", r->time);
	fwrite(r->text, 1, r->size, out);
	if (!r->partial)
		putc('\n', out);
	p->within[r->fd] = r->partial;
}

/* All that is there. */
static int put_all(struct program *p, struct log_reader *log, struct err *e)
{
	struct log_record r;
	int status;

	while ((status = log_read(log, &r, e)) == 1)
		put(p, &r);
	if (status == 0 && (fflush(stdout) != 0 || fflush(stderr) != 0))
		return err_errno(e, errno, "standard output");
	return status;
}

/* Until nobody writes any more: that is asked before the last look at what was written. */
static int follow(struct program *p, const struct container *c, struct log_reader *log, struct err *e)
{
	struct container_watch *w = container_watch_new(c, "log", e);
	struct container_status s;
	int status = w ? 0 : -1;

	do {
		status = status == -1 ? -1 : container_look(c, &s, e);
		if (status == 0)
			status = put_all(p, log, e);
		if (status == 0 && s.held)
			container_watch_wait(w);
	} while (status == 0 && s.held);
	container_watch_free(w);
	return status;
}

static int show(void *ctx, struct container *c, struct err *e)
{
	struct program *p = ctx;
	struct log_reader log = LOG_READER_INIT;
	int status = log_reader_open(&log, c->dir, "log", e);

	if (status == 0 && p->lines >= 0)
		status = log_reader_tail(&log, p->lines, e);
	if (status == 0)
		status = p->follow ? follow(p, c, &log, e) : put_all(p, &log, e);
	log_reader_close(&log);
	return status == -1 ? err_context(e, "%s", container_id(c)) : 0;
}

int main(int argc, char **argv)
{
	static char out[64 << 10], err[64 << 10];
	struct program p = { .lines = -1 };
	int option;

	cli_start(&p.cli, "cr-logs", usage, argv[0]);
	signal(SIGPIPE, SIG_DFL); /* who reads the beginning alone wants to hear no more */
	setvbuf(stdout, out, _IOFBF, sizeof out);
	setvbuf(stderr, err, _IOFBF, sizeof err);
	while ((option = getopt_long(argc, argv, "ftn:" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		switch (option) {
		case 'f': p.follow = true; break;
		case 't': p.timestamps = true; break;
		case 'n': p.lines = cli_number(&p.cli, "--tail", 0, LONG_MAX - 1); break;
		default: cli_option(&p.cli, option);
		}
	}
	if (argc - optind != 1)
		return cli_usage(&p.cli, "one CONTAINER is needed");
	return cli_end(&p.cli, cli_each_container(&p.cli, argv + optind, show, &p));
}
