#include "mkbundle_facts.h"

#include "beneath.h"
#include "container.h"
#include "fsext.h"
#include "metadata.h"
#include "mkbundle_volumes.h"
#include "notes.h"
#include "overlay.h"
#include "owners.h"
#include "rootfs.h"
#include "stack.h"
#include "unfinished.h"
#include "unpacked.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* One bundle in the making; also what the worker gets. */
struct making {
	const struct mkbundle *how;
	const struct store *store;
	const struct image *image;
	struct bundle_overlay overlay;
	int *layers;   /* the layers' trees, base first */
	size_t opened; /* how many of them are open */
	char *dir;     /* absolute path of the unfinished bundle */
	const char *final; /* the one it will have; borrowed */
	struct userns ns; /* of who runs the bundle */
	struct userns worker; /* of who makes it */
	bool chown;    /* owners that unpacking could not set can be set now (owners.h) */
	int dir_fd;
};

static void making_clear(struct making *m)
{
	unpacked_close_all(m->layers, m->opened);
	for (size_t i = 0; i < m->overlay.count; i++)
		free(m->overlay.lower[i]);
	free((void *)m->overlay.lower);
	free(m->dir);
	io_cleanup_fd(&m->dir_fd);
}

static int open_layers(struct making *m, struct err *e)
{
	m->layers = unpacked_open_all(m->store, m->image->chain_ids, m->image->config.count, e);
	if (!m->layers)
		return -1;
	m->opened = m->image->config.count;
	return 0;
}

/* --- the user, from the image's own files --- */

/* An absent file is no error: -1 with e unset. */
static int open_image_file(const struct making *m, const char *path, struct err *e)
{
	struct stack stack = { m->layers, m->opened };
	struct err inner = ERR_INIT;
	int fd = stack_open_file(&stack, path, &inner);

	if (fd == -1 && inner.kind != ERR_NOT_FOUND)
		*e = inner;
	return fd;
}

static int find_user(const struct making *m, struct user *u, struct err *e)
{
	cleanup_fd int passwd = open_image_file(m, "etc/passwd", e), group = -1;
	const char *spec = m->how->user ? m->how->user : m->image->config.user;

	if (e->kind == ERR_NONE)
		group = open_image_file(m, "etc/group", e);
	return e->kind == ERR_NONE ? user_resolve(u, spec, passwd, group, e) : -1;
}

/* --- the root --- */

static int add_lower(struct making *m, const struct digest *chain_id, struct err *e)
{
	struct buf path = BUF_INIT;

	unpacked_path(m->store, chain_id, &path);
	if (!(((char **)m->overlay.lower)[m->overlay.count] = buf_steal(&path)))
		return err_nomem(e);
	m->overlay.count++;
	return 0;
}

/* The names of an overlay's parts, as config.json will have them. */
static int plan_overlay(struct making *m, struct buf *upper, struct buf *work, struct err *e)
{
	size_t n = m->image->config.count;

	if (n > OVERLAY_LAYERS_MAX)
		return err_set(e, ERR_USAGE, "%zu layers: an overlay takes %d (use -m copy)", n, OVERLAY_LAYERS_MAX);
	m->overlay.lower = calloc(n + 1, sizeof *m->overlay.lower);
	if (!m->overlay.lower)
		return err_nomem(e);
	while (n > 0) {
		if (add_lower(m, &m->image->chain_ids[--n], e) == -1)
			return -1;
		if (fsext_is_opaque(m->layers[n])) /* complete by itself; and overlayfs does not ask a root for this mark */
			break;
	}
	buf_addf(upper, "%s/upper", m->final);
	buf_addf(work, "%s/work", m->final);
	m->overlay.upper = buf_text(upper);
	m->overlay.work = buf_text(work);
	return buf_check(work, e);
}

static int open_made(const struct making *m, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(m->dir_fd, name, 0755) == -1)
		return err_errno(e, errno, "mkdir %s", name);
	fd = openat(m->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd == -1 ? err_errno(e, errno, "%s", name) : fd;
}

/* Whether the worker has fewer ids than who runs the bundle: what needs more of them then has to fail. */
static bool is_narrow(const struct making *m)
{
	return m->worker.kind != m->ns.kind;
}

/* An access list names ids; metadata_copy leaves out one that cannot be set. acl(5) */
static bool has_acl(int dir)
{
	return fsext_get_xattr(dir, "", "system.posix_acl_access", NULL, 0) > 0 ||
	       fsext_get_xattr(dir, "", "system.posix_acl_default", NULL, 0) > 0;
}

/* The upper directory is what the container sees as its root, so it looks like the image's. */
static int make_upper(const struct making *m, struct err *e)
{
	struct stat st;
	cleanup_fd int upper = -1;
	int top;

	umask(0);
	if ((upper = open_made(m, "upper", e)) == -1)
		return -1;
	if (mkdirat(m->dir_fd, "work", 0755) == -1 || mkdirat(m->dir_fd, "rootfs", 0755) == -1)
		return err_errno(e, errno, "mkdir");
	top = m->layers[m->opened - 1];
	if (fstat(top, &st) == -1)
		return err_errno(e, errno, "layer");
	if (is_narrow(m) && has_acl(top))
		return err_set(e, ERR_DENIED, "the image's root has an access list");
	return metadata_copy(top, "", &st, upper, "", e);
}

struct device {
	unsigned major, minor, mode, uid, gid;
	char type; /* 'b' or 'c' */
	struct timespec mtime;
};

static int parse_device(const char *text, struct device *d, struct err *e)
{
	long long seconds;

	if (sscanf(text, "%c %u:%u %o %u:%u %lld.%9ld", &d->type, &d->major, &d->minor, &d->mode, &d->uid, &d->gid,
		   &seconds, &d->mtime.tv_nsec) != 8)
		return err_set(e, ERR_CONTENT, "notes: a malformed device");
	d->mtime.tv_sec = (time_t)seconds;
	return 0;
}

/* The directory has its time from the layer already, and keeps it. */
static int put_device(int parent, const char *name, const struct device *d, struct err *e)
{
	struct timespec times[2] = { d->mtime, d->mtime }, parent_mtime;

	if (beneath_keep_time(parent, &parent_mtime, e) == -1 || beneath_remove(parent, name, e) == -1)
		return -1;
	if (mknodat(parent, name, (d->type == 'b' ? S_IFBLK : S_IFCHR) | 0600, makedev(d->major, d->minor)) == -1 ||
	    fchownat(parent, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) == -1 ||
	    fchmodat(parent, name, d->mode & 07777, 0) == -1 ||
	    utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) == -1)
		return err_errno(e, errno, "%s", name);
	return beneath_put_time(parent, &parent_mtime, e);
}

static int make_device(void *ctx, enum layer_note kind, const char *path, const char *argument, struct err *e)
{
	char name[BENEATH_NAME_MAX];
	cleanup_fd int parent = -1;
	struct device d;
	int root = *(int *)ctx;

	if (kind != LAYER_NOTE_DEVICE)
		return 0;
	if (parse_device(argument, &d, e) == -1 || (parent = beneath_parent(root, path, NULL, name, e)) == -1)
		return -1;
	if (put_device(parent, name, &d, e) == -1)
		return err_context(e, "device %s", path);
	return 0;
}

static int make_devices(int layer, int root, struct err *e)
{
	cleanup_file FILE *notes = notes_open(layer, "../notes", e);

	return notes ? notes_read(notes, make_device, &root, e) : -1;
}

static int copy_layer(const struct making *m, const int *layer, int root, struct err *e)
{
	cleanup_owners struct owners *o = m->chown ? owners_begin(*layer, root, e) : NULL;

	if (m->chown && !o)
		return -1;
	if (rootfs_copy(layer, 1, root, e) == -1 || (o && owners_set(o, e) == -1))
		return -1;
	return m->how->devices ? make_devices(*layer, root, e) : 0;
}

/* The merged tree. A layer at a time, so that a device goes when a layer above it removes it. */
static int make_copy(const struct making *m, struct err *e)
{
	cleanup_fd int root = -1;

	umask(0);
	io_allow_descriptors(); /* three a directory on the way down */
	if ((root = open_made(m, "rootfs", e)) == -1)
		return -1;
	for (size_t i = 0; i < m->opened; i++)
		if (copy_layer(m, &m->layers[i], root, e) == -1)
			return -1;
	return 0;
}

/* --- what the image's config names and its layers need not have --- */

static int make_volume(const struct making *m, bool overlay, int root, const char *path, struct err *e)
{
	const struct stack stack = { m->layers, m->opened };

	return overlay ? mkbundle_volume_in_upper(&stack, root, path, e) : mkbundle_volume_in_tree(root, path, e);
}

/* A narrow worker makes no directories: they would be like those above them, whosever those are. */
static int check_volumes(const struct making *m, struct err *e)
{
	const struct stack stack = { m->layers, m->opened };
	const struct oci_config *config = &m->image->config;
	cleanup_buf struct buf cwd = BUF_INIT;

	bundle_working_dir(config, &m->how->over, &cwd);
	if (buf_check(&cwd, e) == -1)
		return -1;
	if ((config->volumes && *config->volumes) || mkbundle_volume_missing(&stack, buf_text(&cwd), e) == 1)
		return err_set(e, ERR_DENIED, "there are directories to be made");
	return e->kind == ERR_NONE ? 0 : -1;
}

/* Volumes, and the working directory; whether the latter can be one is found out when somebody goes there. */
static int make_volumes(const struct making *m, bool overlay, struct err *e)
{
	cleanup_fd int root = openat(m->dir_fd, overlay ? "upper" : "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_buf struct buf cwd = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (root == -1)
		return err_errno(e, errno, "root");
	for (char *const *path = m->image->config.volumes; path && *path; path++)
		if (make_volume(m, overlay, root, *path, e) == -1)
			return err_context(e, "volume %s", *path);
	bundle_working_dir(&m->image->config, &m->how->over, &cwd);
	if (buf_check(&cwd, e) == -1)
		return -1;
	make_volume(m, overlay, root, buf_text(&cwd), &ignored);
	return 0;
}

/* --- the directory --- */

/* Makes the directory that becomes the bundle. Appends the final, absolute path. */
static int make_dir(struct making *m, const char *target, struct buf *final, struct err *e)
{
	cleanup_free char *for_parent = strdup(target), *for_name = strdup(target), *parent = NULL;
	const char *name;

	if (!for_parent || !for_name)
		return err_nomem(e);
	name = basename(for_name);
	if (!*target || strcmp(name, "/") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, ERR_USAGE, "'%s' cannot become a bundle: give it a name", target);
	if (!(parent = realpath(dirname(for_parent), NULL)))
		return err_errno(e, errno, "%s", target);
	buf_addf(final, "%s/%s", parent, name);
	if (buf_check(final, e) == -1)
		return -1;
	m->dir_fd = unfinished_make(m->store, parent, &m->dir, e);
	return m->dir_fd == -1 ? -1 : 0;
}

/*
 * Worker: all of the bundle. Even to read the image's passwd takes the rights over its files that a user has in the
 * namespace of his subordinate ids alone.
 */
static int fill(void *ctx, struct err *e)
{
	struct making *m = ctx;
	cleanup_buf struct buf config = BUF_INIT, upper = BUF_INIT, work = BUF_INIT;
	bool overlay = !m->how->copy && m->image->config.count > 0;
	cleanup_free struct user *user = calloc(1, sizeof *user);

	if (!user)
		return err_nomem(e);
	if (open_layers(m, e) == -1 || find_user(m, user, e) == -1 ||
	    (overlay && plan_overlay(m, &upper, &work, e) == -1))
		return -1;
	if (bundle_write_config(&m->image->config, user, &m->how->over, &m->overlay, &m->ns, &config, e) == -1 ||
	    io_write_new(m->dir_fd, "config.json", &config, e) == -1 ||
	    mkbundle_write_facts(m->how, m->image, m->dir_fd, &config, e) == -1)
		return -1;
	if ((overlay ? make_upper(m, e) : make_copy(m, e)) == -1)
		return -1;
	return is_narrow(m) ? check_volumes(m, e) : make_volumes(m, overlay, e);
}

static int put_in_place(const struct making *m, struct err *e)
{
	if (m->how->among)
		return containers_add(m->how->among, m->dir, strrchr(m->final, '/') + 1, m->how->container_name, e);
	return rename(m->dir, m->final) == -1 ? err_errno(e, errno, "%s", m->final) : 0;
}

/* Makes what is planned by a worker with the ids of `worker`. */
static int make(const struct making *plan, const struct userns *worker, const char *target, struct err *e)
{
	__attribute__((cleanup(making_clear))) struct making m = *plan;
	cleanup_buf struct buf final = BUF_INIT;
	struct err ignored = ERR_INIT;

	m.worker = *worker;
	m.chown = userns_can_chown(worker);
	if (make_dir(&m, target, &final, e) == 0 && (m.final = buf_text(&final)) && worker_run(worker, 0, fill, &m, e) == 0)
		put_in_place(&m, e);
	if (e->kind == ERR_NONE)
		return 0;
	if (m.dir)
		unfinished_remove(m.dir, &ignored);
	return -1;
}

int mkbundle_make(const struct mkbundle *how, const struct store *s, const struct image *im, const char *target,
		  struct err *e)
{
	struct making plan = { .how = how, .store = s, .image = im, .dir_fd = -1 };
	struct err ignored = ERR_INIT;
	struct userns own;

	if (userns_plan(&plan.ns, e) == -1)
		return -1;
	/* Few images need more than the user's own id for an overlay's upper directory. */
	userns_plan_own(&own);
	if (plan.ns.kind == USERNS_SUBIDS && !how->copy && make(&plan, &own, target, &ignored) == 0)
		return 0;
	return make(&plan, &plan.ns, target, e);
}

/*
 * A bundle that runs as a container has a lock that somebody holds; and whose overlay is mounted, a claim on it: *claim is ours,
 * so that nobody mounts it meanwhile; -1 where there is no overlay.
 */
static int check_not_running(const char *path, int *claim, struct err *e)
{
	cleanup_container struct container c = CONTAINER_INIT;
	cleanup_buf struct buf work = BUF_INIT;
	struct container_status s;
	struct err why = ERR_INIT;

	if (container_open(&c, path, e) == -1 || container_look(&c, &s, e) == -1)
		return -1;
	if (s.held)
		return err_set(e, ERR_USAGE, "it runs");
	buf_addf(&work, "%s/work", path);
	if (buf_check(&work, e) == -1)
		return -1;
	if (overlay_exists)
		*claim = overlay_claim(buf_text(&work), &why);
	return why.kind == ERR_USAGE ? err_set(e, ERR_USAGE, "it runs") : 0;
}

/* The trees first: a bundle that cannot be removed whole stays one, by its config.json. */
static int remove_bundle(const char *path, struct err *e)
{
	static const char *const trees[] = { "rootfs", "upper", "work" };

	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
		cleanup_buf struct buf tree = BUF_INIT;

		buf_addf(&tree, "%s/%s", path, trees[i]);
		if (buf_check(&tree, e) == -1)
			return -1;
		if (faccessat(AT_FDCWD, buf_text(&tree), F_OK, AT_SYMLINK_NOFOLLOW) == 0 && unfinished_remove(buf_text(&tree), e) == -1)
			return -1;
	}
	return unfinished_remove(path, e);
}

int mkbundle_remove(const char *target, struct err *e)
{
	cleanup_buf struct buf config = BUF_INIT;
	cleanup_free char *path = realpath(target, NULL);
	cleanup_fd int claim = -1;

	if (!path)
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "%s: no such bundle", target) :
					 err_errno(e, errno, "%s", target);
	buf_addf(&config, "%s/config.json", path);
	if (buf_check(&config, e) == -1)
		return -1;
	if (access(buf_text(&config), F_OK) == -1)
		return err_set(e, ERR_USAGE, "%s: not a bundle (it has no config.json)", target);
	if (check_not_running(path, &claim, e) == -1 || remove_bundle(path, e) == -1)
		return err_context(e, "%s", target);
	return 0;
}
