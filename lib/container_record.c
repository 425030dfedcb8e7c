#include "container_lock.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HOLD_TRIES 100 /* milliseconds at most that those who only look may stand in the way */

/* Takes the lock. False, and no error: another holds it as we want to. */
static bool take(const struct container *c, struct err *e)
{
	bool held;
	pid_t pid;

	for (int tries = 0; tries < HOLD_TRIES; tries++) {
		int taken = container_take_lock(c, false, e);

		if (taken != 0)
			return taken == 1;
		if (container_holder(c, &held, &pid, e) == -1 || held)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return false;
}

int container_hold(struct container *c, struct err *e)
{
	char text[CONTAINER_FACT_MAX];

	if (c->lock == -1)
		c->lock = container_open_lock(c->dir, O_CREAT);
	if (c->lock == -1)
		return err_errno(e, errno, "%s/lock", c->path);
	if (!take(c, e)) {
		if (e->kind == ERR_NONE)
			err_set(e, ERR_USAGE, "%s: it runs already, or is being removed", container_id(c));
		return -1;
	}
	if (!container_still_there(c))
		return err_set(e, ERR_NOT_FOUND, "%s: it has been removed", container_id(c));
	if (container_put_word(c, CONTAINER_WORD_NONE, 0, e) == -1)
		return -1;
	container_drop_fact(c, "exit");
	container_drop_fact(c, "finished");
	container_drop_fact(c, "pid");
	if (container_fact(c, "status", text) && strcmp(text, "created") == 0)
		return 0;
	return container_set_fact(c, "status", "created", e);
}

static int set_time(const struct container *c, const char *name, struct err *e)
{
	char now[CONTAINER_TIME_MAX];

	container_time(now);
	return container_set_fact(c, name, now, e);
}

int container_started(const struct container *c, pid_t init, struct err *e)
{
	char number[32];

	snprintf(number, sizeof number, "%ld", (long)init);
	if (container_put_word(c, CONTAINER_WORD_RUNNING, 0, e) == -1)
		return -1;
	if (container_set_fact(c, "pid", number, e) == -1 || set_time(c, "started", e) == -1)
		return -1;
	return container_set_fact(c, "status", "running", e);
}

int container_ended_gone(struct container *c, int exit, struct err *e)
{
	if (container_put_word(c, CONTAINER_WORD_EXIT, exit, e) == 0 && container_discard(c, e) == 0)
		return 0;
	container_ended(c, exit, &(struct err)ERR_INIT);
	return -1;
}

int container_ended(const struct container *c, int exit, struct err *e)
{
	char number[32];

	snprintf(number, sizeof number, "%d", exit);
	container_drop_fact(c, "pid");
	if (container_put_word(c, CONTAINER_WORD_EXIT, exit, e) == -1 || set_time(c, "finished", e) == -1 ||
	    container_set_fact(c, "exit", number, e) == -1)
		return -1;
	return container_set_fact(c, "status", "exited", e);
}
