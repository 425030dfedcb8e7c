/*
 * cli_progress - the options that say how the arrival of blobs is shown, and what a program does for it: bars when
 * stderr is a terminal, JSON lines where asked for.
 *
 *	cli_progress_option(&shown, option) …		while options are parsed
 *	watcher = cli_progress_start(&shown, e)		for fetch_queue_new
 *	poll for progress_wait(shown.progress) milliseconds at most, progress_draw(shown.progress) …
 *	cli_progress_end(&shown)
 */
#ifndef CR_CLI_PROGRESS_H
#define CR_CLI_PROGRESS_H

#include "cli.h"
#include "err.h"
#include "fetch_queue.h"
#include "progress.h"

enum { CLI_OPTION_PROGRESS_FD = 768 };

#define CLI_PROGRESS_OPTIONS                                                  \
	{ "quiet", no_argument, NULL, 'q' },                                  \
	{ "progress-fd", required_argument, NULL, CLI_OPTION_PROGRESS_FD }

#define CLI_PROGRESS_USAGE                                                              \
	"  -q, --quiet       no bars\n"                                                     \
	"      --progress-fd N\n"                                                           \
	"                    write a JSON object a line on descriptor N: how far blobs are\n"

struct cli_progress {
	struct cli *cli;
	bool quiet;
	int json; /* --progress-fd, or -1 */
	struct progress *progress; /* NULL: nothing is shown */
	struct fetch_watcher watcher;
};

void cli_progress_init(struct cli_progress *c, struct cli *cli);

/* Takes one of CLI_PROGRESS_OPTIONS; false for another. Exits for a value that is none. */
bool cli_progress_option(struct cli_progress *c, int option);

/*
 * After the options. Messages of cli make way for themselves from now on, and so does a signal that ends the program. 0,
 * or -1 with the error set.
 */
int cli_progress_start(struct cli_progress *c, struct err *e);

/* Takes what is shown away, and warns when JSON lines were lost. */
void cli_progress_end(struct cli_progress *c);

#endif
