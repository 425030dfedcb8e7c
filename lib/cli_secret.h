/*
 * cli_secret - what a user says to a program alone: a name or a password, at the terminal or on the standard input.
 */
#ifndef CR_CLI_SECRET_H
#define CR_CLI_SECRET_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

#define CLI_SECRET_MAX (32 << 10) /* bytes from the standard input */
#define CLI_LINE_MAX 4094	  /* bytes from a terminal, which cuts longer lines off without a word */

/*
 * Asks at the terminal (/dev/tty), and reads a line; without `echo` what is typed does not show, and the terminal is as
 * before on every way out: also when a signal ends or stops the program, which asks again when it goes on. The answer,
 * without its newline, is the caller's: cli_secret_free. NULL with ERR_USAGE where there is no terminal, or no answer.
 */
char *cli_ask(const char *prompt, bool echo, struct err *e);

/*
 * All of the standard input, without one newline (LF or CRLF) at its end. NULL with ERR_USAGE for what is no password:
 * nothing, too much, or a NUL in it.
 */
char *cli_secret_from_stdin(struct err *e);

/* Wipes and frees it; NULL is allowed. */
void cli_secret_free(char **secret);
#define cleanup_secret __attribute__((cleanup(cli_secret_free)))

#endif
