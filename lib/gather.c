#include "gather.h"

#include "io.h"

#include <string.h>

void gather_init(struct gather *g, const struct store *s, int fd)
{
	memset(g, 0, sizeof *g);
	g->store = s;
	record_reader_init(&g->reader, fd);
}

static int next_record(struct gather *g, struct record *r, struct err *e)
{
	if (g->idle && !record_ready(&g->reader) && g->idle(g->ctx, g->reader.fd, e) == -1)
		return -1;
	return record_next(&g->reader, r, e);
}

/* The next manifest's record; indexes before it are kept. 1, 0, -1. */
static int next_manifest(struct gather *g, struct record *r, struct err *e)
{
	int status;

	for (;;) {
		if (g->have_pending)
			*r = g->pending;
		else if ((status = next_record(g, r, e)) != 1)
			break;
		g->have_pending = false;
		if (record_kind(r) == OCI_KIND_MANIFEST)
			return 1;
		if (record_kind(r) != OCI_KIND_INDEX)
			continue; /* of an image whose manifest did not come: it is refused by that */
		g->index = *r;
		g->have_index = true;
	}
	if (status == 0 && g->last && !g->any)
		return err_set(e, ERR_NOT_FOUND, "no image arrived");
	return status;
}

static bool same(const struct record *r, const struct descriptor *d)
{
	return digest_equal(&r->digest, &d->digest) && r->size == d->size;
}

/* Marks what the record stands for: part 0 is the config, part i + 1 the layer i. A layer may stand in an image twice. */
static int mark(struct gather *g, const struct image *im, const struct record *r, bool *there, struct err *e)
{
	if (!there[0] && same(r, &im->manifest.config)) {
		there[0] = true;
		return 0;
	}
	for (size_t i = 0; i < im->manifest.count; i++)
		if (!there[i + 1] && same(r, &im->manifest.layers[i])) {
			there[i + 1] = true;
			return g->arrived ? g->arrived(g->ctx, im, i, e) : 0;
		}
	return err_set(e, ERR_CONTENT, "%s is no part of the image %s", digest_str(&r->digest).text,
		       digest_str(&im->descriptor.digest).text);
}

static int collect(struct gather *g, const struct image *im, bool *there, struct err *e)
{
	struct record r;
	int status;

	while ((status = next_record(g, &r, e)) == 1) {
		if (record_kind(&r) == OCI_KIND_MANIFEST || record_kind(&r) == OCI_KIND_INDEX) {
			g->pending = r;
			g->have_pending = true;
			return 0;
		}
		if (mark(g, im, &r, there, e) == -1)
			return -1;
	}
	return status;
}

static int check_parts(const struct gather *g, const struct image *im, const bool *there, struct err *e)
{
	size_t missing = 0, first = 0;

	for (size_t i = im->manifest.count + 1; i-- > 0;)
		if (!there[i]) {
			missing++;
			first = i;
		}
	if (!missing)
		return 0;
	return err_set(e, ERR_CONTENT, "%s %s: incomplete, %zu of %zu parts did not arrive (%s first)", g->source,
		       digest_str(&im->descriptor.digest).text, missing, im->manifest.count + 1,
		       digest_str(first ? &im->manifest.layers[first - 1].digest : &im->manifest.config.digest).text);
}

int gather_next(struct gather *g, struct image *im, struct err *e)
{
	cleanup_free bool *there = NULL;
	struct descriptor d = { 0 };
	struct record r;
	int status;

	*im = (struct image)IMAGE_INIT;
	g->config_arrived = g->incomplete = false;
	status = next_manifest(g, &r, e);
	if (status != 1)
		return status;
	g->any = true;
	snprintf(g->source, sizeof g->source, "%s", r.source);
	d.media_type = r.media_type;
	d.digest = r.digest;
	d.size = r.size;
	if (image_open(im, g->store, &d, e) == -1)
		return -1;
	there = calloc(im->manifest.count + 1, sizeof *there);
	if (!there)
		return err_nomem(e);
	if (collect(g, im, there, e) == -1)
		return -1;
	g->config_arrived = there[0];
	if (check_parts(g, im, there, e) == -1) {
		g->incomplete = true;
		return -1;
	}
	g->images++;
	return 1;
}

bool gather_ended(const struct gather *g)
{
	return !g->have_pending && g->reader.eof && g->reader.used == g->reader.len;
}
