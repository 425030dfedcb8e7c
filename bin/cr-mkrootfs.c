/* cr-mkrootfs - makes an OCI runtime bundle of an image whose layers are unpacked. */
#include "bundle.h"
#include "cli.h"
#include "cli_env.h"
#include "gather.h"
#include "hash.h"
#include "mkbundle.h"
#include "overlay.h"
#include "security.h"

#include <libgen.h>
#include <string.h>

static const char usage[] =
	"usage: cr-mkrootfs [OPTION]... TARGET [-- CMD...] < RECORDS\n"
	"       cr-mkrootfs [OPTION]... -i NAME TARGET [-- CMD...]\n"
	"       cr-mkrootfs --container [--name NAME] [OPTION]... -i NAME [-- CMD...]\n"
	"       cr-mkrootfs -d TARGET...\n"
	"Make TARGET an OCI runtime bundle (config.json, rootfs/) of the image whose records\n"
	"come on stdin, or of the one NAME in the store. CMD replaces the image's Cmd.\n"
	"\n"
	"  -i, --image NAME      the image, by name or digest\n"
	"  -m, --mode MODE       overlay: share the unpacked layers (default where the\n"
	"                        system has overlays); copy: a plain tree, for any tool\n"
	"  -e, --env NAME[=VAL]  set a variable, or take it over from here\n"
	"      --env-file FILE   the same for each line of FILE; -e is stronger\n"
	"  -w, --workdir DIR     the working directory\n"
	"  -u, --user USER       name or uid, with :group or :gid\n"
	"      --entrypoint PROG replace the image's Entrypoint, and drop its Cmd\n"
	"      --hostname NAME   the host name inside\n"
	"  -t, --tty             the process gets a terminal\n"
	"      --read-only       the root filesystem is read-only\n"
	"      --cap-add CAP     add a capability to the default ones, or ALL\n"
	"      --cap-drop CAP    drop a capability, or ALL\n"
	"      --security-opt OPT  no-new-privileges[=true|false], seccomp=unconfined|FILE,\n"
	"                        systempaths=unconfined\n"
	"      --devices         make device nodes too (root, with -m copy)\n"
	"      --record          keep image, digest and command in files of TARGET (with -i)\n"
	"      --container       make it a container of the store, instead of a TARGET, and\n"
	"                        print its path; the host name is its id unless given\n"
	"      --name NAME       the container's name, which no other has\n"
	"  -d, --delete          remove bundles\n"
	"  -s, --store DIR       the store\n"
	"  -v, --verbose         say more on stderr\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n";

enum { OPTION_ENTRYPOINT = 256, OPTION_HOSTNAME, OPTION_READ_ONLY, OPTION_DEVICES, OPTION_RECORD, OPTION_ENV_FILE,
       OPTION_CAP_ADD, OPTION_CAP_DROP, OPTION_SECURITY, OPTION_CONTAINER, OPTION_NAME };

static const struct option long_options[] = {
	{ "image", required_argument, NULL, 'i' },
	{ "mode", required_argument, NULL, 'm' },
	{ "env", required_argument, NULL, 'e' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "user", required_argument, NULL, 'u' },
	{ "entrypoint", required_argument, NULL, OPTION_ENTRYPOINT },
	{ "env-file", required_argument, NULL, OPTION_ENV_FILE },
	{ "cap-add", required_argument, NULL, OPTION_CAP_ADD },
	{ "cap-drop", required_argument, NULL, OPTION_CAP_DROP },
	{ "security-opt", required_argument, NULL, OPTION_SECURITY },
	{ "hostname", required_argument, NULL, OPTION_HOSTNAME },
	{ "tty", no_argument, NULL, 't' },
	{ "read-only", no_argument, NULL, OPTION_READ_ONLY },
	{ "devices", no_argument, NULL, OPTION_DEVICES },
	{ "record", no_argument, NULL, OPTION_RECORD },
	{ "container", no_argument, NULL, OPTION_CONTAINER },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "delete", no_argument, NULL, 'd' },
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct mkbundle make;
	const char *image; /* or NULL: from stdin */
	struct cli_env env;
	struct security security;
	bool mode; /* one was asked for */
	bool record;
	bool container;
	bool delete;
};

/* False when the words of an option are wrong. */
static bool set_mode(struct program *p, const char *mode)
{
	p->mode = true;
	p->make.copy = strcmp(mode, "copy") == 0;
	return p->make.copy || strcmp(mode, "overlay") == 0;
}

/* The options that collect something. 0, or the status of a wrong one. */
static int collect(struct program *p, int option, const char *text)
{
	struct err e = ERR_INIT;
	int failed = 0;

	switch (option) {
	case 'e': failed = cli_env_add(&p->env, text, &e); break;
	case OPTION_ENV_FILE: failed = cli_env_file(&p->env, text, &e); break;
	case OPTION_CAP_ADD: failed = security_add_cap(&p->security, text, &e); break;
	case OPTION_CAP_DROP: failed = security_drop_cap(&p->security, text, &e); break;
	case OPTION_SECURITY: failed = security_option(&p->security, text, &e); break;
	}
	if (!failed)
		return 0;
	return e.kind == ERR_USAGE ? cli_usage(&p->cli, "%s", e.text) : cli_fail(&p->cli, &e);
}

static int parse_options(struct program *p, int argc, char **argv)
{
	int option, wrong;

	/* "+": what follows TARGET belongs to the command */
	while ((option = getopt_long(argc, argv, "+i:m:e:w:u:td" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		switch (option) {
		case 'i': p->image = optarg; break;
		case 'm':
			if (!set_mode(p, optarg))
				return cli_usage(&p->cli, "'%s' is no mode: overlay, copy", optarg);
			break;
		case 'e':
		case OPTION_ENV_FILE:
		case OPTION_CAP_ADD:
		case OPTION_CAP_DROP:
		case OPTION_SECURITY:
			if ((wrong = collect(p, option, optarg)))
				return wrong;
			break;
		case 'w': p->make.over.working_dir = optarg; break;
		case 'u': p->make.user = optarg; break;
		case 't': p->make.over.terminal = true; break;
		case 'd': p->delete = true; break;
		case OPTION_ENTRYPOINT: p->make.over.entrypoint = optarg; break;
		case OPTION_HOSTNAME: p->make.over.hostname = optarg; break;
		case OPTION_READ_ONLY: p->make.over.readonly_root = true; break;
		case OPTION_DEVICES: p->make.devices = true; break;
		case OPTION_RECORD: p->record = true; break;
		case OPTION_CONTAINER: p->container = true; break;
		case OPTION_NAME: p->make.container_name = optarg; break;
		default: cli_option(&p->cli, option);
		}
	}
	p->make.over.env = p->env.list;
	p->make.over.security = &p->security;
	return 0;
}

/* The one image of the stream. */
static int arriving_image(const struct store *s, struct image *im, struct err *e)
{
	struct gather g;
	cleanup_image struct image second = IMAGE_INIT;

	gather_init(&g, s, STDIN_FILENO);
	g.last = true;
	if (gather_next(&g, im, e) == -1)
		return -1;
	switch (gather_next(&g, &second, e)) {
	case 0: return 0;
	case 1: return err_set(e, ERR_USAGE, "more than one image arrived: a bundle is made of one");
	default: return -1;
	}
}

/* Makes it a container, and prints where it is. */
static int make_container(struct program *p, const struct store *s, const struct image *im, struct err *e)
{
	cleanup_containers struct containers all = CONTAINERS_INIT;
	cleanup_buf struct buf target = BUF_INIT;
	char id[CONTAINER_NAME_MAX];

	if (containers_make(&all, s->path, e) == -1 || container_new_id(id, e) == -1)
		return -1;
	/* Better before the work than after it; who is first is decided then. */
	if (p->make.container_name && containers_check_name(&all, p->make.container_name, e) == -1)
		return -1;
	p->make.among = &all;
	if (!p->make.over.hostname)
		p->make.over.hostname = id;
	buf_addf(&target, "%s/%s", all.path, id);
	if (buf_check(&target, e) == -1 || mkbundle_make(&p->make, s, im, buf_text(&target), e) == -1)
		return -1;
	puts(buf_text(&target));
	return 0;
}

/* Whether an overlay can be where the bundle is to be. */
static bool fits_in_parent(const char *target)
{
	cleanup_free char *copy = strdup(target);

	return !copy || overlay_fits(dirname(copy));
}

static int make(struct program *p, const char *target, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;
	cleanup_store struct store store = STORE_INIT;
	cleanup_image struct image im = IMAGE_INIT;
	int status;

	if (cli_store_path(&p->cli, &path, e) == -1 || store_open(&store, buf_text(&path), e) == -1)
		return -1;
	status = p->image ? image_find(&im, &store, p->image, NULL, NULL, e) : arriving_image(&store, &im, e);
	if (status == -1)
		return -1;
	if (!p->mode)
		p->make.copy = !(p->container ? overlay_fits(store.path) : fits_in_parent(target));
	return p->container ? make_container(p, &store, &im, e) : mkbundle_make(&p->make, &store, &im, target, e);
}

static int delete_all(const struct program *p, char **targets)
{
	int status = 0;

	for (; *targets; targets++) {
		struct err e = ERR_INIT;
		int one = mkbundle_remove(*targets, &e) == -1 ? cli_fail(&p->cli, &e) : 0;

		status = status ? status : one;
	}
	return status;
}

static int check_record(struct program *p)
{
	const char *name = p->make.container_name;

	if ((p->record || p->container) && !p->image)
		return cli_usage(&p->cli, "%s: needs -i NAME", p->container ? "--container" : "--record");
	if (name && !p->container)
		return cli_usage(&p->cli, "--name: needs --container");
	if (name && !container_name_valid(name))
		return cli_usage(&p->cli, "--name: '%s' is not a word of letters, digits, '_', '.' and '-'", name);
	if (p->record || p->container)
		p->make.name = p->image;
	return 0;
}

int main(int argc, char **argv)
{
	struct program p = { .security = SECURITY_INIT };
	struct err e = ERR_INIT;
	const char *target = NULL;
	int status;

	cli_start(&p.cli, "cr-mkrootfs", usage, argv[0]);
	hash_alone();
	p.make.copy = !overlay_exists;
	status = parse_options(&p, argc, argv);
	if (status)
		return status;
	if (optind == argc && !p.container)
		return cli_usage(&p.cli, "a TARGET is needed");
	if (p.delete)
		return cli_end(&p.cli, delete_all(&p, argv + optind));
	status = check_record(&p);
	if (status)
		return status;
	if (p.make.devices && (geteuid() != 0 || !p.make.copy))
		return cli_usage(&p.cli, "--devices: needs root and -m copy");
	if (!p.container)
		target = argv[optind++];
	if (optind < argc && !p.container && strcmp(argv[optind], "--") == 0)
		optind++;
	if (optind < argc)
		p.make.over.cmd = argv + optind;
	return cli_end(&p.cli, make(&p, target, &e) == -1 ? cli_fail(&p.cli, &e) : 0);
}
