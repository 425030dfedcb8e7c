#include "container.h"

#include "container_lock.h"
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CONTAINERS_MAX 100000 /* as many are listed */

/* --- the containers of a store --- */

int containers_open(struct containers *all, const char *store, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	buf_addf(&path, "%s/containers", store);
	if (buf_check(&path, e) == -1)
		return -1;
	*all = (struct containers)CONTAINERS_INIT;
	all->path = realpath(buf_text(&path), NULL);
	if (!all->path)
		return errno == ENOENT ? 0 : err_errno(e, errno, "%s", buf_text(&path));
	all->dir = open(all->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (all->dir != -1)
		return 0;
	err_errno(e, errno, "%s", all->path);
	containers_close(all);
	return -1;
}

int containers_make(struct containers *all, const char *store, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	buf_addf(&path, "%s/containers", store);
	if (buf_check(&path, e) == -1)
		return -1;
	if (mkdir(buf_text(&path), 0700) == -1 && errno != EEXIST)
		return err_errno(e, errno, "mkdir %s", buf_text(&path));
	return containers_open(all, store, e);
}

void containers_close(struct containers *all)
{
	io_cleanup_fd(&all->dir);
	free(steal_ptr(&all->path));
}

/* What may stand in containers/, and what a user may ask for: one component of a path, and not a hidden one. */
static bool is_word(const char *word)
{
	return *word && *word != '.' && strlen(word) <= CONTAINER_NAME_MAX && !strchr(word, '/');
}

/* A half-removed directory, or something of another's, is no container; nor is a symlink, wherever it leads. */
static bool is_container(const struct containers *all, const char *id)
{
	char config[CONTAINER_NAME_MAX + sizeof "/config.json"];
	struct stat st;

	if (!is_word(id) || fstatat(all->dir, id, &st, AT_SYMLINK_NOFOLLOW) == -1 || !S_ISDIR(st.st_mode))
		return false;
	snprintf(config, sizeof config, "%s/config.json", id);
	return faccessat(all->dir, config, F_OK, 0) == 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds a copy of the id to the array, which has room for `room` and ends with NULL. */
static int add_id(char ***ids, size_t *count, size_t *room, const char *id, struct err *e)
{
	if (*count + 1 >= *room) {
		char **more = realloc(*ids, 2 * *room * sizeof *more);

		if (!more)
			return err_nomem(e);
		*ids = more;
		*room *= 2;
	}
	(*ids)[*count] = strdup(id);
	if (!(*ids)[*count])
		return err_nomem(e);
	(*ids)[++*count] = NULL;
	return 0;
}

static DIR *open_list(const struct containers *all, struct err *e)
{
	cleanup_fd int fd = openat(all->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	if (!dir)
		err_errno(e, errno, "%s", all->path);
	else
		steal_fd(&fd);
	return dir;
}

char **containers_list(const struct containers *all, struct err *e)
{
	size_t count = 0, room = 64;
	char **ids = calloc(room, sizeof *ids);
	DIR *dir = all->dir == -1 || !ids ? NULL : open_list(all, e);
	int status = ids ? 0 : err_nomem(e);
	struct dirent *d;

	if (!dir && all->dir != -1)
		status = -1;
	while (status == 0 && dir && (d = readdir(dir))) {
		if (!is_container(all, d->d_name))
			continue;
		status = count < CONTAINERS_MAX ? add_id(&ids, &count, &room, d->d_name, e) :
						  err_set(e, ERR_CONTENT, "more than %d containers", CONTAINERS_MAX);
	}
	if (dir)
		closedir(dir);
	if (status == -1)
		containers_free_list(&ids);
	else
		qsort(ids, count, sizeof *ids, compare);
	return ids;
}

void containers_free_list(char ***ids)
{
	for (char **id = *ids; id && *id; id++)
		free(*id);
	free(steal_ptr(ids));
}

/* --- one container --- */

int container_open(struct container *c, const char *path, struct err *e)
{
	*c = (struct container)CONTAINER_INIT;
	c->path = realpath(path, NULL);
	if (c->path)
		c->dir = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir == -1 || faccessat(c->dir, "config.json", F_OK, 0) == -1) {
		if (errno == ENOENT)
			err_set(e, ERR_NOT_FOUND, "%s: no such container", path);
		else
			err_errno(e, errno, "%s", path);
		container_close(c);
		return -1;
	}
	c->lock = container_open_lock(c->dir, 0);
	return 0;
}

void container_close(struct container *c)
{
	io_cleanup_fd(&c->lock);
	io_cleanup_fd(&c->dir);
	free(steal_ptr(&c->path));
}

const char *container_id(const struct container *c)
{
	const char *slash = strrchr(c->path, '/');

	return slash ? slash + 1 : c->path;
}

/* The one of that id. */
static int open_id(const struct containers *all, const char *id, struct container *c, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", all->path, id);
	return buf_check(&path, e) == -1 ? -1 : container_open(c, buf_text(&path), e);
}

/* The bytes of a character at p that a terminal would obey, or that turns the direction of text around; 0: it is none. */
static size_t control(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (*p < ' ' || *p == 0x7f)
		return 1;
	if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* C1 controls in UTF-8 */
		return 2;
	/* U+202A to U+202E, U+2066 to U+2069 */
	if (*p == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
		return 3;
	return 0;
}

/* The first line of a file; "" and false where there is none. */
static bool read_line(int dir, const char *file, char value[CONTAINER_FACT_MAX])
{
	cleanup_fd int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : io_read_full(fd, value, CONTAINER_FACT_MAX - 1);

	value[n > 0 ? n : 0] = '\0';
	value[strcspn(value, "\n")] = '\0';
	for (char *p = value; *p; p++)
		memset(p, '?', control(p));
	return n > 0;
}

bool container_has_name(const struct containers *all, const char *id, const char *name)
{
	char file[CONTAINER_NAME_MAX + sizeof "/name"], value[CONTAINER_FACT_MAX];

	snprintf(file, sizeof file, "%s/name", id);
	return read_line(all->dir, file, value) && strcmp(value, name) == 0;
}

/* By name, or else by the beginning of an id: the one of the list, or NULL with the error set. */
static const char *choose(const struct containers *all, char *const *ids, const char *word, struct err *e)
{
	const char *found = NULL;
	bool several = false;

	for (; *ids; ids++) {
		if (container_has_name(all, *ids, word))
			return *ids;
		if (strncmp(*ids, word, strlen(word)) != 0)
			continue;
		several = found;
		found = *ids;
	}
	if (several)
		err_set(e, ERR_USAGE, "%s: more than one container's id begins so", word);
	else if (!found)
		err_set(e, ERR_NOT_FOUND, "%s: no such container", word);
	return several ? NULL : found;
}

int containers_find(const struct containers *all, const char *word, struct container *c, struct err *e)
{
	char **ids;
	const char *id = NULL;
	int status = -1;

	if (!*word)
		return err_set(e, ERR_USAGE, "'' is no container");
	if (!is_word(word) || all->dir == -1)
		return err_set(e, ERR_NOT_FOUND, "%s: no such container", word);
	if (is_container(all, word))
		return open_id(all, word, c, e);
	if ((ids = containers_list(all, e)) && (id = choose(all, ids, word, e)))
		status = open_id(all, id, c, e);
	containers_free_list(&ids);
	return status;
}

/* --- facts --- */

bool container_fact(const struct container *c, const char *name, char value[CONTAINER_FACT_MAX])
{
	return read_line(c->dir, name, value);
}

static int write_line(int dir, const char *file, const char *value, struct err *e)
{
	cleanup_fd int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	cleanup_buf struct buf line = BUF_INIT;

	buf_addf(&line, "%s\n", value);
	if (buf_check(&line, e) == -1)
		return -1;
	if (fd == -1 || io_write_full(fd, buf_text(&line), line.len) == -1)
		return err_errno(e, errno, "%s", file);
	return io_close(&fd, file, e);
}

int container_set_fact(const struct container *c, const char *name, const char *value, struct err *e)
{
	char new[CONTAINER_NAME_MAX];

	snprintf(new, sizeof new, ".%s.new", name);
	if (write_line(c->dir, new, value, e) == 0 && renameat(c->dir, new, c->dir, name) == -1)
		err_errno(e, errno, "%s", name);
	if (e->kind == ERR_NONE)
		return 0;
	unlinkat(c->dir, new, 0);
	return err_context(e, "container %s", container_id(c));
}

void container_drop_fact(const struct container *c, const char *name)
{
	unlinkat(c->dir, name, 0);
}

void container_time(char text[CONTAINER_TIME_MAX])
{
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(text, CONTAINER_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*text = '\0';
}
