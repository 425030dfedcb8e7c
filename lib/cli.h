/*
 * cli - what all programs do alike: options that every program has, errors to stderr, exit statuses, and where the store
 * is. Of the library this and cli_*.c alone print, end the program, and read the environment.
 */
#ifndef CR_CLI_H
#define CR_CLI_H

#include "buf.h"
#include "err.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#define CR_VERSION "0.1.0"

struct cli {
	const char *name;  /* "cr-verify" */
	const char *usage; /* full text of --help: "usage: …\n" and a line an option */
	const char *argv0;
	const char *store; /* -s/--store, or NULL */
	int verbose;	   /* -v, counted */
	int usage_status;  /* of a usage error: 2, but 125 where 2 would be a command's */

	/* Called before anything is printed on stderr: takes away what stands there for now; or NULL. */
	void (*make_way)(void *ctx);
	void *ctx;
};

/* Long options shared by every program, to be put at the end of each table (name, has_arg, flag, val). */
#define CLI_LONG_OPTIONS                                                                          \
	{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },                \
		{ "store", required_argument, NULL, 's' }, { "verbose", no_argument, NULL, 'v' }, \
		{ NULL, 0, NULL, 0 }
#define CLI_SHORT_OPTIONS "hVs:v"

/*
 * First call of main (all arguments are kept, not copied): descriptors 0 to 2 are open afterwards (on /dev/null where
 * the caller closed them), a setuid start is refused, SIGPIPE and SIGXFSZ are an error of write and no death.
 */
void cli_start(struct cli *c, const char *name, const char *usage, const char *argv0);

/*
 * Handles an option that the program did not: help and version (exits 0), store and verbose, anything else (exits
 * with usage_status). To be called from the default branch of the getopt_long loop.
 */
void cli_option(struct cli *c, int option);

/*
 * Prints "name: what: why"; control characters are shown as escapes, so that no name from outside reaches a terminal
 * raw.
 */
void cli_error(const struct cli *c, const struct err *e);
void cli_warn(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* cli_error, and the status the error stands for. */
int cli_fail(const struct cli *c, const struct err *e);

/* "usage" errors: prints the message and a hint, returns usage_status. */
int cli_usage(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The number that optarg is, from min to max; anything else is a usage error of `option`, and exits. */
long cli_number(const struct cli *c, const char *option, long min, long max);

/*
 * The store's directory (DESIGN §3): -s, $CR_STORE, data/ beside the program's own bin/, else the system's or the user's.
 */
int cli_store_path(const struct cli *c, struct buf *out, struct err *e);

/*
 * "<directory><rest>", where the variable (or NULL) names a directory; else, with `home`, "$HOME<home><rest>". Owned by the
 * caller. NULL where there is neither.
 */
char *cli_path(const char *variable, const char *home, const char *rest);

/* Last call of main: flushes stdout; a failure there (a full disk) turns status 0 into 1. */
int cli_end(const struct cli *c, int status);

#endif
