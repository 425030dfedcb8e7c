/* cr-login - keeps a user's name and password for a registry, once the registry has taken them; or forgets them. */
#include "auth.h"
#include "cli.h"
#include "cli_auth.h"
#include "cli_registry.h"
#include "cli_secret.h"
#include "io.h"

#include <string.h>

static const char usage[] =
	"usage: cr-login [-u USER] [--password-stdin] [OPTION]... [REGISTRY[/REPOSITORY]]\n"
	"       cr-login -d [OPTION]... [REGISTRY[/REPOSITORY]]\n"
	"Ask the registry (docker.io, if none is named) whether it takes the user and the\n"
	"password, and keep them for the programs that ask it. What is not given is asked for\n"
	"at the terminal.\n"
	"\n"
	"  -u, --user USER   the user's name\n"
	"      --password-stdin\n"
	"                    read the password from the standard input\n"
	"      --no-check    do not ask the registry\n"
	"  -d, --logout      forget what is kept, in every file and helper that has it\n"
	CLI_REGISTRY_USAGE
	"  -s, --store DIR   the store\n"
	"  -v, --verbose     say more on stderr\n"
	"  -h, --help        this text\n"
	"  -V, --version     the version\n";

enum { OPTION_PASSWORD = 'p', OPTION_PASSWORD_STDIN = 256, OPTION_NO_CHECK };

static const struct option long_options[] = {
	{ "user", required_argument, NULL, 'u' },
	{ "username", required_argument, NULL, 'u' }, /* docker's and podman's word */
	{ "password", optional_argument, NULL, OPTION_PASSWORD },
	{ "password-stdin", no_argument, NULL, OPTION_PASSWORD_STDIN },
	{ "no-check", no_argument, NULL, OPTION_NO_CHECK },
	{ "logout", no_argument, NULL, 'd' },
	CLI_REGISTRY_OPTIONS,
	CLI_LONG_OPTIONS,
};

struct program {
	struct cli cli;
	struct cli_registry how;
	const char *user; /* or NULL: to be asked for */
	bool password_stdin, no_check, logout;
};

/* 0, or the status to exit with. */
static int parse_options(struct program *p, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "u:dp::" CLI_SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (option == 'u')
			p->user = optarg;
		else if (option == 'd')
			p->logout = true;
		else if (option == OPTION_PASSWORD)
			return cli_usage(&p->cli, "no password is taken from the command line, where everybody can see it: "
						  "use --password-stdin, or the terminal");
		else if (option == OPTION_PASSWORD_STDIN)
			p->password_stdin = true;
		else if (option == OPTION_NO_CHECK)
			p->no_check = true;
		else if (!cli_registry_option(&p->how, option))
			cli_option(&p->cli, option);
	}
	if (argc - optind > 1)
		return cli_usage(&p->cli, "one REGISTRY at most");
	if (p->logout && (p->user || p->password_stdin || p->no_check))
		return cli_usage(&p->cli, "--logout takes no user and no password");
	if (p->user && (!*p->user || strchr(p->user, ':')))
		return cli_usage(&p->cli, *p->user ? "a user name cannot hold a ':'" : "the user name is empty");
	return 0;
}

/* What the options leave open. */
static int get_credentials(const struct program *p, struct credentials *who, struct err *e)
{
	who->user = p->user ? strdup(p->user) : cli_ask("User name: ", true, e);
	if (!who->user && p->user)
		return err_nomem(e);
	if (!who->user)
		return err_context(e, "no user (--user gives one)");
	if (strchr(who->user, ':'))
		return err_set(e, ERR_USAGE, "a user name cannot hold a ':'");
	who->password = p->password_stdin ? cli_secret_from_stdin(e) : cli_ask("Password: ", false, e);
	if (!who->password && !p->password_stdin)
		return err_context(e, "no password (--password-stdin reads one)");
	return who->password ? 0 : -1;
}

static int check(const struct program *p, const char *place, const struct credentials *who, struct err *e)
{
	cleanup_free char *registry = strndup(place, strcspn(place, "/"));
	struct registry *r;
	int status;

	if (p->no_check)
		return 0;
	if (!registry)
		return err_nomem(e);
	if (!(r = registry_new(&p->how.policy, e)))
		return -1;
	status = registry_login(r, registry, who, e);
	registry_free(r);
	return status;
}

static int login(struct program *p, const char *place, struct err *e)
{
	cleanup_credentials struct credentials who = CREDENTIALS_INIT;
	cleanup_free char *file = cli_auth_file(&p->how, place, e);

	if (!file || get_credentials(p, &who, e) == -1)
		return -1;
	if (check(p, place, &who, e) == -1)
		return err_context(e, "%s", place);
	if (auth_store(file, place, &who, e) == -1)
		return -1;
	if (p->cli.verbose)
		cli_warn(&p->cli, "%s: kept as %s says", place, file);
	return 0;
}

/* The status; one file that fails does not keep the others from being done. */
static int logout(struct program *p, const char *place)
{
	int status = 0, had = 0;
	struct err none = ERR_INIT;

	for (size_t i = 0; i < p->how.auth_count; i++) {
		struct err e = ERR_INIT;
		int found = auth_erase(p->how.auth_files[i], place, &e);

		if (found == -1) {
			int one = cli_fail(&p->cli, &e);

			status = status ? status : one;
		} else if (found && p->cli.verbose) {
			cli_warn(&p->cli, "%s: removed as %s says", place, p->how.auth_files[i]);
		}
		had += found == 1;
	}
	if (status || had)
		return status;
	err_set(&none, ERR_NOT_FOUND, "%s: not logged in", place);
	return cli_fail(&p->cli, &none);
}

int main(int argc, char **argv)
{
	struct program p = { .user = NULL };
	cleanup_free char *place = NULL;
	struct err e = ERR_INIT;
	int status;

	cli_start(&p.cli, "cr-login", usage, argv[0]);
	cli_registry_init(&p.how, &p.cli);
	if ((status = parse_options(&p, argc, argv)))
		return status;
	if (!(place = cli_auth_place(argv[optind], &e)) || cli_registry_load(&p.how, &e) == -1)
		return cli_fail(&p.cli, &e);
	if (p.logout)
		return cli_end(&p.cli, logout(&p, place));
	return cli_end(&p.cli, login(&p, place, &e) == -1 ? cli_fail(&p.cli, &e) : 0);
}
