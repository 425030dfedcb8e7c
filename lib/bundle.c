#include "bundle_read.h"

#include "buf.h"
#include "bundle_seccomp.h"
#include "io.h"
#include "sandbox_defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void *bundle_keep(struct bundle *b, void *ptr, struct err *e)
{
	void **more;

	if (!ptr)
		return NULL;
	more = realloc(b->owned, (b->owned_count + 1) * sizeof *more);
	if (!more) {
		free(ptr);
		err_nomem(e);
		return NULL;
	}
	b->owned = more;
	b->owned[b->owned_count++] = ptr;
	return ptr;
}

void *bundle_alloc(struct bundle *b, size_t n, size_t size, struct err *e)
{
	void *ptr = calloc(n + 1, size);

	if (!ptr)
		err_nomem(e);
	return bundle_keep(b, ptr, e);
}

char *bundle_string(struct bundle *b, struct json_value v, const char *name, struct err *e)
{
	char *text = bundle_keep(b, json_string(v, e), e);

	if (!text)
		err_context(e, "%s", name);
	return text;
}

int bundle_strings(struct bundle *b, struct json_value v, const char *name, char ***out, struct err *e)
{
	char **list;

	*out = NULL;
	if (!json_exists(v))
		return 0;
	if (json_type(v) != JSON_ARRAY)
		return err_set(e, ERR_CONTENT, "%s: not an array", name);
	list = bundle_alloc(b, json_count(v), sizeof *list, e);
	if (!list)
		return -1;
	*out = list;
	for (v = json_first(v); json_exists(v); v = json_next(v))
		if (!(*list++ = bundle_string(b, v, name, e)))
			return -1;
	return 0;
}

int bundle_number(struct json_value v, const char *name, int64_t max, int64_t *out, struct err *e)
{
	if (json_int64(v, out, e) == -1)
		return err_context(e, "%s", name);
	if (*out < 0 || *out > max)
		return err_set(e, ERR_CONTENT, "%s: out of range", name);
	return 0;
}

bool bundle_is_number(struct json_value v, int64_t n)
{
	struct err ignored = ERR_INIT;
	int64_t value;

	return json_type(v) == JSON_NUMBER && json_int64(v, &value, &ignored) == 0 && value == n;
}

/* Deeper than the parser lets documents nest this cannot go. */
static bool asks_for_something(struct json_value v)
{
	switch (json_type(v)) {
	case JSON_NONE:
	case JSON_NULL: return false;
	case JSON_BOOL: return json_bool(v, false);
	case JSON_NUMBER: return !bundle_is_number(v, 0);
	case JSON_STRING: return !json_equals(v, "");
	case JSON_ARRAY: return json_count(v) > 0;
	case JSON_OBJECT:
		for (v = json_first(v); json_exists(v); v = json_next(v))
			if (asks_for_something(v))
				return true;
		return false;
	}
	return true;
}

int bundle_refuse(struct json_value object, const char *section, const char *const *names, struct err *e)
{
	for (; *names; names++)
		if (asks_for_something(json_member(object, *names)))
			return err_set(e, ERR_USAGE, "%s%s is not supported: crun or runc can run this bundle", section, *names);
	return 0;
}

int bundle_clean_path(char *path, const char *name, struct err *e)
{
	char *to = path, *from = path;

	if (*path != '/')
		return err_set(e, ERR_CONTENT, "%s %s: not an absolute path", name, path);
	while (*(from += strspn(from, "/"))) {
		size_t len = strcspn(from, "/");

		if (len == 2 && strncmp(from, "..", 2) == 0)
			return err_set(e, ERR_USAGE, "%s: '..' is not supported", name);
		if (len != 1 || *from != '.') {
			*to++ = '/';
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	if (to == path)
		to++; /* the root */
	*to = '\0';
	return 0;
}

static int read_root(struct bundle *b, struct json_value root, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;
	const char *given = bundle_string(b, json_member(root, "path"), "root.path", e);

	if (!given)
		return -1;
	buf_addf(&path, "%s%s%s", *given == '/' ? "" : b->dir, *given == '/' ? "" : "/", given);
	if (buf_check(&path, e) == -1)
		return -1;
	b->sandbox.rootfs = bundle_keep(b, buf_steal(&path), e);
	b->sandbox.readonly_root = json_bool(json_member(root, "readonly"), false);
	return b->sandbox.rootfs ? 0 : -1;
}

static int read_config(struct bundle *b, struct json_value root, struct err *e)
{
	static const char *const refused[] = { "hooks", "solaris", "windows", "vm", "zos", NULL };
	struct json_value hostname = json_member(root, "hostname"), domainname = json_member(root, "domainname");
	char *version = bundle_string(b, json_member(root, "ociVersion"), "ociVersion", e);

	if (!version)
		return -1;
	if (strncmp(version, "1.", 2) != 0)
		return err_set(e, ERR_CONTENT, "ociVersion %s: only version 1 is known", version);
	if (bundle_refuse(root, "", refused, e) == -1 || read_root(b, json_member(root, "root"), e) == -1)
		return -1;
	if (json_exists(hostname) && !(b->sandbox.hostname = bundle_string(b, hostname, "hostname", e)))
		return -1;
	if (json_exists(domainname) && !(b->sandbox.domainname = bundle_string(b, domainname, "domainname", e)))
		return -1;
	if (bundle_read_process(b, json_member(root, "process"), e) == -1)
		return -1;
	if (bundle_read_mounts(b, json_member(root, "mounts"), e) == -1)
		return -1;
	return bundle_read_linux(b, json_member(root, "linux"), e);
}

static int use_defaults(struct bundle *b, struct err *e)
{
	static char path[] = SANDBOX_DEFAULT_PATH, *env[] = { path, NULL }, shell[] = "/bin/sh", *args[] = { shell, NULL };
	struct sandbox *s = &b->sandbox;

	s->rootfs = b->dir;
	s->args = args;
	s->env = env;
	s->cwd = "/";
	s->user = "0";
	s->mounts = sandbox_default_mounts;
	s->mount_count = sandbox_default_mount_count;
	s->masked = sandbox_default_masked;
	s->readonly = sandbox_default_readonly;
	b->built_in_policy = true;
	return bundle_use_seccomp(b, s->caps_bounding, NULL, e);
}

static int new_bundle(struct bundle **out, const char *dir, struct err *e)
{
	struct bundle *b = calloc(1, sizeof *b);

	*out = b;
	if (!b)
		return err_nomem(e);
	sandbox_init(&b->sandbox);
	b->sandbox.host_files = true;
	b->dir = realpath(dir, NULL);
	if (!b->dir && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: no such bundle", dir);
	return b->dir ? 0 : err_errno(e, errno, "%s", dir);
}

/* An image's root may hold a config.json that its maker wrote: it must not pass for ours. */
static int check_no_rootfs(const struct bundle *b, struct err *e)
{
	static const char *const of_a_root[] = { "bin", "etc", "usr", "proc", "sys", "dev", "sbin", "lib" };
	cleanup_fd int dir = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir == -1)
		return err_errno(e, errno, "%s", b->dir);
	for (size_t i = 0; i < sizeof of_a_root / sizeof *of_a_root; i++)
		if (fstatat(dir, of_a_root[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(e, ERR_USAGE, "both config.json and %s/ are there: say --rootfs if it is a root filesystem",
				       of_a_root[i]);
	return 0;
}

/* Returns 1 when there is no config.json. */
static int load(struct bundle *b, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT, path = BUF_INIT;
	cleanup_json struct json *doc = NULL;
	cleanup_fd int fd = -1;

	buf_addf(&path, "%s/config.json", b->dir);
	if (buf_check(&path, e) == -1)
		return -1;
	fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 && errno == ENOENT)
		return 1;
	if (fd == -1)
		return err_errno(e, errno, "config.json");
	if (check_no_rootfs(b, e) == -1)
		return -1;
	if (io_read_all(fd, JSON_BYTES_MAX, &text, e) == -1)
		return err_context(e, "config.json");
	doc = json_parse(buf_text(&text), text.len, e);
	if (!doc || read_config(b, json_root(doc), e) == -1)
		return err_context(e, "config.json");
	return 0;
}

struct bundle *bundle_open(const char *dir, struct err *e)
{
	struct bundle *b;
	int loaded = new_bundle(&b, dir, e);

	if (loaded == 0)
		loaded = load(b, e);
	if (loaded == 1)
		loaded = use_defaults(b, e);
	if (loaded == -1) {
		bundle_free(b);
		err_context(e, "%s", dir);
		return NULL;
	}
	return b;
}

struct bundle *bundle_open_rootfs(const char *dir, struct err *e)
{
	struct bundle *b;

	if (new_bundle(&b, dir, e) == -1 || use_defaults(b, e) == -1) {
		bundle_free(b);
		return NULL;
	}
	return b;
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->owned_count; i++)
		free(b->owned[i]);
	free(b->owned);
	free(b->dir);
	free(b);
}

struct sandbox *bundle_sandbox(struct bundle *b)
{
	return &b->sandbox;
}
