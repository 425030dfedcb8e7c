/*
 * naive_beneath - what lib/beneath.c would be without its checks: whole paths, given to the kernel, which follows
 * everything. For tests alone: linked in its place, any hostile layer and any race leads out, unless something else
 * stands in the way.
 */
#include "beneath.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void beneath_without_openat2(void)
{
}

static int fault(const char *path, struct err *e)
{
	if (errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
	return err_errno(e, errno, "%s", path);
}

static int open_directory(int root, const char *path)
{
	return openat(root, *path ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void split(const char *path, char above[BENEATH_PATH_MAX], char name[BENEATH_NAME_MAX])
{
	const char *slash = strrchr(path, '/');

	snprintf(name, BENEATH_NAME_MAX, "%s", slash ? slash + 1 : path);
	snprintf(above, BENEATH_PATH_MAX, "%.*s", slash ? (int)(slash - path) : 0, path);
}

/* The directory `path`, made where it is missing, and those above it. */
static int make(int root, const char *path, const struct beneath_maker *m, struct err *e)
{
	char above[BENEATH_PATH_MAX], name[BENEATH_NAME_MAX];
	cleanup_fd int parent = -1;
	int fd = open_directory(root, path);

	if (fd != -1 || !m || errno != ENOENT)
		return fd == -1 ? fault(path, e) : fd;
	split(path, above, name);
	if ((parent = make(root, above, m, e)) == -1)
		return -1;
	if (m->before && m->before(m->ctx, parent, name, path, false, e) == -1)
		return -1;
	if (mkdirat(root, path, 0755) == -1 || (m->made && m->made(m->ctx, parent, name, path, e) == -1))
		return fault(path, e);
	fd = open_directory(root, path);
	return fd == -1 ? fault(path, e) : fd;
}

int beneath_locate(int root, const char *path, const struct beneath_maker *maker, struct beneath_place *place,
		   struct err *e)
{
	if (strlen(path) >= BENEATH_PATH_MAX)
		return err_set(e, ERR_CONTENT, "a long path");
	split(path, place->where, place->name);
	return make(root, place->where, maker, e);
}

int beneath_parent(int root, const char *path, const struct beneath_maker *maker, char name[BENEATH_NAME_MAX],
		   struct err *e)
{
	struct beneath_place place;
	int fd = beneath_locate(root, path, maker, &place, e);

	if (fd != -1)
		memcpy(name, place.name, sizeof place.name);
	return fd;
}

int beneath_open(int root, const char *path, int flags, struct err *e)
{
	int fd = openat(root, *path ? path : ".", flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd == -1 ? fault(path, e) : fd;
}

int beneath_directory(int root, const char *path, int flags, struct err *e)
{
	int fd = openat(root, *path ? path : ".", flags | O_DIRECTORY | O_CLOEXEC);

	return fd == -1 ? fault(path, e) : fd;
}
