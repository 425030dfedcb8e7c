#include "tar_guard.h"

#include "tar_number.h"

#include <string.h>

/* A header block (POSIX ustar); all fields are bytes without a promised NUL. */
struct header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char sum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char rest[12];
};

_Static_assert(sizeof(struct header) == TAR_BLOCK_SIZE, "a header is one block");

#define STAR_PREFIX 131	      /* bytes; star keeps two times behind its shorter prefix */
#define STAR_MARK "tar"	      /* with its NUL the last bytes of a star header */
#define SIZE_MAX_STORED (INT64_MAX - TAR_BLOCK_SIZE)

void tar_guard_init(struct tar_guard *g, struct source *in)
{
	memset(g, 0, sizeof *g);
	g->in.in = in;
	g->pax = g->global = (struct tar_pax)TAR_PAX_INIT;
}

void tar_guard_clear(struct tar_guard *g)
{
	tar_pax_clear(&g->pax);
	tar_pax_clear(&g->global);
}

static bool all_zeros(const char *p, size_t n)
{
	return n == 0 || (p[0] == '\0' && memcmp(p, p + 1, n - 1) == 0);
}

/* The sum of all bytes, its own field taken as blanks; historic writers added signed characters. */
static bool sum_is_right(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	int64_t said, plain = 8 * ' ', with_signs = 8 * ' ';

	for (size_t i = 0; i < sizeof *h; i++) {
		if (i == offsetof(struct header, sum))
			i += sizeof h->sum;
		plain += p[i];
		with_signs += p[i] < 128 ? p[i] : p[i] - 256;
	}
	return tar_number(h->sum, sizeof h->sum, &said) == 0 && (said == plain || said == with_signs);
}

/* A field that must not be negative and at most max. */
static int field(const char *p, size_t n, int64_t max, const char *what, int64_t *value, struct err *e)
{
	if (tar_number(p, n, value) == -1 || *value < 0 || *value > max)
		return err_set(e, ERR_CONTENT, "the %s of a header is not allowed", what);
	return 0;
}

#define FIELD(h, f, max, value, e) field((h)->f, sizeof(h)->f, max, #f, value, e)

static int once(bool *have, const char *what, struct err *e)
{
	if (*have)
		return err_set(e, ERR_CONTENT, "two %s before one member", what);
	*have = true;
	return 0;
}

static int skip_padding(struct tar_guard *g, int64_t size, struct err *e)
{
	return tar_input_skip(&g->in, (int64_t)tar_padding(size), e);
}

/* GNU's 'L' and 'K': the content is the name, up to its first NUL. */
static int read_long_name(struct tar_guard *g, const struct header *h, char name[TAR_PATH_MAX], struct err *e)
{
	int64_t size;

	if (FIELD(h, size, TAR_PATH_MAX, &size, e) == -1)
		return -1;
	memset(name, 0, TAR_PATH_MAX);
	if (tar_input_exactly(&g->in, name, (size_t)size, e) == -1)
		return -1;
	if (strnlen(name, TAR_PATH_MAX) == TAR_PATH_MAX || *name == '\0')
		return err_set(e, ERR_CONTENT, "a GNU long name that is empty or too long");
	return skip_padding(g, size, e);
}

static int read_pax(struct tar_guard *g, const struct header *h, struct tar_pax *p, struct err *e)
{
	char chunk[4096];
	int64_t size, left;

	if (FIELD(h, size, TAR_PAX_MAX, &size, e) == -1)
		return -1;
	for (left = size; left; ) {
		size_t n = left < (int64_t)sizeof chunk ? (size_t)left : sizeof chunk;
		if (tar_input_exactly(&g->in, chunk, n, e) == -1)
			return -1;
		buf_add(&p->bytes, chunk, n);
		left -= (int64_t)n;
	}
	if (buf_check(&p->bytes, e) == -1 || skip_padding(g, size, e) == -1)
		return -1;
	return tar_pax_parse(p, e);
}

/* Only times are taken from a global header; what would change names or extents of all that follows is refused. */
static int read_global(struct tar_guard *g, const struct header *h, struct err *e)
{
	tar_pax_reset(&g->global);
	if (read_pax(g, h, &g->global, e) == -1)
		return -1;
	if (tar_pax_is_personal(&g->global))
		return err_set(e, ERR_CONTENT, "a global pax header with more than comments and times");
	if (g->global.has_mtime) {
		g->has_global_mtime = true;
		g->global_mtime = g->global.mtime;
	}
	return 0;
}

/* A header that only tells of the next member. 1 when it was one, 0 when not, -1. */
static int take_extension(struct tar_guard *g, const struct header *h, struct err *e)
{
	int r;

	switch (h->type) {
	case 'x':
		r = once(&g->have_pax, "pax headers", e);
		return r == -1 || read_pax(g, h, &g->pax, e) == -1 ? -1 : 1;
	case 'g':
		r = once(&g->have_global, "global pax headers", e);
		return r == -1 || read_global(g, h, e) == -1 ? -1 : 1;
	case 'L':
		r = once(&g->have_path, "GNU long names", e);
		return r == -1 || read_long_name(g, h, g->path, e) == -1 ? -1 : 1;
	case 'K':
		r = once(&g->have_link, "GNU long links", e);
		return r == -1 || read_long_name(g, h, g->link, e) == -1 ? -1 : 1;
	default:
		return 0;
	}
}

/* Copies a field that may fill all its bytes. */
static size_t copy_field(char *out, const char *p, size_t n)
{
	size_t len = strnlen(p, n);

	memcpy(out, p, len);
	out[len] = '\0';
	return len;
}

static bool is_ustar(const struct header *h)
{
	return memcmp(h->magic, "ustar", sizeof h->magic) == 0; /* GNU's has a blank for the NUL, and no prefix */
}

#define GNU_TIME 12 /* bytes */

static bool is_gnu_time(const char *p)
{
	int64_t ignored;

	return *p == '\0' || tar_number(p, GNU_TIME, &ignored) == 0;
}

static bool is_ascii(const char *p, size_t n)
{
	for (size_t i = 0; i < n && p[i]; i++)
		if ((unsigned char)p[i] >= 0x80)
			return false;
	return true;
}

/*
 * GNU has times of access and change where ustar has the prefix. Go before 1.8, and docker with it, wrote prefixes
 * there; as Go itself does since, what is no time is taken for one.
 */
static bool has_go_prefix(const struct header *h)
{
	return memcmp(h->magic, "ustar ", sizeof h->magic) == 0 && memcmp(h->version, " ", sizeof h->version) == 0 &&
	       !(is_gnu_time(h->prefix) && is_gnu_time(h->prefix + GNU_TIME)) && is_ascii(h->prefix, sizeof h->prefix);
}

/* The header's own name: PREFIX/NAME. An empty name stays empty, whatever its prefix is. */
static void own_path(const struct header *h, char path[TAR_PATH_MAX])
{
	bool star = memcmp((const char *)(h + 1) - sizeof STAR_MARK, STAR_MARK, sizeof STAR_MARK) == 0;
	size_t len = 0;

	if ((is_ustar(h) || has_go_prefix(h)) && *h->prefix && *h->name) {
		len = copy_field(path, h->prefix, star ? STAR_PREFIX : sizeof h->prefix);
		path[len++] = '/';
	}
	copy_field(path + len, h->name, sizeof h->name);
}

static int take_names(struct tar_guard *g, const struct header *h, bool is_link, struct err *e)
{
	struct tar_member *m = &g->member;

	if (!g->have_path)
		own_path(h, g->path);
	if (!g->have_link)
		copy_field(g->link, h->link, sizeof h->link);
	m->path = g->pax.path ? g->pax.path : g->path;
	m->link = g->pax.link ? g->pax.link : g->link;
	if (g->pax.sparse_name)
		m->path = g->pax.sparse_name;
	if (!*m->path)
		return err_set(e, ERR_CONTENT, "a member without a name");
	if (!is_link)
		m->link = "";
	else if (!*m->link)
		return err_set(e, ERR_CONTENT, "%s: a link without a target", m->path);
	return 0;
}

static int take_numbers(struct tar_guard *g, const struct header *h, struct err *e)
{
	struct tar_member *m = &g->member;
	int64_t uid = g->pax.uid, gid = g->pax.gid, mtime;

	if (uid == -1 && FIELD(h, uid, UINT32_MAX - 1, &uid, e) == -1)
		return -1;
	if (gid == -1 && FIELD(h, gid, UINT32_MAX - 1, &gid, e) == -1)
		return -1;
	m->uid = (uint32_t)uid;
	m->gid = (uint32_t)gid;
	if (tar_number(h->mtime, sizeof h->mtime, &mtime) == -1)
		return err_set(e, ERR_CONTENT, "the mtime of a header is not allowed");
	m->mtime = (struct timespec){ .tv_sec = (time_t)mtime };
	if (g->has_global_mtime)
		m->mtime = g->global_mtime;
	if (g->pax.has_mtime)
		m->mtime = g->pax.mtime;
	return 0;
}

/* The map of a sparse file, in whichever of the four forms it comes. */
static int take_map(struct tar_guard *g, const struct header *h, struct err *e)
{
	struct tar_member *m = &g->member;
	struct tar_pax *p = &g->pax;

	m->sparse = true;
	if (h->type == 'S') {
		const char *size = (const char *)h + TAR_SPARSE_OLD_SIZE;

		if (field(size, sizeof h->size, INT64_MAX, "real size", &m->size, e) == -1)
			return -1;
		tar_map_reset(&p->map);
		return tar_map_read_old(&p->map, (const char *)h, &g->in, e);
	}
	if (p->sparse_major == 1 && p->sparse_minor == 0) {
		tar_map_reset(&p->map);
		if (tar_map_read_lines(&p->map, &g->in, &m->stored, e) == -1)
			return -1;
	} else if (!p->sparse_mapped || p->sparse_major > 0) {
		return err_set(e, ERR_CONTENT, "%s: a sparse file of a form that is not known", m->path);
	}
	if (p->sparse_size == -1)
		return err_set(e, ERR_CONTENT, "%s: a sparse file without its size", m->path);
	m->size = p->sparse_size;
	return 0;
}

/* How many bytes follow; only files have content, whatever the size field of others says. */
static int take_size(struct tar_guard *g, const struct header *h, char type, struct err *e)
{
	struct tar_member *m = &g->member;
	const struct tar_pax *p = &g->pax;

	m->sparse = false;
	m->stored = m->size = 0;
	if (type != '0')
		return 0;
	m->stored = p->size;
	if (m->stored == -1 && FIELD(h, size, SIZE_MAX_STORED, &m->stored, e) == -1)
		return -1;
	if (m->stored > SIZE_MAX_STORED)
		return err_set(e, ERR_CONTENT, "%s: a size that cannot be", m->path);
	m->size = m->stored;
	if (h->type != 'S' && !p->sparse_mapped && p->sparse_major == -1)
		return 0;
	if (take_map(g, h, e) == -1)
		return -1;
	return tar_map_check(&p->map, m->stored, m->size, e);
}

/* The seven types that POSIX has; 0 for what is refused. Mode bits say nothing about the type. */
static char plain_type(const struct header *h, const char *path)
{
	switch (h->type) {
	case '\0': /* v7, which told directories by a slash */
		return path[strlen(path) - 1] == '/' ? '5' : '0';
	case '7':
	case 'S':
		return '0';
	default:
		return h->type >= '0' && h->type <= '6' ? h->type : '\0';
	}
}

static void write_sum(struct header *h)
{
	unsigned sum = 0;

	memset(h->sum, ' ', sizeof h->sum);
	for (size_t i = 0; i < sizeof *h; i++)
		sum += ((unsigned char *)h)[i];
	tar_write_octal(h->sum, sizeof h->sum - 1, sum);
}

/* A header in which every field is plain octal or a text with its NUL. */
static int write_plain(const struct tar_guard *g, const struct header *h, char type, struct header *out, struct err *e)
{
	const struct tar_member *m = &g->member;
	int64_t mode, major = 0, minor = 0;

	if (FIELD(h, mode, INT64_MAX, &mode, e) == -1)
		return -1;
	if ((type == '3' || type == '4') &&
	    (FIELD(h, major, UINT32_MAX, &major, e) == -1 || FIELD(h, minor, UINT32_MAX, &minor, e) == -1))
		return -1;
	memset(out, 0, sizeof *out);
	strncpy(out->name, m->path, sizeof out->name - 1);
	strncpy(out->link, m->link, sizeof out->link - 1);
	tar_write_octal(out->mode, sizeof out->mode, (uint64_t)mode & 07777);
	tar_write_octal(out->uid, sizeof out->uid, m->uid);
	tar_write_octal(out->gid, sizeof out->gid, m->gid);
	tar_write_octal(out->size, sizeof out->size, (uint64_t)m->stored);
	tar_write_octal(out->mtime, sizeof out->mtime, m->mtime.tv_sec < 0 ? 0 : (uint64_t)m->mtime.tv_sec);
	tar_write_octal(out->major, sizeof out->major, (uint64_t)major);
	tar_write_octal(out->minor, sizeof out->minor, (uint64_t)minor);
	out->type = type;
	memcpy(out->magic, "ustar", sizeof out->magic);
	memcpy(out->version, "00", sizeof out->version);
	write_sum(out);
	return 0;
}

static int take_member(struct tar_guard *g, const struct header *h, struct header *plain, struct err *e)
{
	bool is_link = h->type == '1' || h->type == '2';
	char type;

	if (take_names(g, h, is_link, e) == -1)
		return -1;
	type = plain_type(h, g->member.path);
	if (!type)
		return err_set(e, ERR_CONTENT, "%s: a member of type '%c' is refused", g->member.path, h->type);
	if (take_numbers(g, h, e) == -1 || take_size(g, h, type, e) == -1)
		return err_context(e, "%s", g->member.path);
	return write_plain(g, h, type, plain, e) == -1 ? -1 : 1;
}

/* After the end of the archive. */
static int drain(struct tar_guard *g, struct err *e)
{
	char data[16384];
	ssize_t n;

	if (g->have_pax || g->have_path || g->have_link)
		return err_set(e, ERR_CONTENT, "the archive ends where a member was announced");
	while ((n = tar_input_read(&g->in, data, sizeof data, e)) > 0)
		if (!g->trailing && !all_zeros(data, (size_t)n))
			g->trailing = true;
	return (int)n;
}

int tar_guard_next(struct tar_guard *g, char plain[TAR_BLOCK_SIZE], struct err *e)
{
	struct header h;
	int r;

	g->have_pax = g->have_global = g->have_path = g->have_link = false;
	tar_pax_reset(&g->pax);
	for (;;) {
		r = tar_input_block(&g->in, (char *)&h, e);
		if (r == -1)
			return -1;
		if (r == 0 || all_zeros((const char *)&h, sizeof h))
			return drain(g, e);
		if (!sum_is_right(&h))
			return err_set(e, ERR_CONTENT, "a block that is no tar header");
		r = take_extension(g, &h, e);
		if (r == -1)
			return -1;
		if (r == 0)
			return take_member(g, &h, (struct header *)plain, e);
	}
}
