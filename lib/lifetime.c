#include "lifetime.h"

/* The first trouble is kept. */
static void note(struct lifetime *l, const struct err *e)
{
	if (l->trouble.kind == ERR_NONE && e->kind != ERR_NONE)
		l->trouble = *e;
}

int lifetime_begin(struct lifetime *l, const char *dir, struct err *e)
{
	if (container_open(&l->container, dir, e) == -1 || container_hold(&l->container, e) == -1)
		return -1;
	l->held = true;
	return l->logged ? log_open(&l->log, l->container.dir, "log", e) : 0;
}

static void started(void *ctx, pid_t pid, pid_t init)
{
	struct lifetime *l = ctx;
	struct err e = ERR_INIT;

	if (container_started(&l->container, init, &e) == -1)
		note(l, &e);
	if (l->sandbox->started)
		l->sandbox->started(l->sandbox->ctx, pid, init);
}

static void executed(void *ctx)
{
	struct lifetime *l = ctx;

	if (l->report)
		detach_report(l->report, 0, NULL);
}

static void output(void *ctx, int fd, const char *data, size_t size)
{
	struct lifetime *l = ctx;

	log_write(&l->log, fd, data, size);
}

/* Once: nothing is held afterwards. */
static void finish(struct lifetime *l, int status)
{
	struct err e = ERR_INIT;
	struct container *c = &l->container;

	log_close(&l->log);
	if (l->held && l->remove)
		container_ended_gone(c, status, &e);
	else if (l->held)
		container_ended(c, status, &e);
	l->held = false;
	note(l, &e);
}

/* Who waits for the container waits for no reader of its output. */
static void ended(void *ctx, int status)
{
	struct lifetime *l = ctx;

	finish(l, status);
	container_close(&l->container);
}

int lifetime_run(struct lifetime *l, const struct sandbox *s, struct err *e)
{
	struct sandbox own = *s;

	l->sandbox = s;
	own.started = started;
	own.executed = executed;
	own.ended = ended;
	own.output = l->logged ? output : NULL;
	own.joinable = true;
	own.ctx = l;
	return sandbox_run(&own, e);
}

void lifetime_end(struct lifetime *l, int status, const struct err *e)
{
	finish(l, status);
	if (l->report)
		detach_report(l->report, status, e);
	container_close(&l->container);
}
