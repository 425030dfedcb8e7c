/* cr-fetch-blob - the blobs are in the store, their bytes hashed as they came. */
#include "cli.h"
#include "cli_registry.h"
#include "fetch.h"
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
	"its blob is there. What is there already is not fetched again.\n"
	"\n"
	"  -j, --jobs N      transfers at once (default 6)\n"
	"  -o, --output FILE write the one blob to FILE too; '-' is standard output\n"
	"      --plain-http  ask any registry by http (loopback ones need no leave)\n"
	"      --cacert FILE certificate authorities to trust\n"
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

#define JOBS_DEFAULT 6
#define JOBS_MAX 64
#define QUEUE_MAX 4100 /* records held: an image of as many layers as are allowed */

static const struct option long_options[] = {
	{ "jobs", required_argument, NULL, 'j' },
	{ "output", required_argument, NULL, 'o' },
	CLI_REGISTRY_OPTIONS,
	CLI_LONG_OPTIONS,
};

enum state { WAITING, RUNNING, THERE, FAILED };

/* A record on its way through: printed in its turn, when its blob is there. */
struct item {
	struct record record;
	enum state state;
};

struct program {
	struct cli cli;
	struct cli_registry how;
	struct store store;
	struct registry *registry;
	struct fetch fetch;
	struct record_reader in;
	struct item *queue; /* a ring of QUEUE_MAX */
	size_t first, count;
	int running, jobs;
	int status; /* of the first failure */
	bool ended; /* no more records */
	bool quiet; /* no records are printed */
	const char *output; /* a file for the one blob, "-", or NULL */
};

static struct item *item_at(struct program *p, size_t i)
{
	return &p->queue[(p->first + i) % QUEUE_MAX];
}

static void item_failed(struct program *p, struct item *it, struct err *e)
{
	struct digest_str digest = digest_str(&it->record.digest);
	int status;

	it->state = FAILED;
	if (strncmp(e->text, digest.text, strlen(digest.text)) != 0) /* the store names the blob itself */
		err_context(e, "%s", digest.text);
	err_context(e, "%s", it->record.source);
	status = cli_fail(&p->cli, e);
	if (!p->status)
		p->status = status;
}

/* The registry and the repository of a record's source. */
static int split_source(const struct record *r, char registry[512], const char **repository, struct err *e)
{
	const char *slash = strchr(r->source, '/');

	if (!slash)
		return err_set(e, ERR_NOT_FOUND, "%s: not in the store, and its source names no registry",
			       digest_str(&r->digest).text);
	memcpy(registry, r->source, (size_t)(slash - r->source));
	registry[slash - r->source] = '\0';
	*repository = slash + 1;
	return 0;
}

/* The same blob may be asked for twice: the second waits for the first. */
static bool is_running(struct program *p, const struct digest *d)
{
	for (size_t i = 0; i < p->count; i++)
		if (item_at(p, i)->state == RUNNING && digest_equal(&item_at(p, i)->record.digest, d))
			return true;
	return false;
}

static void start(struct program *p, struct item *it)
{
	struct err e = ERR_INIT;
	const struct record *r = &it->record;
	const char *repository = NULL;
	char registry[512];

	if (store_has_blob(&p->store, &r->digest, r->size)) {
		it->state = THERE;
		return;
	}
	if (is_running(p, &r->digest))
		return;
	if (split_source(r, registry, &repository, &e) == -1) {
		item_failed(p, it, &e);
		return;
	}
	/* Waiting for another process is for when nothing of ours would stand still meanwhile. */
	switch (fetch_begin(&p->fetch, registry, repository, &r->digest, r->size, p->running == 0, it, &e)) {
	case FETCH_THERE: it->state = THERE; break;
	case FETCH_STARTED:
		it->state = RUNNING;
		p->running++;
		break;
	case FETCH_ELSEWHERE: break; /* stays WAITING */
	case FETCH_FAILED: item_failed(p, it, &e); break;
	}
}

static void start_waiting(struct program *p)
{
	for (size_t i = 0; i < p->count && p->running < p->jobs; i++)
		if (item_at(p, i)->state == WAITING)
			start(p, item_at(p, i));
}

/* Prints, in the order they came, the records at the head whose blobs are there. */
static int print_ready(struct program *p, struct err *e)
{
	for (; p->count > 0 && item_at(p, 0)->state >= THERE; p->count--, p->first = (p->first + 1) % QUEUE_MAX)
		if (item_at(p, 0)->state == THERE && !p->quiet &&
		    record_print(stdout, &item_at(p, 0)->record, e) == -1)
			return -1;
	return 0;
}

static void finish_done(struct program *p)
{
	struct err why;
	void *tag;

	while (fetch_done(&p->fetch, &tag, &why)) {
		struct item *it = tag;

		p->running--;
		it->state = THERE;
		if (why.kind != ERR_NONE)
			item_failed(p, it, &why);
	}
}

static void add(struct program *p, const struct record *r)
{
	struct item *it = item_at(p, p->count++);

	it->record = *r;
	it->state = WAITING;
}

/* Takes the records that are there to be read, as far as there is room for them. */
static void read_records(struct program *p)
{
	struct record r;
	struct err e = ERR_INIT;

	do {
		int got = record_next(&p->in, &r, &e);

		if (got == 1)
			add(p, &r);
		else if (got == -1) {
			int status = cli_fail(&p->cli, &e);
			p->status = p->status ? p->status : status;
			e = (struct err)ERR_INIT;
		}
		p->ended = got == 0 || (got == -1 && p->in.eof);
	} while (!p->ended && p->count < QUEUE_MAX && record_ready(&p->in));
}

static int run(struct program *p, struct err *e)
{
	while (!p->ended || p->count > 0) {
		bool may_read = !p->ended && p->count < QUEUE_MAX, readable = false;

		if (may_read && (record_ready(&p->in) || p->running == 0))
			read_records(p);
		else if (p->running > 0 && fetch_run(&p->fetch, may_read ? p->in.fd : -1, &readable, e) == -1)
			return -1;
		if (readable)
			read_records(p);
		finish_done(p);
		start_waiting(p);
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

static int add_operands(struct program *p, char **operands)
{
	for (; *operands; operands++) {
		struct err e = ERR_INIT;
		struct record r;

		if (p->count == QUEUE_MAX)
			return cli_usage(&p->cli, "more than %d operands", QUEUE_MAX);
		if (parse_operand(*operands, &r, &e) == -1)
			return cli_fail(&p->cli, &e);
		add(p, &r);
	}
	p->ended = true;
	return 0;
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
	struct digest wanted;
	int status;

	p->quiet = true;
	if ((status = add_operands(p, operands)))
		return p->status = status, 0;
	wanted = item_at(p, 0)->record.digest;
	start_waiting(p);
	if (run(p, e) == -1)
		return -1;
	return p->output && !p->status ? copy_out(p, &wanted, e) : 0;
}

static int parse_options(struct program *p, int argc, char **argv)
{
	int option;
	char *end;

	while ((option = getopt_long(argc, argv, "j:o:" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'j') {
			long n = strtol(optarg, &end, 10);
			if (*end || end == optarg || n < 1 || n > JOBS_MAX)
				return cli_usage(&p->cli, "--jobs: 1 to %d", JOBS_MAX);
			p->jobs = (int)n;
		} else if (option == 'o') {
			p->output = optarg;
		} else if (!cli_registry_option(&p->how, option)) {
			cli_option(&p->cli, option);
		}
	}
	if (p->output && argc - optind != 1)
		return cli_usage(&p->cli, "--output: one REPOSITORY@DIGEST is needed");
	return 0;
}

static int start_up(struct program *p, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	p->queue = calloc(QUEUE_MAX, sizeof *p->queue);
	if (!p->queue)
		return err_nomem(e);
	if (cli_registry_load(&p->how, e) == -1 || cli_store_path(&p->cli, &path, e) == -1 ||
	    store_open(&p->store, buf_text(&path), e) == -1 || !(p->registry = registry_new(&p->how.policy, e)))
		return -1;
	fetch_init(&p->fetch, &p->store, p->registry);
	record_reader_init(&p->in, STDIN_FILENO);
	return 0;
}

int main(int argc, char **argv)
{
	struct program p = { .store = STORE_INIT, .jobs = JOBS_DEFAULT };
	struct err e = ERR_INIT;
	int status;

	cli_start(&p.cli, "cr-fetch-blob", usage, argv[0]);
	cli_registry_init(&p.how);
	if ((status = parse_options(&p, argc, argv)))
		return status;
	if (start_up(&p, &e) == -1)
		return cli_fail(&p.cli, &e);
	if (optind < argc)
		status = fetch_operands(&p, argv + optind, &e);
	else
		status = run(&p, &e);
	if (status == -1)
		p.status = cli_fail(&p.cli, &e);
	registry_free(p.registry);
	free(p.queue);
	store_close(&p.store);
	return cli_end(&p.cli, p.status);
}
