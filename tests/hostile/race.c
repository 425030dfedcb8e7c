/*
 * race - walks beneath a root, and unpacks there, while a thread exchanges a directory with a symlink that leads out
 *
 *	race DIR ROUNDS [--by-hand]
 *
 * DIR is an empty directory. A round is an exchange that happened during a call of the library. Nothing is confined
 * here: what holds is the walk alone. Prints what was done; 1 when a descriptor of what lies outside was had, or
 * something there changed.
 */
#include "beneath.h"
#include "layer.h"
#include "tree.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define PAUSE_MAX 20000 /* ns between two exchanges */
#define MEMBERS_LAYER 11

static int top, root, outside;
static atomic_bool busy, over;
static atomic_long rounds;
static pthread_mutex_t exchanging = PTHREAD_MUTEX_INITIALIZER;
static long calls, answers, escapes;

/* --- the attacker --- */

static void pause_ns(long ns)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec < ns);
}

static void *attack(void *unused)
{
	unsigned seed = 1;

	(void)unused;
	while (!over) {
		bool counts = busy, done;

		pthread_mutex_lock(&exchanging);
		done = renameat2(root, "d", root, "s", RENAME_EXCHANGE) == 0;
		pthread_mutex_unlock(&exchanging);
		if (done && counts && busy)
			rounds++;
		pause_ns(rand_r(&seed) % PAUSE_MAX);
	}
	return NULL;
}

/* --- the victim --- */

static void put(int dir, const char *path, const char *content)
{
	int fd;

	unlinkat(dir, path, 0);
	fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || io_write_full(fd, content, strlen(content)) == -1 || close(fd) == -1)
		perror(path);
}

static bool is_link(const char *name)
{
	struct stat st;

	return fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* The tree as the attacker needs it: "d" and "s", of which one is a directory and one a symlink out. */
static void arm(void)
{
	struct err e = ERR_INIT;
	const char *dir, *link;

	pthread_mutex_lock(&exchanging);
	dir = is_link("d") ? "s" : "d";
	link = *dir == 's' ? "d" : "s";
	if (!is_link(link)) {
		beneath_remove(root, link, &e);
		symlinkat("../outside", root, link);
	}
	mkdirat(root, dir, 0755);
	int fd = openat(root, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	mkdirat(fd, "sub", 0755);
	put(fd, "keep", "inside");
	put(fd, "sub/file", "inside");
	close(fd);
	pthread_mutex_unlock(&exchanging);
}

/* Whether a descriptor is one of what lies outside. */
static void look_at(int fd)
{
	static const char *const names[] = { ".", "sub", "keep", "sub/file" };
	struct stat st, out;

	calls++;
	if (fd == -1 || fstat(fd, &st) == -1)
		return;
	answers++;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (fstatat(outside, names[i], &out, AT_SYMLINK_NOFOLLOW) == 0 && out.st_dev == st.st_dev &&
		    out.st_ino == st.st_ino)
			escapes++;
	close(fd);
}

struct source_buf {
	struct source source;
	const struct buf *b;
	size_t at;
};

static ssize_t read_buf(struct source *self, void *data, size_t n, struct err *e)
{
	struct source_buf *s = (struct source_buf *)self;

	(void)e;
	if (n > s->b->len - s->at)
		n = s->b->len - s->at;
	memcpy(data, s->b->data + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

/* Entries that come back to "d" from elsewhere, so that it is walked to each time. */
static void unpack(enum layer_form form)
{
	static const char *const lines[MEMBERS_LAYER + 1] = {
		"f d/one x", "f e/one x", "f d/sub/file x", "h e/link d/keep", "d d/sub 700", "f e/two x", "l d/keep /etc",
		"h d/sub/link e/one", "f d/.wh.keep x", "p d/sub/p -", "f d/sub/.wh..wh..opq x", NULL,
	};
	struct layer_options options = { .form = form, .chown = geteuid() == 0 };
	cleanup_buf struct buf b = BUF_INIT;
	struct source_buf s = { { read_buf }, &b, 0 };
	struct err e = ERR_INIT;

	tree_layer(&b, lines);
	cleanup_tar struct tar *t = tar_new(&s.source, &e);
	calls++;
	answers += layer_apply(t, root, &options, &e) == 0;
}

static int made(void *ctx, int parent, const char *name, const char *path, struct err *e)
{
	(void)ctx, (void)parent, (void)name, (void)path, (void)e;
	return 0;
}

static void walk(void)
{
	struct beneath_maker maker = { .made = made };
	struct beneath_place place;
	struct err e = ERR_INIT;
	char name[BENEATH_NAME_MAX];
	int fd;

	look_at(beneath_open(root, "d/sub/file", O_RDONLY, &e));
	look_at(beneath_open(root, "d/sub", O_RDONLY, &e));
	look_at(beneath_open(root, "d/sub/../keep", O_RDONLY, &e));
	look_at(beneath_directory(root, "d/sub", O_RDONLY, &e));
	look_at(beneath_parent(root, "d/sub/x", NULL, name, &e));
	look_at(beneath_parent(root, "d/sub/../../d/sub/..", NULL, name, &e));
	fd = beneath_locate(root, "d/new/new/x", &maker, &place, &e);
	if (fd != -1)
		mkdirat(fd, "x", 0755);
	look_at(fd);
}

static void victim(long i)
{
	struct err e = ERR_INIT;

	busy = true;
	if (i % 16 == 0)
		unpack(i % 32 == 0 ? LAYER_MERGE : LAYER_ALONE);
	else if (i % 16 == 8)
		answers += beneath_remove(root, "d", &e) == 0;
	else
		walk();
	busy = false;
}

int main(int argc, char **argv)
{
	cleanup_buf struct buf before = BUF_INIT, after = BUF_INIT;
	long wanted = argc > 2 ? atol(argv[2]) : 0, changed = 0, i;
	pthread_t attacker;

	if (argc < 3 || (top = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return 125;
	if (argc > 3)
		beneath_without_openat2();
	mkdirat(top, "root", 0755);
	mkdirat(top, "outside", 0755);
	root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	outside = openat(top, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(outside, "sub", 0755);
	put(outside, "keep", "KEEP");
	put(outside, "sub/file", "KEEP");
	tree_list(&before, outside, "");
	arm();
	pthread_create(&attacker, NULL, attack, NULL);
	for (i = 0; rounds < wanted && !changed; i++) {
		victim(i);
		if (i % 8 == 0)
			arm();
		if (i % 64 == 0) {
			buf_reset(&after);
			tree_list(&after, outside, "");
			changed = strcmp(buf_text(&before), buf_text(&after)) != 0;
		}
	}
	over = true;
	pthread_join(attacker, NULL);
	printf("%ld rounds, %ld calls, %ld came to something, %ld led out, outside is %s\n", (long)rounds, calls, answers, escapes,
	       changed ? "changed" : "as it was");
	return escapes || changed;
}
