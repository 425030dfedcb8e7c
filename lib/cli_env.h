/*
 * cli_env - the variables that a user gives a container: of -e and --env-file.
 */
#ifndef CR_CLI_ENV_H
#define CR_CLI_ENV_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

#define CLI_ENV_FILE_MAX (1 << 20) /* bytes of an --env-file */

/* "NAME=value" entries, those of files first, wherever they stood; kept as long as the program. All zero: none. */
struct cli_env {
	char **list; /* NULL-terminated; NULL while there are none */
	size_t count, of_files;
};

/* What an option -e says: "NAME=value", or "NAME" for the value that it has here, if any. ERR_USAGE when it names nothing. */
int cli_env_add(struct cli_env *env, const char *text, struct err *e);

/*
 * Reads a file as docker does: a line "NAME=value", taken as it is, or "NAME" for the value that it has here, if any; blanks
 * before it are dropped, and lines that are empty or begin with '#' pass. ERR_USAGE for a name with blanks in it or none, and
 * for a NUL; ERR_CONTENT for more than CLI_ENV_FILE_MAX bytes; ERR_IO.
 */
int cli_env_file(struct cli_env *env, const char *path, struct err *e);

bool cli_env_sets(const struct cli_env *env, const char *name);

/*
 * The entries of `below` (NULL-terminated, or NULL: none) with the user's over them, of a name that occurs several times the
 * last; and `unless_set`, an entry or NULL, where nobody sets that name. The list, NULL-terminated, is the caller's to free, its
 * entries are borrowed. NULL with the error set.
 */
char **cli_env_over(const struct cli_env *env, char *const *below, char *unless_set, struct err *e);

#endif
