#include "unpack.h"

#include "confine.h"
#include "hash.h"
#include "inflate.h"
#include "pump.h"
#include "tar.h"

#include <string.h>

#define KEEP_MAX 6 /* descriptors */

static int check_diff_id(const struct digest *expected, struct hash *h, struct err *e)
{
	struct digest actual;

	hash_final(h, &actual);
	if (digest_equal(&actual, expected))
		return 0;
	return err_set(e, ERR_CONTENT, "its diff_id is %s, not %s", digest_str(&actual).text, digest_str(expected).text);
}

/* In the process that decompresses. */
static struct source *open_plain(void *ctx, struct err *e)
{
	static struct source_fd raw;
	const struct unpack_input *in = ctx;
	struct inflate *z;

	source_fd_init(&raw, in->fd, in->what);
	z = inflate_new(&raw.source, in->window_max, e);
	return z ? inflate_source(z) : NULL;
}

/* The whole world becomes the tree: what slips through the walk beneath the root still cannot leave it. */
static int confine_to_tree(int in, int root, const int *keep, size_t keep_count, struct err *e)
{
	int all[KEEP_MAX] = { in };

	if (keep_count > KEEP_MAX - 1)
		return err_set(e, ERR_IO, "too many descriptors to keep");
	for (size_t i = 0; i < keep_count; i++)
		all[i + 1] = keep[i];
	return confine(root, all, keep_count + 1, e);
}

int unpack_stream(const struct unpack_input *in, int root, const struct layer_options *options, const int *keep,
		  size_t keep_count, struct err *e)
{
	cleanup_hash struct hash *plain = hash_new(e); /* which opens files: not possible later */
	cleanup_pump struct pump *pump = NULL;
	cleanup_tar struct tar *t = NULL;
	struct source_hash hashed;

	if (!plain || confine_to_tree(in->fd, root, keep, keep_count, e) == -1)
		return -1;
	if (!(pump = pump_new(&(struct pump_job){ open_plain, (void *)(uintptr_t)in, in->fd }, e)))
		return -1;
	source_hash_init(&hashed, pump_source(pump), plain);
	if (!(t = tar_new(&hashed.source, e)) || layer_apply(t, root, options, e) == -1)
		return -1;
	return in->diff_id ? check_diff_id(in->diff_id, plain, e) : 0;
}
