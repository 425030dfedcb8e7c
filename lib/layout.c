#include "layout.h"

#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define LOCK_NAME "index.lock"
#define NEW_NAME "index.json.new"

/* Annotations beside OCI_REF_NAME: containerd's name, and what a listing wants without opening each manifest. */
#define CONTAINERD_NAME "io.containerd.image.name"
#define IMAGE_SIZE "container.image.size"
#define IMAGE_TAGGED "container.image.tagged"

void layout_name_clear(struct layout_name *n)
{
	free(steal_ptr(&n->name));
	free(steal_ptr(&n->tagged));
	descriptor_clear(&n->descriptor);
}

/* Reads images/index.json. A store without names has none: *doc is NULL then. */
static int read_index(const struct store *s, struct json **doc, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_fd int fd = openat(s->images, "index.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_json struct json *parsed = NULL;

	*doc = NULL;
	if (fd == -1)
		return errno == ENOENT ? 0 : err_errno(e, errno, "index.json");
	if (io_read_all(fd, LAYOUT_INDEX_MAX, &text, e) == -1)
		return err_context(e, "index.json");
	parsed = json_parse_max(buf_text(&text), text.len, LAYOUT_INDEX_MAX, e);
	if (!parsed)
		return err_context(e, "index.json");
	if (json_type(json_member(json_root(parsed), "manifests")) != JSON_ARRAY)
		return err_set(e, ERR_CONTENT, "index.json: has no array of manifests");
	*doc = steal_ptr(&parsed);
	return 0;
}

static struct json_value annotation(struct json_value entry, const char *key)
{
	return json_member(json_member(entry, "annotations"), key);
}

/* A size that was written as text; -1 where there is none, or no number. */
static int64_t annotated_size(struct json_value v)
{
	cleanup_free char *text = NULL;
	struct err ignored = ERR_INIT;
	long long value;
	char *end;

	if (json_type(v) != JSON_STRING || !(text = json_string(v, &ignored)))
		return -1;
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno || *end || end == text || value < 0 ? -1 : value;
}

static int read_name(struct json_value entry, struct layout_name *n, struct err *e)
{
	struct json_value tagged = annotation(entry, IMAGE_TAGGED);

	*n = (struct layout_name){ .image_size = annotated_size(annotation(entry, IMAGE_SIZE)) };
	if (descriptor_parse(&n->descriptor, entry, e) == -1)
		return err_context(e, "index.json");
	if (!n->descriptor.ref_name)
		return 0;
	n->name = strdup(n->descriptor.ref_name);
	if (json_type(tagged) == JSON_STRING)
		n->tagged = json_string(tagged, e);
	if (n->name && (n->tagged || json_type(tagged) != JSON_STRING))
		return 0;
	layout_name_clear(n);
	return e->kind == ERR_NONE ? err_nomem(e) : -1;
}

int layout_each(const struct store *s, int (*each)(void *ctx, const struct layout_name *n, struct err *e), void *ctx,
		struct err *e)
{
	cleanup_json struct json *doc = NULL;
	struct json_value v;

	if (read_index(s, &doc, e) == -1 || !doc)
		return e->kind == ERR_NONE ? 0 : -1;
	for (v = json_first(json_member(json_root(doc), "manifests")); json_exists(v); v = json_next(v)) {
		cleanup_layout_name struct layout_name n;
		int status = 0;

		if (read_name(v, &n, e) == -1)
			return -1;
		if (n.name)
			status = each(ctx, &n, e);
		if (status)
			return status;
	}
	return 0;
}

int layout_find(const struct store *s, const char *name, struct layout_name *out, struct err *e)
{
	cleanup_json struct json *doc = NULL;
	struct json_value v;

	if (read_index(s, &doc, e) == -1)
		return -1;
	if (doc)
		for (v = json_first(json_member(json_root(doc), "manifests")); json_exists(v); v = json_next(v))
			if (json_equals(annotation(v, OCI_REF_NAME), name))
				return read_name(v, out, e);
	return err_set(e, ERR_NOT_FOUND, "%s: no image of that name in %s", name, s->path);
}

static void put_time(struct json_writer *w, const char *key)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_put_string(w, key, text);
}

static void put_entry(struct json_writer *w, const char *name, const struct descriptor *d, int64_t image_size)
{
	char size[32];

	json_begin_object(w, NULL);
	descriptor_put_members(w, d);
	json_begin_object(w, "annotations");
	json_put_string(w, OCI_REF_NAME, name);
	json_put_string(w, CONTAINERD_NAME, name);
	snprintf(size, sizeof size, "%lld", (long long)image_size);
	json_put_string(w, IMAGE_SIZE, size);
	put_time(w, IMAGE_TAGGED);
	json_end(w);
	json_end(w);
}

/* The old entries but those of `name`; then, with d, the new one. *dropped counts what went. */
static void put_manifests(struct json_writer *w, const struct json *doc, const char *name, const struct descriptor *d,
			  int64_t image_size, size_t *dropped)
{
	struct json_value v;

	*dropped = 0;
	json_begin_array(w, "manifests");
	if (doc)
		for (v = json_first(json_member(json_root(doc), "manifests")); json_exists(v); v = json_next(v)) {
			if (json_equals(annotation(v, OCI_REF_NAME), name))
				++*dropped;
			else
				json_put_value(w, NULL, v);
		}
	if (d)
		put_entry(w, name, d, image_size);
	json_end(w);
}

static int put_index(struct buf *out, const struct json *doc, const char *name, const struct descriptor *d,
		     int64_t image_size, size_t *dropped, struct err *e)
{
	struct json_writer w;

	json_writer_init(&w, out, 2);
	json_begin_object(&w, NULL);
	if (!doc) {
		json_put_int64(&w, "schemaVersion", 2);
		json_put_string(&w, "mediaType", OCI_INDEX);
		put_manifests(&w, NULL, name, d, image_size, dropped);
	}
	for (struct json_value v = json_first(json_root(doc)); doc && json_exists(v); v = json_next(v)) {
		cleanup_free char *key = json_key(v, e);

		if (!key)
			return -1;
		if (strcmp(key, "manifests") == 0)
			put_manifests(&w, doc, name, d, image_size, dropped);
		else
			json_put_value(&w, key, v);
	}
	json_end(&w);
	buf_addc(out, '\n');
	return buf_check(out, e);
}

static int replace_index(const struct store *s, const struct buf *text, struct err *e)
{
	cleanup_fd int fd =
		openat(s->tmp, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd == -1 || io_write_full(fd, text->data, text->len) == -1 || fsync(fd) == -1)
		return err_errno(e, errno, "tmp/%s", NEW_NAME);
	if (io_close(&fd, NEW_NAME, e) == -1)
		return -1;
	if (renameat(s->tmp, NEW_NAME, s->images, "index.json") == -1 || fsync(s->images) == -1)
		return err_errno(e, errno, "index.json");
	return 0;
}

/* Whether the name leads there already, and nowhere else: then there is nothing to write, nor to wait for the disk. */
static bool stands(const struct json *doc, const char *name, const struct descriptor *d, int64_t image_size)
{
	struct json_value v;
	size_t same = 0, all = 0;

	for (v = json_first(json_member(json_root(doc), "manifests")); json_exists(v); v = json_next(v)) {
		cleanup_layout_name struct layout_name n = { 0 };
		struct err ignored = ERR_INIT;

		if (!json_equals(annotation(v, OCI_REF_NAME), name))
			continue;
		all++;
		same += read_name(v, &n, &ignored) == 0 && digest_equal(&n.descriptor.digest, &d->digest) &&
			n.descriptor.size == d->size && strcmp(n.descriptor.media_type, d->media_type) == 0 &&
			n.image_size == image_size && n.tagged;
	}
	return all == 1 && same == 1;
}

static int change(const struct store *s, const char *name, const struct descriptor *d, int64_t image_size, struct err *e)
{
	cleanup_json struct json *doc = NULL;
	cleanup_buf struct buf text = BUF_INIT;
	size_t dropped;

	if (read_index(s, &doc, e) == -1)
		return -1;
	if (doc && d && stands(doc, name, d, image_size))
		return 0;
	if (put_index(&text, doc, name, d, image_size, &dropped, e) == -1)
		return -1;
	if (!d && !dropped)
		return err_set(e, ERR_NOT_FOUND, "%s: no image of that name in %s", name, s->path);
	return replace_index(s, &text, e);
}

static int change_locked(const struct store *s, const char *name, const struct descriptor *d, int64_t image_size,
			 struct err *e)
{
	int lock = store_lock(s, LOCK_NAME, e), status;

	if (lock == -1)
		return -1;
	status = change(s, name, d, image_size, e);
	if (status == -1)
		unlinkat(s->tmp, NEW_NAME, 0);
	store_unlock(s, LOCK_NAME, &lock);
	return status;
}

int layout_tag(const struct store *s, const char *name, const struct descriptor *d, int64_t image_size, struct err *e)
{
	return change_locked(s, name, d, image_size, e);
}

int layout_untag(const struct store *s, const char *name, struct err *e)
{
	return change_locked(s, name, NULL, 0, e);
}
