/* cr-fetch-blob - the blobs are in the store, their bytes hashed as they came. */
#include "cli.h"
#include "cli_progress.h"
#include "cli_registry.h"
#include "fetch_queue.h"
#include "record.h"
#include "ref.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const char usage[] =
	"usage: cr-fetch-blob [OPTION]... < RECORDS\n"
	"       cr-fetch-blob [OPTION]... REPOSITORY@DIGEST...\n"
	"       cr-fetch-blob [OPTION]... -o FILE REPOSITORY@DIGEST\n"
	"Bring the blobs of records into the store, several at once, and print each record when\n"
	"its blob is there. What is there already is not fetched again; what has arrived before\n"
	"this was killed is not either.\n"
	"\n"
	"  -j, --jobs N      transfers at once (default 6)\n"
	"  -o, --output FILE write the one blob to FILE too; '-' is standard output\n"
	CLI_PROGRESS_USAGE
	CLI_OFFLINE_USAGE
	CLI_REGISTRY_USAGE
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

#define JOBS_DEFAULT 6
#define JOBS_MAX 64

static const struct option long_options[] = {
	{ "jobs", required_argument, NULL, 'j' },
	{ "output", required_argument, NULL, 'o' },
	CLI_OFFLINE_OPTION,
	CLI_PROGRESS_OPTIONS,
	CLI_REGISTRY_OPTIONS,
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct cli_registry how;
	struct cli_progress shown;
	struct store store;
	struct fetch fetch;
	struct fetch_queue *queue;
	struct record_reader in;
	int jobs;
	int status;	    /* of the first failure */
	bool ended;	    /* no more records */
	bool quiet;	    /* no records are printed */
	const char *output; /* a file for the one blob, "-", or NULL */
};

static void failed(struct program *p, const struct err *why)
{
	int status = cli_fail(&p->cli, why);

	if (!p->status)
		p->status = status;
}

/* Prints, in the order they came, the records whose blobs are there. */
static int print_ready(struct program *p, struct err *e)
{
	struct record r;
	struct err why;

	while (fetch_queue_next(p->queue, &r, &why)) {
		if (why.kind != ERR_NONE)
			failed(p, &why);
		else if (!p->quiet && record_print(stdout, &r, e) == -1)
			return -1;
	}
	return 0;
}

/* Takes the records that are there to be read, as far as there is room for them. */
static void read_records(struct program *p)
{
	do {
		struct err why = ERR_INIT;
		struct record r;
		int got = record_next(&p->in, &r, &why);

		if (got == 1)
			fetch_queue_add(p->queue, &r);
		else if (got == -1)
			failed(p, &why);
		p->ended = got == 0 || (got == -1 && p->in.eof);
	} while (!p->ended && !fetch_queue_is_full(p->queue) && record_ready(&p->in));
}

static int wait_and_show(struct program *p, int fd, bool *readable, struct err *e)
{
	struct progress *shown = p->shown.progress;

	if (fetch_queue_run(p->queue, fd, shown ? progress_wait(shown) : -1, readable, e) == -1)
		return -1;
	if (shown)
		progress_draw(shown);
	return 0;
}

static int run(struct program *p, struct err *e)
{
	while (!p->ended || !fetch_queue_is_empty(p->queue)) {
		bool may_read = !p->ended && !fetch_queue_is_full(p->queue), readable = may_read && record_ready(&p->in);

		if (!readable && wait_and_show(p, may_read ? p->in.fd : -1, &readable, e) == -1)
			return -1;
		if (readable)
			read_records(p);
		if (print_ready(p, e) == -1)
			return -1;
	}
	return 0;
}

/* --- operands --- */

/* REPOSITORY@DIGEST as a record of a size that nobody knows yet. */
static int parse_operand(const char *text, struct record *r, struct err *e)
{
	cleanup_ref struct ref ref = REF_INIT;
	cleanup_buf struct buf source = BUF_INIT;

	if (ref_parse(&ref, text, e) == -1)
		return -1;
	if (!ref.has_digest)
		return err_set(e, ERR_USAGE, "'%s' has no digest: REPOSITORY@sha256:… is needed", text);
	ref_source(&ref, &source);
	if (buf_check(&source, e) == -1)
		return -1;
	r->digest = ref.digest;
	r->size = -1;
	snprintf(r->media_type, sizeof r->media_type, "application/octet-stream");
	snprintf(r->source, sizeof r->source, "%s", buf_text(&source));
	return 0;
}

static int add_operands(struct program *p, char **operands, struct digest *first, struct err *e)
{
	struct record r;

	for (size_t i = 0; operands[i]; i++) { /* all of them, before anything is asked */
		if (i == FETCH_QUEUE_MAX)
			return err_set(e, ERR_USAGE, "more than %d operands", FETCH_QUEUE_MAX);
		if (parse_operand(operands[i], &r, e) == -1)
			return -1;
		if (i == 0)
			*first = r.digest;
	}
	for (; *operands && parse_operand(*operands, &r, e) == 0; operands++)
		fetch_queue_add(p->queue, &r);
	p->ended = true;
	return *operands ? -1 : 0;
}

static int copy_out(struct program *p, const struct digest *d, struct err *e)
{
	cleanup_fd int fd = -1;

	if (strcmp(p->output, "-") == 0)
		return store_copy_blob(&p->store, d, STDOUT_FILENO, e);
	fd = open(p->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd == -1)
		return err_errno(e, errno, "%s", p->output);
	return store_copy_blob(&p->store, d, fd, e) == -1 ? -1 : io_close(&fd, p->output, e);
}

/* Operands are no records, and none are printed for them; with -o the one blob is. */
static int fetch_operands(struct program *p, char **operands, struct err *e)
{
	struct digest first;

	p->quiet = true;
	if (add_operands(p, operands, &first, e) == -1 || run(p, e) == -1)
		return -1;
	return p->output && !p->status ? copy_out(p, &first, e) : 0;
}

static int parse_options(struct program *p, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "j:o:q" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'j')
			p->jobs = (int)cli_number(&p->cli, "--jobs", 1, JOBS_MAX);
		else if (option == 'o')
			p->output = optarg;
		else if (!cli_progress_option(&p->shown, option) && !cli_registry_option(&p->how, option))
			cli_option(&p->cli, option);
	}
	if (p->output && argc - optind != 1)
		return cli_usage(&p->cli, "--output: one REPOSITORY@DIGEST is needed");
	return 0;
}

static int start_up(struct program *p, struct err *e)
{
	if (cli_registry_open(&p->how, &p->store, &p->fetch.registry, e) == -1 || cli_progress_start(&p->shown, e) == -1)
		return -1;
	p->fetch.store = &p->store;
	p->queue = fetch_queue_new(&p->fetch, p->jobs, p->shown.progress ? &p->shown.watcher : NULL, e);
	record_reader_init(&p->in, STDIN_FILENO);
	return p->queue ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct program p = { .store = STORE_INIT, .jobs = JOBS_DEFAULT };
	struct err e = ERR_INIT;
	int status;

	cli_start(&p.cli, "cr-fetch-blob", usage, argv[0]);
	cli_registry_init(&p.how, &p.cli);
	cli_progress_init(&p.shown, &p.cli);
	if ((status = parse_options(&p, argc, argv)))
		return status;
	if (start_up(&p, &e) == -1)
		return cli_fail(&p.cli, &e);
	status = optind < argc ? fetch_operands(&p, argv + optind, &e) : run(&p, &e);
	if (status == -1)
		failed(&p, &e);
	cli_progress_end(&p.shown);
	fetch_queue_free(p.queue);
	registry_free(p.fetch.registry);
	store_close(&p.store);
	return cli_end(&p.cli, p.status);
}
