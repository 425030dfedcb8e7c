/*
 * cli_registry - the options and files that say how registries are asked, for the programs that ask them: credentials, mirrors,
 * certificate authorities.
 */
#ifndef CR_CLI_REGISTRY_H
#define CR_CLI_REGISTRY_H

#include "cli.h"
#include "err.h"
#include "registry.h"

#define CLI_AUTH_FILES_MAX 8
#define CLI_MIRRORS_MAX 256

enum { CLI_OPTION_PLAIN_HTTP = 512, CLI_OPTION_CACERT };

#define CLI_REGISTRY_OPTIONS                                             \
	{ "plain-http", no_argument, NULL, CLI_OPTION_PLAIN_HTTP },      \
	{ "cacert", required_argument, NULL, CLI_OPTION_CACERT }

struct cli_registry {
	struct registry_policy policy;
	char *auth_files[CLI_AUTH_FILES_MAX + 1];
	size_t auth_count;
	struct registry_mirror mirrors[CLI_MIRRORS_MAX];
	size_t mirror_count;
};

/* Empty, for the options to fill. */
void cli_registry_init(struct cli_registry *c);

/* Takes one of CLI_REGISTRY_OPTIONS; false for another. */
bool cli_registry_option(struct cli_registry *c, int option);

/*
 * After the options: finds the files of credentials ($REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json,
 * ~/.config/containers/auth.json, $DOCKER_CONFIG/config.json, ~/.docker/config.json), and reads the mirrors
 * ($XDG_CONFIG_HOME/container/registries, /etc/container/registries: "HOST URL..." a line). What it points at lives as long
 * as the program.
 */
int cli_registry_load(struct cli_registry *c, struct err *e);

#endif
