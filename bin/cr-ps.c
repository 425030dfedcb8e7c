/* cr-ps - lists containers, with what is known of them. */
#include "cli_container.h"
#include "container_json.h"
#include "io.h"

static const char usage[] =
	"usage: cr-ps [-a] [-j] [CONTAINER...]\n"
	"       cr-ps --path CONTAINER...\n"
	"List the containers that run, or those that are named: id, state, exit status, pid of\n"
	"process 1, image, command, time of creation and name, with a TAB between them, and '-'\n"
	"for what there is not.\n"
	"\n"
	"  -a, --all             those that do not run, too\n"
	"  -j, --json            all that is known of them, as JSON\n"
	"      --path            the paths of their bundles\n"
	"  -s, --store DIR       the store\n"
	"  -v, --verbose         say more on stderr\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

enum { OPTION_PATH = 256 };

static const struct option long_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "json", no_argument, NULL, 'j' },
	{ "path", no_argument, NULL, OPTION_PATH },
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	bool all, json, path;
	bool shown; /* any */
	struct json_writer writer; /* with json */
	struct buf text;
};

static void put_fact(const struct container *c, const char *name, char end)
{
	char value[CONTAINER_FACT_MAX];

	printf("%s%c", container_fact(c, name, value) && *value ? value : "-", end);
}

static void put_line(const struct container *c, const struct container_status *s)
{
	cleanup_fd int handle = -1;
	struct err none = ERR_INIT;
	pid_t pid = 0;

	printf("%s\t%s\t", container_id(c), container_state_name(s->state));
	printf(s->state == CONTAINER_EXITED ? "%d\t" : "-\t", s->exit);
	handle = s->state == CONTAINER_RUNNING ? container_process(c, &pid, &none) : -1;
	if (pid && none.kind == ERR_NONE)
		printf("%ld\t", (long)pid);
	else
		printf("-\t");
	put_fact(c, "image", '\t');
	put_fact(c, "command", '\t');
	put_fact(c, "created", '\t');
	put_fact(c, "name", '\n');
}

static int show(void *ctx, struct container *c, struct err *e)
{
	struct program *p = ctx;
	struct container_status s;

	if (p->path) {
		puts(c->path);
		return 0;
	}
	if (container_look(c, &s, e) == -1)
		return -1;
	if (!p->all && s.state != CONTAINER_RUNNING)
		return 0;
	if (p->json && container_put_json(&p->writer, c, e) == -1)
		return -1;
	if (!p->json)
		put_line(c, &s);
	p->shown = true;
	return 0;
}

/* One that is removed meanwhile is not there. */
static int show_id(struct program *p, const struct containers *all, const char *id)
{
	cleanup_container struct container c = CONTAINER_INIT;
	struct err e = ERR_INIT;

	if (containers_find(all, id, &c, &e) == 0)
		show(p, &c, &e);
	return e.kind == ERR_NONE || e.kind == ERR_NOT_FOUND ? 0 : cli_fail(&p->cli, &e);
}

static int show_all(struct program *p)
{
	cleanup_containers struct containers all = CONTAINERS_INIT;
	struct err e = ERR_INIT;
	char **ids = cli_containers(&p->cli, &all, &e) == -1 ? NULL : containers_list(&all, &e);
	int status = ids ? 0 : cli_fail(&p->cli, &e);

	for (char **id = ids; id && *id; id++) {
		int one = show_id(p, &all, *id);

		status = status ? status : one;
	}
	containers_free_list(&ids);
	return status;
}

static int list(struct program *p, char **words)
{
	struct err e = ERR_INIT;
	int status;

	if (p->json) {
		json_writer_init(&p->writer, &p->text, 2);
		json_begin_array(&p->writer, NULL);
	}
	p->all = p->all || *words;
	status = *words ? cli_each_container(&p->cli, words, show, p) : show_all(p);
	if (!p->json)
		return status;
	json_end(&p->writer);
	if (buf_check(&p->text, &e) == -1)
		return cli_fail(&p->cli, &e);
	if (status == 0 || p->shown)
		puts(buf_text(&p->text));
	return status;
}

int main(int argc, char **argv)
{
	struct program p = { .text = BUF_INIT };
	int option, status;

	cli_start(&p.cli, "cr-ps", usage, argv[0]);
	while ((option = getopt_long(argc, argv, "aj" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		switch (option) {
		case 'a': p.all = true; break;
		case 'j': p.json = true; break;
		case OPTION_PATH: p.path = true; break;
		default: cli_option(&p.cli, option);
		}
	}
	if (p.path && optind == argc)
		return cli_usage(&p.cli, "--path: a CONTAINER is needed");
	status = list(&p, argv + optind);
	buf_clear(&p.text);
	return cli_end(&p.cli, status);
}
