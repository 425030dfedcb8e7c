/*
 * cli_registry - the options and files that say how registries are asked, for the programs that ask them: credentials,
 * mirrors, certificate authorities.
 */
#ifndef CR_CLI_REGISTRY_H
#define CR_CLI_REGISTRY_H

#include "cli.h"
#include "err.h"
#include "registry.h"
#include "store.h"

#define CLI_AUTH_FILES_MAX 8
#define CLI_MIRRORS_MAX 256

#define CLI_CERT_DIRS_MAX 5

enum {
	CLI_OPTION_PLAIN_HTTP = 512,
	CLI_OPTION_CACERT,
	CLI_OPTION_CONNECT_TIMEOUT,
	CLI_OPTION_STALL_TIMEOUT,
	CLI_OPTION_RETRIES,
	CLI_OPTION_OFFLINE
};

#define CLI_REGISTRY_OPTIONS                                                       \
	{ "plain-http", no_argument, NULL, CLI_OPTION_PLAIN_HTTP },                \
	{ "cacert", required_argument, NULL, CLI_OPTION_CACERT },                  \
	{ "connect-timeout", required_argument, NULL, CLI_OPTION_CONNECT_TIMEOUT }, \
	{ "stall-timeout", required_argument, NULL, CLI_OPTION_STALL_TIMEOUT },    \
	{ "retries", required_argument, NULL, CLI_OPTION_RETRIES }

/* Their lines of --help. */
#define CLI_REGISTRY_USAGE                                                              \
	"      --plain-http  ask any registry by http (loopback ones need no leave)\n"  \
	"      --cacert FILE certificate authorities to trust\n"                        \
	"      --connect-timeout SECONDS\n"                                             \
	"                    for a connection (default 15)\n"                           \
	"      --stall-timeout SECONDS\n"                                               \
	"                    with less than 1,000 bytes a second (default 30)\n"        \
	"      --retries N   more tries of one place while its fault may pass (default 3)\n"

/* Of those who could do with the store alone. */
#define CLI_OFFLINE_OPTION { "offline", no_argument, NULL, CLI_OPTION_OFFLINE }
#define CLI_OFFLINE_USAGE "      --offline     ask nobody: what the store does not have is an error\n"

struct cli_registry {
	struct cli *cli;
	bool offline;
	struct registry_policy policy;
	char *auth_files[CLI_AUTH_FILES_MAX + 1];
	size_t auth_count;
	char *cert_dirs[CLI_CERT_DIRS_MAX + 1];
	size_t cert_count;
	struct registry_mirror mirrors[CLI_MIRRORS_MAX];
	size_t mirror_count;
};

/* Empty, for the options to fill. What a registry wants to be shown goes to cli (borrowed), and with -v more. */
void cli_registry_init(struct cli_registry *c, struct cli *cli);

/* Takes one of CLI_REGISTRY_OPTIONS; false for another. Exits for a value that is none. */
bool cli_registry_option(struct cli_registry *c, int option);

/*
 * After the options: finds the files of credentials ($REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json,
 * ~/.config/containers/auth.json, $DOCKER_CONFIG/config.json, ~/.docker/config.json), names the directories of certificates
 * (certs.d in $XDG_CONFIG_HOME/container, $XDG_CONFIG_HOME/containers, /etc/container, /etc/containers, /etc/docker),
 * and reads the mirrors ($XDG_CONFIG_HOME/container/registries, /etc/container/registries: "HOST URL..." a line). What
 * it points at lives as long as the program.
 */
int cli_registry_load(struct cli_registry *c, struct err *e);

/*
 * cli_registry_load, and then opens the store and the registry that fetch needs: NULL where nobody is to be asked. Both
 * are the caller's to close, also after a failure.
 */
int cli_registry_open(struct cli_registry *c, struct store *s, struct registry **r, struct err *e);

#endif
