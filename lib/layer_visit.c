/*
 * Directories keep the times that their entries gave them: whoever changes something in one puts its time back. For
 * the parent of the entry at hand that is done when the next entry lies elsewhere, so that it happens once for all
 * that lies in it.
 */
#include "layer_state.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define OWNER_ALL 0700
#define ODD_MODES_MAX (4u << 20) /* bytes of paths and modes */

void layer_forget_parent(struct layer *l)
{
	l->parent_known = false;
}

int layer_leave(struct layer *l, struct err *e)
{
	int status = 0;

	if (l->parent != -1)
		status = beneath_put_time(l->parent, &l->parent_mtime, e);
	io_cleanup_fd(&l->parent);
	l->parent_known = false;
	return status == -1 ? err_context(e, "%s", l->parent_where) : 0;
}

int layer_enter(struct layer *l, const char *path, const char *above, const struct beneath_maker *maker, struct err *e)
{
	struct beneath_place place;

	if (layer_leave(l, e) == -1)
		return -1;
	l->parent_acl = l->acls; /* of any directory that is made on the way */
	l->parent = beneath_locate(l->root, path, maker, &place, e);
	if (l->parent == -1 || beneath_keep_time(l->parent, &l->parent_mtime, e) == -1)
		return -1;
	memcpy(l->parent_path, above, strlen(above) + 1);
	memcpy(l->parent_where, place.where, strlen(place.where) + 1);
	l->parent_known = true;
	l->parent_acl = l->acls && layer_has_default_acl(l->parent);
	return 0;
}

/* --- modes that would shut us out --- */

/*
 * Without privileges, a directory that its owner may not write to, look into or pass could not be filled: it gets its
 * mode in the end. Once there is one, the modes of all that follow are kept, so that the last one of a path counts.
 */
int layer_set_mode(struct layer *l, const char *path, int fd, mode_t mode, struct err *e)
{
	mode_t now = mode;

	if (l->unprivileged && ((mode & OWNER_ALL) != OWNER_ALL || l->odd_modes.len)) {
		buf_addf(&l->odd_modes, "%o %s", (unsigned)mode, path);
		buf_addc(&l->odd_modes, '\0');
		if (buf_check(&l->odd_modes, e) == -1)
			return -1;
		if (l->odd_modes.len > ODD_MODES_MAX)
			return err_set(e, ERR_CONTENT, "too many directories that their owner may not enter");
		now |= OWNER_ALL;
	}
	return fchmod(fd, now) == -1 ? err_errno(e, errno, "%s: set the mode", path) : 0;
}

static const char *path_in(const char *line)
{
	return strchr(line, ' ') + 1;
}

/* Deepest first; of one path, the last one of the archive first. */
static int in_order(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int order = strcmp(path_in(y), path_in(x));

	return order ? order : (x < y) - (x > y);
}

static int set_odd_mode(const struct layer *l, const char *line, struct err *e)
{
	struct err gone = ERR_INIT;
	cleanup_fd int fd = beneath_directory(l->root, path_in(line), O_RDONLY, &gone);

	if (fd == -1 && gone.kind == ERR_NOT_FOUND) /* replaced since */
		return 0;
	if (fd == -1)
		return *e = gone, -1;
	if (fchmod(fd, (mode_t)strtoul(line, NULL, 8)) == -1)
		return err_errno(e, errno, "%s: set the mode", path_in(line));
	return 0;
}

int layer_modes_finish(struct layer *l, struct err *e)
{
	const char *text = buf_text(&l->odd_modes), *end = text + l->odd_modes.len;
	cleanup_free const char **lines = NULL;
	size_t n = 0, i = 0;

	for (const char *p = text; p < end; p += strlen(p) + 1)
		n++;
	if (n == 0)
		return 0;
	if (!(lines = calloc(n, sizeof *lines)))
		return err_nomem(e);
	for (const char *p = text; p < end; p += strlen(p) + 1)
		lines[i++] = p;
	qsort(lines, n, sizeof *lines, in_order);
	for (i = 0; i < n; i++)
		if ((i == 0 || strcmp(path_in(lines[i]), path_in(lines[i - 1])) != 0) && set_odd_mode(l, lines[i], e) == -1)
			return -1;
	return 0;
}
