#include "container_lock.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define ID_BYTES 6

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool container_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > CONTAINER_NAME_MAX || !is_alphanumeric(*name))
		return false;
	for (; *name; name++)
		if (!is_alphanumeric(*name) && *name != '_' && *name != '.' && *name != '-')
			return false;
	return true;
}

int container_new_id(char id[CONTAINER_NAME_MAX], struct err *e)
{
	cleanup_fd int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	unsigned char bytes[ID_BYTES];

	if (fd == -1 || io_read_full(fd, bytes, sizeof bytes) != sizeof bytes)
		return err_errno(e, errno, "/dev/urandom");
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

int container_prepare_lock(int dir, struct err *e)
{
	cleanup_fd int fd = container_open_lock(dir, O_CREAT);
	char path[] = "";
	const struct container c = { path, dir, fd };

	return fd == -1 ? err_errno(e, errno, "lock") : container_put_word(&c, CONTAINER_WORD_NONE, 0, e);
}

int containers_check_name(const struct containers *all, const char *name, struct err *e)
{
	char **ids = containers_list(all, e);

	for (char **id = ids; id && *id && e->kind == ERR_NONE; id++)
		if (strcmp(*id, name) == 0 || container_has_name(all, *id, name))
			err_set(e, ERR_USAGE, "%s has the name '%s' already", *id, name);
	containers_free_list(&ids);
	return e->kind == ERR_NONE ? 0 : -1;
}

int containers_add(const struct containers *all, const char *from, const char *id, const char *name, struct err *e)
{
	/* An open file of its own: a lock by flock is the file's. */
	cleanup_fd int lock = name ? openat(all->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (name && (lock == -1 || flock(lock, LOCK_EX) == -1))
		return err_errno(e, errno, "%s: lock", all->path);
	if (name && containers_check_name(all, name, e) == -1)
		return -1;
	return renameat(AT_FDCWD, from, all->dir, id) == -1 ? err_errno(e, errno, "%s/%s", all->path, id) : 0;
}
