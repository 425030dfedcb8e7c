/*
 * cli_container - what the programs for containers do alike: an operation for each operand, and the status of the
 * first that failed.
 */
#ifndef CR_CLI_CONTAINER_H
#define CR_CLI_CONTAINER_H

#include "cli.h"
#include "container.h"

/* The containers of the store that the options name. */
int cli_containers(const struct cli *c, struct containers *all, struct err *e);

/*
 * Calls fn(ctx, container, e) for the container that each of the NULL-terminated words names; fn may keep it, by
 * leaving CONTAINER_INIT in its place. Returns the exit status: 0, or that of the first failure, each of which is
 * printed.
 */
int cli_each_container(const struct cli *c, char *const *words, int (*fn)(void *ctx, struct container *one, struct err *e),
		       void *ctx);

#endif
