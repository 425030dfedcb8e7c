#include "layers.h"

#include "beneath.h"
#include "confine.h"
#include "layers_summary.h"
#include "overlay.h"
#include "owners.h"
#include "unpack.h"
#include "unpacked.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#define JOBS_MAX 64

enum state {
	IDLE,	   /* not added */
	QUEUED,	   /* waits for a free worker */
	ELSEWHERE, /* another process is at it */
	RUNNING,
	UNPACKED,
	FAILED,	   /* with an error */
	PUBLISHED,
};

struct job {
	enum state state;
	struct unpack unpack;
	struct worker worker;
	int lock; /* of lock_name, or -1 */
	bool counted; /* in the image's sums */
	struct err err;
	char dir[sizeof "layer-" + DIGEST_HEX];
	char lock_name[sizeof "layer-.lock" + DIGEST_HEX];
};

struct layers {
	const struct store *store;
	const struct image *image;
	struct layers_options options;
	struct userns userns;
	struct job *jobs; /* one a layer */
	int running;
	int64_t entries, bytes; /* of the layers that were published so far */
};

static int processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (int)n;
}

static void job_init(struct layers *l, size_t i)
{
	struct job *j = &l->jobs[i];
	char hex[DIGEST_HEX];

	digest_hex(&l->image->chain_ids[i], hex);
	snprintf(j->dir, sizeof j->dir, "layer-%s", hex);
	snprintf(j->lock_name, sizeof j->lock_name, "layer-%s.lock", hex);
	j->worker = (struct worker)WORKER_INIT;
	j->lock = -1;
	j->unpack = (struct unpack){
		.store = l->store,
		.dir = j->dir,
		.blob = &l->image->manifest.layers[i],
		.diff_id = &l->image->config.diff_ids[i],
		.chain_ids = l->image->chain_ids,
		.below = i,
		.options = {
			.chown = userns_can_chown(&l->userns),
			.devices = l->options.devices,
			.entries_max = l->options.entries_max,
			.bytes_max = l->options.bytes_max,
			.free_min = l->options.free_min,
		},
		.window_max = l->options.window_max,
	};
}

struct layers *layers_begin(const struct store *s, const struct image *im, const struct layers_options *o,
			    struct err *e)
{
	struct layers *l = calloc(1, sizeof *l);

	if (!l || !(l->jobs = calloc(im->config.count ? im->config.count : 1, sizeof *l->jobs))) {
		free(l);
		err_nomem(e);
		return NULL;
	}
	l->store = s;
	l->image = im;
	l->options = *o;
	if (l->options.jobs <= 0)
		l->options.jobs = processors();
	if (userns_plan(&l->userns, e) == -1) {
		free(l->jobs);
		free(l);
		return NULL;
	}
	for (size_t i = 0; i < im->config.count; i++)
		job_init(l, i);
	return l;
}

static int fail(struct job *j, const struct err *why)
{
	j->state = FAILED;
	j->err = *why;
	err_context(&j->err, "layer %s", digest_str(&j->unpack.blob->digest).text);
	return -1;
}

/* Removes tmp/<dir>, whose content may belong to ids that only a worker can act for. */
static int remove_dir(struct layers *l, struct job *j, struct err *e)
{
	struct stat st;

	if (fstatat(l->store->tmp, j->dir, &st, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT)
		return 0;
	return worker_run(&l->userns, 0, unpack_remove, &j->unpack, e);
}

static void unlock(struct layers *l, struct job *j)
{
	if (j->lock != -1)
		store_unlock(l->store, j->lock_name, &j->lock);
}

static bool is_done(const struct layers *l, const struct digest *chain_id)
{
	return unpacked_have(l->store, chain_id) && !owners_wanted(l->store, chain_id, &l->userns);
}

/* With the lock held: starts the worker, unless the layer was published meanwhile. */
static int start_locked(struct layers *l, struct job *j, const struct digest *chain_id, struct err *e)
{
	if (is_done(l, chain_id)) {
		unlock(l, j);
		j->state = PUBLISHED;
		return 0;
	}
	if (remove_dir(l, j, e) == -1) /* what a killed process left */
		return -1;
	if (mkdirat(l->store->tmp, j->dir, 0700) == -1)
		return err_errno(e, errno, "mkdir tmp/%s", j->dir);
	if (worker_start(&j->worker, &l->userns, confine_namespaces, unpack_alone, &j->unpack, e) == -1)
		return -1;
	j->state = RUNNING;
	l->running++;
	return 0;
}

static int start(struct layers *l, size_t i, bool wait)
{
	struct job *j = &l->jobs[i];
	struct err e = ERR_INIT;
	bool busy = false;

	j->lock = wait ? store_lock(l->store, j->lock_name, &e) : store_try_lock(l->store, j->lock_name, &busy, &e);
	if (busy) {
		j->state = ELSEWHERE;
		return 0;
	}
	if (j->lock == -1 || start_locked(l, j, &l->image->chain_ids[i], &e) == -1)
		return fail(j, &e);
	return 0;
}

static void start_queued(struct layers *l)
{
	for (size_t i = 0; i < l->image->config.count && l->running < l->options.jobs; i++)
		if (l->jobs[i].state == QUEUED)
			start(l, i, false);
}

int layers_add(struct layers *l, size_t i, struct err *e)
{
	struct job *j = &l->jobs[i];

	if (i >= l->image->config.count)
		return err_set(e, ERR_CONTENT, "the image has no layer %zu", i);
	if (j->state != IDLE)
		return 0;
	j->state = is_done(l, &l->image->chain_ids[i]) ? PUBLISHED : QUEUED;
	start_queued(l);
	return 0;
}

static void reap(struct layers *l, struct job *j)
{
	struct err e = ERR_INIT;

	l->running--;
	j->state = UNPACKED;
	if (worker_wait(&j->worker, &e) == -1)
		fail(j, &e);
	start_queued(l);
}

/*
 * Waits until a worker has ended, or fd (unless -1) can be read; starts others in the place of those that ended. 1:
 * fd can be read.
 */
static int wait_for_any(struct layers *l, int fd, struct err *e)
{
	struct pollfd fds[1 + JOBS_MAX] = { { .fd = fd, .events = POLLIN } };
	struct job *of[1 + JOBS_MAX];
	nfds_t n = 1;

	for (size_t i = 0; i < l->image->config.count && n <= JOBS_MAX; i++)
		if (l->jobs[i].state == RUNNING) {
			fds[n] = (struct pollfd){ .fd = l->jobs[i].worker.report, .events = POLLIN };
			of[n++] = &l->jobs[i];
		}
	if (poll(fds, n, -1) == -1)
		return errno == EINTR ? 0 : err_errno(e, errno, "poll");
	for (nfds_t i = 1; i < n; i++)
		if (fds[i].revents)
			reap(l, of[i]);
	return fds[0].revents != 0;
}

int layers_wait(struct layers *l, int fd, struct err *e)
{
	int r;

	while ((r = wait_for_any(l, fd, e)) == 0)
		;
	return r == 1 ? 0 : -1;
}

/* --- publishing --- */

/* A sentence about one layer, on its way to the user. */
struct telling {
	const struct layers *l;
	const struct job *j;
};

static void say(void *ctx, bool detail, const char *text)
{
	const struct telling *t = ctx;
	char line[512];

	if (!t->l->options.say)
		return;
	snprintf(line, sizeof line, "layer %s: %s", digest_str(&t->j->unpack.blob->digest).text, text);
	t->l->options.say(t->l->options.ctx, detail, line);
}

/* The limits are the image's: each worker has kept to them by itself. */
static int count(struct layers *l, const struct layers_summary *s, struct err *e)
{
	int64_t entries_max = layer_entries_max(l->options.entries_max), bytes_max = layer_bytes_max(l->options.bytes_max);

	l->entries += s->entries;
	l->bytes += s->bytes;
	if (l->entries > entries_max)
		return err_set(e, ERR_CONTENT, "the image has more than %lld entries", (long long)entries_max);
	if (l->bytes > bytes_max)
		return err_set(e, ERR_CONTENT, "the image has more than %lld bytes of files", (long long)bytes_max);
	return 0;
}

/* What unpack_onto needed and the published layer does not. */
static int remove_scaffolding(void *ctx, struct err *e)
{
	const struct unpack *u = ctx;
	cleanup_fd int dir = openat(u->store->tmp, u->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir == -1)
		return err_errno(e, errno, "tmp/%s", u->dir);
	return beneath_remove(dir, "merged", e) == -1 || beneath_remove(dir, "work", e) == -1 ? -1 : 0;
}

static int settle(struct layers *l, struct job *j, struct err *e)
{
	int status = worker_run(&l->userns, 0, unpack_settle, &j->unpack, e);

	if (status != UNPACK_AGAIN)
		return status;
	say(&(struct telling){ l, j }, true, "unpacked again on the layers below it");
	if (worker_run(&l->userns, confine_namespaces | overlay_namespaces, unpack_onto, &j->unpack, e) == -1)
		return -1;
	return worker_run(&l->userns, 0, remove_scaffolding, &j->unpack, e);
}

static int publish(struct layers *l, struct job *j, const struct digest *chain_id, struct err *e)
{
	struct layers_summary summary;
	char hex[DIGEST_HEX];

	digest_hex(chain_id, hex);
	if (settle(l, j, e) == -1 || layers_summary_read(&summary, l->store->tmp, j->dir, e) == -1)
		return -1;
	layers_summary_tell(&summary, say, &(struct telling){ l, j });
	j->counted = true;
	if (count(l, &summary, e) == -1 || store_sync(l->store, e) == -1)
		return -1;
	if (unpacked_have(l->store, chain_id)) {
		if (owners_replace(l->store, j->dir, chain_id, e) == -1 || remove_dir(l, j, e) == -1)
			return -1;
	} else if (renameat(l->store->tmp, j->dir, l->store->layers, hex) == -1) {
		return err_errno(e, errno, "publish");
	}
	if (fsync(l->store->layers) == -1)
		return err_errno(e, errno, "publish");
	j->state = PUBLISHED;
	unlock(l, j);
	return 0;
}

/* A layer that was there already. */
static int count_published(struct layers *l, const struct digest *chain_id, struct err *e)
{
	struct layers_summary summary;
	char hex[DIGEST_HEX];

	digest_hex(chain_id, hex);
	return layers_summary_read(&summary, l->store->layers, hex, e) == -1 ? -1 : count(l, &summary, e);
}

static bool any_queued(const struct layers *l)
{
	for (size_t i = 0; i < l->image->config.count; i++)
		if (l->jobs[i].state == QUEUED)
			return true;
	return false;
}

/* Until every other layer has its worker, too: to publish means to wait for the disk, and none is started meanwhile. */
static int wait_for_worker(struct layers *l, size_t i, struct err *e)
{
	struct job *j = &l->jobs[i];

	while (j->state != FAILED && l->running > 0 && any_queued(l))
		if (wait_for_any(l, -1, e) == -1)
			return -1;

	while (j->state == QUEUED || j->state == RUNNING || j->state == ELSEWHERE) {
		if (j->state == ELSEWHERE)
			start(l, i, true);
		else if (j->state == QUEUED && l->running == 0)
			start(l, i, false);
		else if (wait_for_any(l, -1, e) == -1)
			return -1;
	}
	return j->state == FAILED ? -1 : 0;
}

int layers_finish(struct layers *l, size_t i, struct err *e)
{
	struct job *j = &l->jobs[i];
	struct err inner = ERR_INIT;

	if (j->state == IDLE)
		return err_set(e, ERR_NOT_FOUND, "layer %zu did not arrive", i + 1);
	if (wait_for_worker(l, i, e) == -1 && j->state != FAILED)
		return -1;
	if ((j->state == UNPACKED && publish(l, j, &l->image->chain_ids[i], &inner) == -1) ||
	    (j->state == PUBLISHED && !j->counted && count_published(l, &l->image->chain_ids[i], &inner) == -1))
		fail(j, &inner);
	if (j->state == FAILED) {
		*e = j->err;
		return -1;
	}
	return 0;
}

void layers_end(struct layers *l)
{
	struct err ignored = ERR_INIT;

	if (!l)
		return;
	for (size_t i = 0; i < l->image->config.count; i++) {
		struct job *j = &l->jobs[i];
		worker_kill(&j->worker);
		if (j->lock != -1)
			remove_dir(l, j, &ignored);
		unlock(l, j);
	}
	free(l->jobs);
	free(l);
}
