#include "metadata.h"

#include "fsext.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define XATTRS_MAX 65536 /* bytes of names, and of one value: the kernel's limits */

static bool overlay_attribute(const char *name)
{
	return strncmp(name, "user.overlay.", 13) == 0 || strncmp(name, "trusted.overlay.", 16) == 0;
}

static void copy_xattrs(int from, const char *from_name, int to, const char *to_name, char *list, char *value)
{
	ssize_t n = fsext_list_xattr(from, from_name, list, XATTRS_MAX), size;

	for (char *name = list; n > 0 && name < list + n; name += strlen(name) + 1) {
		if (overlay_attribute(name))
			continue;
		size = fsext_get_xattr(from, from_name, name, value, XATTRS_MAX);
		if (size >= 0)
			(void)fsext_set_xattr(to, to_name, name, value, (size_t)size);
	}
}

/* A directory that was there already may have some that `from` has not. */
static void drop_xattrs(int from, const char *from_name, int to, const char *to_name, char *list)
{
	ssize_t n = fsext_list_xattr(to, to_name, list, XATTRS_MAX);

	for (char *name = list; n > 0 && name < list + n; name += strlen(name) + 1)
		if (!overlay_attribute(name) && fsext_get_xattr(from, from_name, name, NULL, 0) == -1 && errno == ENODATA)
			(void)fsext_remove_xattr(to, to_name, name);
}

int metadata_copy(int from, const char *from_name, const struct stat *st, int to, const char *to_name, struct err *e)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	cleanup_free char *list = malloc(XATTRS_MAX), *value = malloc(XATTRS_MAX);
	const char *shown = *to_name ? to_name : "directory";
	int at = *to_name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;

	if (!list || !value)
		return err_nomem(e);
	if (fchownat(to, to_name, st->st_uid, st->st_gid, at) == -1)
		return err_errno(e, errno, "%s: owner", shown);
	if (!S_ISLNK(st->st_mode) && fchmodat(to, *to_name ? to_name : ".", st->st_mode & 07777, 0) == -1)
		return err_errno(e, errno, "%s: mode", shown);
	if (S_ISDIR(st->st_mode))
		drop_xattrs(from, from_name, to, to_name, list);
	copy_xattrs(from, from_name, to, to_name, list, value);
	if (utimensat(to, *to_name ? to_name : ".", times, AT_SYMLINK_NOFOLLOW) == -1)
		return err_errno(e, errno, "%s: times", shown);
	return 0;
}
