#include "container_lock.h"

#include "io.h"
#include "unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* containers/<id> of a store goes by way of its tmp/; a bundle that lies elsewhere has none. */
static int discard(const struct container *c, struct err *e)
{
	cleanup_free char *copy = strdup(c->path);
	cleanup_buf struct buf tmp = BUF_INIT;
	char *slash = copy ? strrchr(copy, '/') : NULL;
	struct stat st;

	if (!copy)
		return err_nomem(e);
	if (slash)
		*slash = '\0';
	slash = strrchr(copy, '/');
	if (!slash || strcmp(slash, "/containers") != 0)
		return unfinished_remove(c->path, e);
	*slash = '\0';
	buf_addf(&tmp, "%s/tmp", copy);
	if (buf_check(&tmp, e) == -1)
		return -1;
	if (lstat(buf_text(&tmp), &st) == -1 || !S_ISDIR(st.st_mode))
		return unfinished_remove(c->path, e);
	return unfinished_discard(buf_text(&tmp), c->path, e);
}

int container_discard(const struct container *c, struct err *e)
{
	return discard(c, e) == -1 ? err_context(e, "container %s", container_id(c)) : 0;
}

/* Somebody has the lock: waits for one who is at its end, and refuses while it runs. */
static int wait_for_lock(const struct container *c, struct err *e)
{
	struct container_status s;

	for (;;) {
		int taken = container_take_lock(c, false, e);

		if (taken != 0)
			return taken == 1 ? 0 : -1;
		if (container_look(c, &s, e) == -1)
			return -1;
		if (s.held && s.state != CONTAINER_EXITED && container_still_there(c))
			return err_set(e, ERR_IO, "%s: it is running (use -f)", container_id(c));
		if (container_take_lock(c, true, e) == 1)
			return 0;
		if (e->kind != ERR_NONE)
			return -1;
	}
}

int container_remove(struct container *c, struct err *e)
{
	if (c->lock == -1)
		c->lock = container_open_lock(c->dir, O_CREAT);
	if (c->lock == -1)
		return errno == ENOENT ? 0 : err_errno(e, errno, "%s/lock", c->path);
	if (wait_for_lock(c, e) == -1)
		return -1;
	return container_still_there(c) ? container_discard(c, e) : 0;
}
