#include "cli_progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FD_MAX 65535

void cli_progress_init(struct cli_progress *c, struct cli *cli)
{
	*c = (struct cli_progress){ .cli = cli, .json = -1 };
}

bool cli_progress_option(struct cli_progress *c, int option)
{
	int flags;

	if (option == 'q')
		c->quiet = true;
	else if (option == CLI_OPTION_PROGRESS_FD)
		c->json = (int)cli_number(c->cli, "--progress-fd", 1, FD_MAX);
	else
		return false;
	if (option == 'q')
		return true;
	flags = fcntl(c->json, F_GETFL);
	if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY)
		exit(cli_usage(c->cli, "--progress-fd: descriptor %d is not open for writing", c->json));
	fcntl(c->json, F_SETFD, FD_CLOEXEC); /* no program that we start is to hold it open */
	return true;
}

static void changed(void *ctx, void **mark, const struct record *r, enum fetch_state s, int64_t bytes)
{
	static const enum progress_state states[] = {
		[FETCH_IS_WAITING] = PROGRESS_WAITING, [FETCH_IS_RUNNING] = PROGRESS_RUNNING,
		[FETCH_IS_THERE] = PROGRESS_THERE,     [FETCH_IS_DONE] = PROGRESS_DONE,
		[FETCH_HAS_FAILED] = PROGRESS_FAILED,
	};
	struct cli_progress *c = ctx;
	struct err ignored = ERR_INIT;

	if (!*mark)
		*mark = progress_add(c->progress, &r->digest, r->size, &ignored); /* NULL: this one is not shown */
	else
		progress_update(*mark, states[s], bytes);
}

static void make_way(void *ctx)
{
	progress_clear(((struct cli_progress *)ctx)->progress);
}

static struct progress *on_screen; /* for the handler of signals, which can be told nothing */

static void clear_and_die(int signal)
{
	progress_clear(on_screen);
	raise(signal); /* the handler is the default again, and the signal comes when this one returns */
}

/* Who ignores a signal, or has it handled, is left alone. */
static void handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction ours = { .sa_handler = handler, .sa_flags = flags }, old;

	if (sigaction(signal, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(signal, &ours, NULL);
}

#define STOP_FLAGS ((int)(SA_RESETHAND | SA_NODEFER | SA_RESTART))

/* Ctrl-Z: what follows the signal's own effect is done when the shell has us go on. */
static void clear_and_stop(int signal)
{
	int saved = errno;

	progress_clear(on_screen);
	raise(signal);
	handle(signal, clear_and_stop, STOP_FLAGS);
	errno = saved;
}

static void watch_signals(void)
{
	handle(SIGINT, clear_and_die, (int)SA_RESETHAND);
	handle(SIGTERM, clear_and_die, (int)SA_RESETHAND);
	handle(SIGHUP, clear_and_die, (int)SA_RESETHAND);
	handle(SIGTSTP, clear_and_stop, STOP_FLAGS);
}

int cli_progress_start(struct cli_progress *c, struct err *e)
{
	const char *term = getenv("TERM");
	struct progress_options o = { .terminal = !c->quiet && isatty(STDERR_FILENO) ? STDERR_FILENO : -1,
				      .dumb = !term || !*term || strcmp(term, "dumb") == 0,
				      .json = c->json };

	if (o.terminal == -1 && o.json == -1)
		return 0;
	if (!(c->progress = progress_new(&o, e)))
		return -1;
	c->watcher = (struct fetch_watcher){ changed, c };
	if (o.terminal == -1)
		return 0;
	c->cli->make_way = make_way;
	c->cli->ctx = c;
	on_screen = c->progress;
	watch_signals();
	return 0;
}

void cli_progress_end(struct cli_progress *c)
{
	int lost = c->progress ? progress_json_error(c->progress) : 0;

	if (!c->progress)
		return;
	progress_clear(c->progress);
	if (lost && lost != EPIPE) /* a reader that has gone wants no more */
		cli_warn(c->cli, "--progress-fd %d: %s", c->json, strerror(lost));
}
