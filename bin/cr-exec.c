/* cr-exec - runs a process in a bundle or a bare root filesystem, isolated; its status is ours. */
#include "bundle.h"
#include "cli.h"
#include "cli_env.h"
#include "container.h"
#include "io.h"
#include "lifetime.h"
#include "sandbox.h"
#include "security.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const char usage[] =
	"usage: cr-exec [OPTION]... BUNDLE [-- CMD...]\n"
	"Run CMD, or the process its config.json names, in BUNDLE: an OCI runtime bundle,\n"
	"or a bare root filesystem (then CMD is /bin/sh unless given).\n"
	"\n"
	"  -e, --env NAME[=VAL]  set a variable, or take it over from here\n"
	"      --env-file FILE   the same for each line of FILE; -e is stronger\n"
	"  -w, --workdir DIR     the working directory, made where missing\n"
	"  -u, --user USER       name or uid, with :group or :gid, as the root filesystem knows them\n"
	"  -i, --interactive     accepted: standard input is always passed on\n"
	"  -t, --tty             the process gets a terminal of its own\n"
	"      --hostname NAME   the host name inside\n"
	"      --read-only       the root filesystem is read-only\n"
	"      --rootfs          BUNDLE is a root filesystem, even if a config.json lies in it\n"
	"      --isolation MODE  namespaces (default where the system has them), or\n"
	"                        chroot: no isolation but the root\n"
	"      --cap-add CAP     add a capability to the bundle's, or ALL\n"
	"      --cap-drop CAP    drop a capability, or ALL\n"
	"      --security-opt OPT  no-new-privileges[=true|false], seccomp=unconfined|FILE,\n"
	"                        systempaths=unconfined\n"
	"      --userns host     as root: no user namespace; what escapes is the host's root\n"
	"      --init no         CMD is process 1 itself, and has to reap what nobody waits for\n"
	"      --pid-file FILE   write the process's pid, as seen from here\n"
	"  -j, --join            BUNDLE is a container that runs: run CMD in it, too\n"
	"      --record          BUNDLE is a container: keep its lock, state and exit status in it\n"
	"  -d, --detach          with --record: in the background, the output in BUNDLE/log\n"
	"      --rm              with --record: remove BUNDLE afterwards\n"
	"  -v, --verbose         say more on stderr\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n"
	"\n"
	"The exit status is the process's; 125: cr-exec itself failed, 126: CMD cannot be\n"
	"executed, 127: CMD was not found, 128+N: killed by signal N.\n";

enum { OPTION_HOSTNAME = 256, OPTION_READ_ONLY, OPTION_ROOTFS, OPTION_ISOLATION, OPTION_USERNS, OPTION_INIT,
       OPTION_PID_FILE, OPTION_RECORD, OPTION_RM, OPTION_ENV_FILE, OPTION_CAP_ADD, OPTION_CAP_DROP, OPTION_SECURITY };

static const struct option long_options[] = {
	{ "env", required_argument, NULL, 'e' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "user", required_argument, NULL, 'u' },
	{ "interactive", no_argument, NULL, 'i' },
	{ "tty", no_argument, NULL, 't' },
	{ "hostname", required_argument, NULL, OPTION_HOSTNAME },
	{ "read-only", no_argument, NULL, OPTION_READ_ONLY },
	{ "rootfs", no_argument, NULL, OPTION_ROOTFS },
	{ "isolation", required_argument, NULL, OPTION_ISOLATION },
	{ "userns", required_argument, NULL, OPTION_USERNS },
	{ "init", required_argument, NULL, OPTION_INIT },
	{ "pid-file", required_argument, NULL, OPTION_PID_FILE },
	{ "env-file", required_argument, NULL, OPTION_ENV_FILE },
	{ "cap-add", required_argument, NULL, OPTION_CAP_ADD },
	{ "cap-drop", required_argument, NULL, OPTION_CAP_DROP },
	{ "security-opt", required_argument, NULL, OPTION_SECURITY },
	{ "join", no_argument, NULL, 'j' },
	{ "record", no_argument, NULL, OPTION_RECORD },
	{ "detach", no_argument, NULL, 'd' },
	{ "rm", no_argument, NULL, OPTION_RM },
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct cli_env env;
	const char **env_files; /* argc of them at most */
	size_t env_file_count;
	struct security security;
	const char *workdir, *user, *hostname, *pid_file; /* or NULL */
	bool tty, readonly_root, rootfs, host_userns, no_init;
	bool record, detach, join;
	bool secured; /* an option asks for a protection of namespaces */
	struct lifetime life; /* with record */
	enum sandbox_isolation isolation;
};

static int set_isolation(struct program *p, const char *mode)
{
	if (strcmp(mode, "chroot") == 0)
		p->isolation = SANDBOX_CHROOT;
	else if (strcmp(mode, "namespaces") == 0)
		p->isolation = SANDBOX_NAMESPACES;
	else
		return cli_usage(&p->cli, "'%s' is no isolation: namespaces, chroot", mode);
	return 0;
}

static int set_userns(struct program *p, const char *mode)
{
	if (strcmp(mode, "host") != 0)
		return cli_usage(&p->cli, "'%s' is no user namespace: host", mode);
	if (geteuid() != 0)
		return cli_usage(&p->cli, "--userns=host: only for root");
	p->host_userns = true;
	return 0;
}

static int set_init(struct program *p, const char *which)
{
	if (strcmp(which, "no") != 0)
		return cli_usage(&p->cli, "--init: only 'no' is known");
	p->no_init = true;
	return 0;
}

/* The options that collect something. 0, or the status of a wrong one. */
static int collect(struct program *p, int option, const char *text)
{
	struct err e = ERR_INIT;
	int failed = 0;

	p->secured = p->secured || option != 'e';
	switch (option) {
	case 'e': failed = cli_env_add(&p->env, text, &e); break;
	case OPTION_CAP_ADD: failed = security_add_cap(&p->security, text, &e); break;
	case OPTION_CAP_DROP: failed = security_drop_cap(&p->security, text, &e); break;
	case OPTION_SECURITY: failed = security_option(&p->security, text, &e); break;
	}
	if (!failed)
		return 0;
	return e.kind == ERR_USAGE ? cli_usage(&p->cli, "%s", e.text) : cli_fail(&p->cli, &e);
}

/* Once the program is sealed, which executes it again: a file may be a pipe, which can be read but once. */
static int read_env_files(struct program *p)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < p->env_file_count; i++) {
		if (cli_env_file(&p->env, p->env_files[i], &e) == 0)
			continue;
		if (e.kind == ERR_USAGE)
			cli_usage(&p->cli, "%s", e.text);
		else
			cli_error(&p->cli, &e);
		return SANDBOX_FAILED;
	}
	return 0;
}

static int parse_options(struct program *p, int argc, char **argv)
{
	int option, wrong = 0;

	/* "+": what follows BUNDLE belongs to the command */
	while (!wrong && (option = getopt_long(argc, argv, "+e:w:u:itjd" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		switch (option) {
		case 'w': p->workdir = optarg; break;
		case 'u': p->user = optarg; break;
		case 'i': break;
		case 't': p->tty = true; break;
		case OPTION_HOSTNAME: p->hostname = optarg; break;
		case OPTION_READ_ONLY: p->readonly_root = true; break;
		case OPTION_ROOTFS: p->rootfs = true; break;
		case OPTION_ISOLATION: wrong = set_isolation(p, optarg); break;
		case OPTION_USERNS: wrong = set_userns(p, optarg); break;
		case OPTION_INIT: wrong = set_init(p, optarg); break;
		case OPTION_PID_FILE: p->pid_file = optarg; break;
		case OPTION_ENV_FILE: p->env_files[p->env_file_count++] = optarg; break;
		case 'e':
		case OPTION_CAP_ADD:
		case OPTION_CAP_DROP:
		case OPTION_SECURITY: wrong = collect(p, option, optarg); break;
		case 'j': p->join = true; break;
		case OPTION_RECORD: p->record = true; break;
		case 'd': p->detach = true; break;
		case OPTION_RM: p->life.remove = true; break;
		default: cli_option(&p->cli, option);
		}
	}
	if (!wrong && (p->detach || p->life.remove) && !p->record)
		wrong = cli_usage(&p->cli, "--detach and --rm need --record");
	if (!wrong && p->isolation == SANDBOX_CHROOT && p->secured)
		wrong = cli_usage(&p->cli, "--cap-add, --cap-drop and --security-opt: not with --isolation=chroot");
	if (!wrong && p->join && (p->record || p->no_init || p->rootfs))
		wrong = cli_usage(&p->cli, "--join: not with --record, --init or --rootfs");
	return wrong ? SANDBOX_FAILED : 0;
}

static int merge_env(const struct program *p, struct sandbox *s, struct err *e)
{
	static char term[] = "TERM=xterm";

	s->env = cli_env_over(&p->env, s->env, s->terminal ? term : NULL, e);
	s->keep_home = s->keep_home || cli_env_sets(&p->env, "HOME");
	return s->env ? 0 : -1;
}

/* Ids as config.json maps them, or as this machine grants them. */
static int plan_userns(const struct program *p, struct sandbox *s, struct err *e)
{
	if (p->isolation == SANDBOX_CHROOT)
		return userns_plan(&s->userns, e);
	if (p->host_userns && s->userns.kind != USERNS_NONE)
		return err_set(e, ERR_USAGE, "--userns=host: config.json asks for a user namespace");
	if (s->userns.kind != USERNS_NONE)
		return 0;
	return p->host_userns ? userns_plan(&s->userns, e) : userns_plan_container(&s->userns, e);
}

static int override(const struct program *p, struct sandbox *s, char **args, struct err *e)
{
	s->isolation = p->isolation;
	if (*args)
		s->args = args;
	else if (!s->args)
		return err_set(e, ERR_USAGE, "no command: the bundle names none, give one");
	if (p->workdir)
		s->cwd = p->workdir;
	if (p->user)
		s->user = p->user;
	if (p->hostname)
		s->hostname = p->hostname;
	s->terminal = (s->terminal && !p->join) || p->tty;
	s->readonly_root = s->readonly_root || p->readonly_root;
	s->no_init = p->no_init;
	if (merge_env(p, s, e) == -1)
		return -1;
	return plan_userns(p, s, e);
}

static void write_pid(void *ctx, pid_t pid, pid_t init)
{
	const struct program *p = ctx;
	cleanup_fd int fd = open(p->pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", (long)pid);

	(void)init;
	if (fd == -1 || io_write_full(fd, text, (size_t)n) == -1)
		cli_warn(&p->cli, "%s: %s", p->pid_file, strerror(errno));
}

/* The namespaces of the container that runs. What was found is proved by its lock, before and afterwards. */
static int find_container(const struct program *p, const char *dir, struct sandbox_namespaces *n, struct err *e)
{
	cleanup_container struct container c = CONTAINER_INIT;
	struct container_status before, now;

	if (container_open(&c, dir, e) == -1 || container_look(&c, &before, e) == -1)
		return -1;
	if (before.state != CONTAINER_RUNNING)
		return err_set(e, ERR_NOT_FOUND, "%s: the container does not run", dir);
	if (p->isolation == SANDBOX_NAMESPACES && sandbox_find_namespaces(before.holder, n, e) == -1)
		return err_context(e, "%s", dir);
	if (container_look(&c, &now, e) == -1)
		return -1;
	if (now.state != CONTAINER_RUNNING || now.holder != before.holder)
		return err_set(e, ERR_NOT_FOUND, "%s: the container has ended", dir);
	return 0;
}

static int run_sandbox(struct program *p, struct sandbox *s, struct err *e)
{
	s->discard = p->life.remove;
	if (p->pid_file) {
		s->started = write_pid;
		s->ctx = p;
	}
	return p->record ? lifetime_run(&p->life, s, e) : sandbox_run(s, e);
}

static int run_bundle(struct program *p, const char *dir, char **args, struct err *e)
{
	struct bundle *b = p->rootfs ? bundle_open_rootfs(dir, e) : bundle_open(dir, e);
	struct sandbox_namespaces joined = SANDBOX_NAMESPACES_INIT;
	int status = SANDBOX_FAILED;

	if (p->join && b)
		bundle_sandbox(b)->join = &joined;
	if (b && override(p, bundle_sandbox(b), args, e) == 0 && bundle_secure(b, &p->security, e) == 0 &&
	    (!p->join || find_container(p, dir, &joined, e) == 0))
		status = run_sandbox(p, bundle_sandbox(b), e);
	sandbox_namespaces_close(&joined);
	bundle_free(b);
	return status;
}

/* With the record; in the background the error is the caller's to print. */
static int run_recorded(struct program *p, const char *dir, char **args, struct err *e)
{
	struct detached detached;
	int status = SANDBOX_FAILED;

	sandbox_close_from(STDERR_FILENO + 1);
	if (p->detach && detach(&detached, SANDBOX_FAILED, e) == DETACH_CALLER)
		return detached.status;
	p->life.report = p->detach ? &detached : NULL;
	p->life.logged = p->detach;
	if (lifetime_begin(&p->life, dir, e) == 0)
		status = run_bundle(p, dir, args, e);
	lifetime_end(&p->life, status, e);
	if (p->life.trouble.kind != ERR_NONE)
		cli_error(&p->cli, &p->life.trouble);
	if (p->detach)
		*e = (struct err)ERR_INIT;
	return status;
}

static int run(struct program *p, const char *dir, char **args)
{
	struct err e = ERR_INIT;
	int status = p->record ? run_recorded(p, dir, args, &e) : run_bundle(p, dir, args, &e);

	if (e.kind != ERR_NONE)
		cli_error(&p->cli, &e);
	return status;
}

int main(int argc, char **argv)
{
	struct program p = { .security = SECURITY_INIT, .life = LIFETIME_INIT };
	struct err e = ERR_INIT;
	const char *dir;
	int status;

	cli_start(&p.cli, "cr-exec", usage, argv[0]);
	p.cli.usage_status = SANDBOX_FAILED;
	p.isolation = sandbox_isolation_default;
	p.env_files = calloc((size_t)argc, sizeof *p.env_files);
	if ((!p.env_files && err_nomem(&e) == -1) || sandbox_own_arguments(argv, &e) == -1) {
		cli_error(&p.cli, &e);
		return SANDBOX_FAILED;
	}
	status = parse_options(&p, argc, argv);
	if (status)
		return status;
	if (optind == argc) {
		cli_usage(&p.cli, "a BUNDLE is needed");
		return SANDBOX_FAILED;
	}
	dir = argv[optind++];
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	if (p.isolation == SANDBOX_NAMESPACES && sandbox_seal_program(argv, !p.host_userns, &e) == -1) {
		cli_error(&p.cli, &e);
		return SANDBOX_FAILED;
	}
	status = read_env_files(&p);
	if (status)
		return status;
	return cli_end(&p.cli, run(&p, dir, argv + optind));
}
