/*
 * cli_auth - which registry a login is for, and which of the user's files it goes to.
 */
#ifndef CR_CLI_AUTH_H
#define CR_CLI_AUTH_H

#include "cli_registry.h"
#include "err.h"

/*
 * Reads REGISTRY[/REPOSITORY] (NULL: docker.io) as a place of auth.h, owned by the caller; the repository may be the
 * beginning of one. NULL with ERR_USAGE.
 */
char *cli_auth_place(const char *text, struct err *e);

/*
 * The file that a login is written to: $REGISTRY_AUTH_FILE; else the first of c's that has an entry of that place; else
 * docker's own, if it has a helper keep the registry's secrets; else ${XDG_CONFIG_HOME:-~/.config}/containers/auth.json.
 * Owned by the caller. NULL with the error set.
 */
char *cli_auth_file(const struct cli_registry *c, const char *place, struct err *e);

#endif
