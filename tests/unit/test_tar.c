#include "tar.h"

#include "tar_escape.h"
#include "tar_number.h"
#include "tar_pax.h"
#include "test.h"
#include "tree.h"

struct source_buf {
	struct source source;
	const char *data;
	size_t left, step; /* step: at most so many bytes a read */
};

static ssize_t read_buf(struct source *self, void *data, size_t n, struct err *e)
{
	struct source_buf *s = (struct source_buf *)self;

	(void)e;
	if (n > s->step)
		n = s->step;
	if (n > s->left)
		n = s->left;
	if (n)
		memcpy(data, s->data, n);
	s->data += n;
	s->left -= n;
	return (ssize_t)n;
}

/* Tells of all members: type path link mode size, and their content with its offsets; then how it ended. */
static void tell(const struct buf *archive, size_t step, struct buf *out)
{
	struct source_buf s = { { read_buf }, archive->data, archive->len, step };
	struct err e = ERR_INIT;
	cleanup_tar struct tar *t = tar_new(&s.source, &e);
	struct tar_entry entry;
	int r;

	while ((r = tar_next(t, &entry, &e)) == 1) {
		char data[64];
		int64_t at, next = -1;
		ssize_t n;

		buf_addf(out, "%d %s %s %o %lld", entry.type, entry.path, entry.link, entry.mode, (long long)entry.size);
		for (size_t i = 0; i < entry.xattr_count; i++)
			buf_addf(out, " %s=%.*s", entry.xattrs[i].name, (int)entry.xattrs[i].len,
				 (const char *)entry.xattrs[i].value);
		while ((n = tar_data(t, data, sizeof data, &at, &e)) > 0) {
			if (at != next)
				buf_addf(out, " @%lld:", (long long)at);
			buf_add(out, data, (size_t)n);
			next = at + n;
		}
		buf_addc(out, '\n');
	}
	buf_addf(out, "%s%s\n", r == 0 ? "end" : e.kind == ERR_CONTENT ? "refused" : "failed",
		 tar_trailing_data(t) ? " trailing" : "");
}

/* The same whatever the source's reads are like. */
static void check_archive(const struct buf *archive, const char *expected)
{
	static const size_t steps[] = { 1, 7, 511, 512, 1 << 20 };

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		cleanup_buf struct buf told = BUF_INIT;

		tell(archive, steps[i], &told);
		CHECK_STR(buf_text(&told), expected);
	}
}

static void add(struct buf *out, char type, const char *path, const char *content, size_t n)
{
	char header[512];

	tree_header(header, type, path, "", n, 0644);
	tree_add(out, header, content, n);
}

static void add_text(struct buf *out, char type, const char *path, const char *content)
{
	add(out, type, path, content, strlen(content));
}

/* Appends a pax record, which begins with its own length. */
static void add_record(struct buf *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, n = rest + 1;

	while (n != rest + (size_t)snprintf(NULL, 0, "%zu", n))
		n = rest + (size_t)snprintf(NULL, 0, "%zu", n);
	buf_addf(out, "%zu %s=%s\n", n, key, value);
}

/* A pax header of the records "KEY=VALUE", which spaces separate. */
static void add_pax(struct buf *out, char type, const char *records)
{
	cleanup_buf struct buf text = BUF_INIT;
	char key[64];
	int n = 0, value;

	for (; sscanf(records, " %63[^=]=%n", key, &n) == 1; records += n + value) {
		char text_value[64];

		value = (int)strcspn(records + n, " ");
		snprintf(text_value, sizeof text_value, "%.*s", value, records + n);
		add_record(&text, key, text_value);
	}
	add_text(out, type, "pax", buf_text(&text));
}

static void add_end(struct buf *out)
{
	static const char end[1024];

	buf_add(out, end, sizeof end);
}

static void test_plain_members(void)
{
	static const char *const lines[] = { "d etc 755", "f etc/a hello", "l b etc/a", "h c etc/a", "p q -", NULL };
	cleanup_buf struct buf b = BUF_INIT;

	tree_layer(&b, lines);
	check_archive(&b, "5 etc  755 0\n0 etc/a  644 5 @0:hello\n2 b etc/a 644 0\n1 c etc/a 644 0\n6 q  644 0\nend\n");
}

static void test_pax_and_gnu_names(void)
{
	cleanup_buf struct buf b = BUF_INIT;

	add_pax(&b, 'x', "path=new SCHILY.xattr.user.k=val");
	add_text(&b, 'L', "L", "gnu");
	add_text(&b, '0', "own", "1");
	add_text(&b, 'L', "L", "gnu");
	add_text(&b, '0', "own", "2");
	add_pax(&b, 'g', "comment=abc");
	add_text(&b, '0', "own", "3");
	add_end(&b);
	check_archive(&b, "0 new  644 1 user.k=val @0:1\n0 gnu  644 1 @0:2\n0 own  644 1 @0:3\nend\n");
}

static void check_pax(const char *records, const char *expected)
{
	cleanup_buf struct buf b = BUF_INIT;

	add_pax(&b, 'x', records);
	add_text(&b, '0', "own", "1");
	add_end(&b);
	check_archive(&b, expected);
}

/* As GNU tar, Go and bsdtar write them. */
static void test_attributes(void)
{
	check_pax("LIBARCHIVE.xattr.user.k=dmFs", "0 own  644 1 user.k=val @0:1\nend\n");
	check_pax("LIBARCHIVE.xattr.user.k=dmFsdQ==", "0 own  644 1 user.k=valu @0:1\nend\n");
	check_pax("LIBARCHIVE.xattr.user.k=", "0 own  644 1 user.k= @0:1\nend\n");
	check_pax("LIBARCHIVE.xattr.user.a%3Db%25%20=dg", "0 own  644 1 user.a=b% =v @0:1\nend\n");
	check_pax("SCHILY.xattr.user.a%3Db%25%20=v", "0 own  644 1 user.a=b%%20=v @0:1\nend\n");
	check_pax("SCHILY.xattr.user.k=s LIBARCHIVE.xattr.user.k=bA", "0 own  644 1 user.k=s @0:1\nend\n");
	check_pax("LIBARCHIVE.xattr.user.k=bA SCHILY.xattr.user.k=s", "0 own  644 1 user.k=s @0:1\nend\n");
	check_pax("LIBARCHIVE.xattr.user.%6b=bA SCHILY.xattr.user.k=s", "0 own  644 1 user.k=s @0:1\nend\n");
	check_pax("SCHILY.xattr.user.k=s LIBARCHIVE.xattr.user.%6b=bA", "0 own  644 1 user.k=s @0:1\nend\n");
	check_pax("LIBARCHIVE.xattr.user.%20=bA SCHILY.xattr.user.%20=s", "0 own  644 1 user. =s @0:1\nend\n");
	check_pax("LIBARCHIVE.xattr.user.a=bA LIBARCHIVE.xattr.user.a=bQ LIBARCHIVE.xattr.user.%61=bg",
		  "0 own  644 1 user.a=n @0:1\nend\n");
}

static void test_refused_attributes(void)
{
	static const char *const records[] = {
		"LIBARCHIVE.xattr.user.k=d", "LIBARCHIVE.xattr.user.k=dmF-", "LIBARCHIVE.xattr.user.k=dg=",
		"LIBARCHIVE.xattr.user.k=====", "LIBARCHIVE.xattr.user.k=d===", "LIBARCHIVE.xattr.user.k=dm=s",
		"LIBARCHIVE.xattr.user.k=dh", "LIBARCHIVE.xattr.=dg", "LIBARCHIVE.xattr.user.%0=dg",
		"LIBARCHIVE.xattr.user.%00=dg", "LIBARCHIVE.xattr.user.%g0=dg", "LIBARCHIVE.xattr.user.%=dg",
	};

	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		check_pax(records[i], "refused\n");
}

/* `count` attributes of both forms, of values and names that long. */
static void check_attributes(int count, int name, int value, const char *expected)
{
	cleanup_buf struct buf records = BUF_INIT;
	struct tar_pax p = TAR_PAX_INIT;
	struct err e = ERR_INIT;
	int got;

	for (int i = 0; i < count; i++) {
		cleanup_buf struct buf key = BUF_INIT, text = BUF_INIT;

		buf_addf(&key, "%s%0*d", i % 2 ? "LIBARCHIVE.xattr." : "SCHILY.xattr.", name, i);
		for (int n = i % 2 ? (8 * value + 5) / 6 : value; n > 0; n--)
			buf_addc(&text, 'A');
		add_record(&records, buf_text(&key), buf_text(&text));
	}
	buf_add(&p.bytes, records.data, records.len);
	got = tar_pax_parse(&p, &e);
	CHECK_STR(got == 0 ? "allowed" : "refused", expected);
	CHECK_INT(p.xattr_count, got == 0 ? (size_t)count : p.xattr_count);
	tar_pax_clear(&p);
}

static void test_limits_of_attributes(void)
{
	check_attributes(TAR_XATTRS_MAX, 10, 10, "allowed");
	check_attributes(TAR_XATTRS_MAX + 1, 10, 10, "refused");
	check_attributes(2, 255, TAR_XATTR_VALUE_MAX, "allowed");
	check_attributes(1, 256, 1, "refused");
	check_attributes(2, 256, 1, "refused");
	check_attributes(1, 10, TAR_XATTR_VALUE_MAX + 1, "refused");
	check_attributes(2, 10, TAR_XATTR_VALUE_MAX + 1, "refused");
}

static void check_base64(const char *text, size_t n, const char *expected)
{
	char data[32] = "";
	ptrdiff_t got;

	memcpy(data, text, n);
	got = tar_unescape_base64(data, n);
	CHECK_INT(got, expected ? (ptrdiff_t)strlen(expected) : -1);
	if (expected && got == (ptrdiff_t)strlen(expected))
		CHECK(memcmp(data, expected, strlen(expected)) == 0);
}

static void test_base64(void)
{
	check_base64("", 0, "");
	check_base64("Zg", 2, "f");
	check_base64("Zg==", 4, "f");
	check_base64("Zm8", 3, "fo");
	check_base64("Zm8=", 4, "fo");
	check_base64("Zm9vYmFy", 8, "foobar");
	check_base64("/+8B", 4, "\xff\xef\x01");
	check_base64("Zg\n=", 4, NULL);
	check_base64("Z\0g=", 4, NULL);
	check_base64("=", 1, NULL);
	check_base64("====", 4, NULL);
	check_base64("Zm9=", 4, NULL); /* bits of no byte */
}

static void check_refused(char type, const char *content)
{
	cleanup_buf struct buf b = BUF_INIT;

	add_text(&b, type, "ext", content);
	add_text(&b, '0', "own", "1");
	add_end(&b);
	check_archive(&b, "refused\n");
}

static void test_refused_types_and_records(void)
{
	static const char *const records[] = {
		"0 path=x\n", "-5 path=x\n", "99 path=x\n", "9 path=xx", "010 path=x\n", "5 =a\n", "4 a\n", "9 path=x",
		"+9 path=x\n", "18446744073709551625 path=x\n",
	};

	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		check_refused('x', records[i]);
	check_refused('L', "");
	for (const char *type = "ZNVDMX"; *type; type++)
		check_refused(*type, "x");
}

/* The last is accepted: what is refused of the others is the value, and not how the test wrote it. */
static void test_refused_values(void)
{
	static const char *const records[] = {
		"size=-1", "size=1e3", "uid=4294967295", "gid=-1", "mtime=1x2", "size=99999999999999999999",
		"GNU.sparse.major=1 GNU.sparse.minor=1", "GNU.sparse.map=5,5,0,1", "GNU.sparse.map=1", "GNU.sparse.offset=1",
		"GNU.sparse.map=0,1", "GNU.sparse.map=9223372036854775807,1 GNU.sparse.size=5", "uid=4294967294",
	};
	const size_t n = sizeof records / sizeof *records;

	for (size_t i = 0; i < n; i++) {
		cleanup_buf struct buf b = BUF_INIT;

		add_pax(&b, 'x', records[i]);
		add_text(&b, '0', "own", "1");
		add_end(&b);
		check_archive(&b, i == n - 1 ? "0 own  644 1 @0:1\nend\n" : "refused\n");
	}
}

static void test_refused_global_values(void)
{
	static const char *const records[] = { "path=x", "linkpath=x", "size=1", "uid=1", "SCHILY.xattr.user.a=1",
						"LIBARCHIVE.xattr.user.a=dg" };

	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		cleanup_buf struct buf b = BUF_INIT;

		add_pax(&b, 'g', records[i]);
		add_text(&b, '0', "own", "1");
		add_end(&b);
		check_archive(&b, "refused\n");
	}
}

/* Four ways to say: ten bytes, "ab" at 2 and "c" at 7. */
static void test_sparse_forms(void)
{
	static const char *const forms[] = {
		"GNU.sparse.size=10 GNU.sparse.numblocks=2 GNU.sparse.offset=2 GNU.sparse.numbytes=2 "
		"GNU.sparse.offset=7 GNU.sparse.numbytes=1",
		"GNU.sparse.size=10 GNU.sparse.map=2,2,7,1 GNU.sparse.name=s",
	};
	char header[512], map[515] = "2\n2\n2\n7\n1\n";

	for (size_t i = 0; i < 2; i++) {
		cleanup_buf struct buf b = BUF_INIT;

		add_pax(&b, 'x', forms[i]);
		add_text(&b, '0', "s", "abc");
		add_end(&b);
		check_archive(&b, "0 s  644 10 @2:ab @7:c\nend\n");
	}
	{
		cleanup_buf struct buf b = BUF_INIT;

		add_pax(&b, 'x', "GNU.sparse.major=1 GNU.sparse.minor=0 GNU.sparse.name=s GNU.sparse.realsize=10");
		memcpy(map + 512, "abc", 3);
		add(&b, '0', "GNUSparseFile/s", map, 515);
		add_end(&b);
		check_archive(&b, "0 s  644 10 @2:ab @7:c\nend\n");
	}
	{
		cleanup_buf struct buf b = BUF_INIT;

		tree_header(header, 'S', "s", "", 3, 0644);
		memcpy(header + 257, "ustar  ", 8);
		memcpy(header + 386, "00000000002", 12);
		memcpy(header + 398, "00000000002", 12);
		memcpy(header + 410, "00000000007", 12);
		memcpy(header + 422, "00000000001", 12);
		memcpy(header + 483, "00000000012", 12);
		tree_add(&b, header, "abc", 3);
		add_end(&b);
		check_archive(&b, "0 s  644 10 @2:ab @7:c\nend\n");
	}
}

static void test_ends(void)
{
	cleanup_buf struct buf b = BUF_INIT, cut = BUF_INIT;

	add_text(&b, '0', "a", "1");
	check_archive(&b, "0 a  644 1 @0:1\nend\n"); /* at a member's end, as some writers leave it */
	buf_add(&cut, b.data, 700);
	check_archive(&cut, "0 a  644 1 @0:1\nrefused\n");
	buf_reset(&cut);
	buf_add(&cut, b.data, 300);
	check_archive(&cut, "refused\n");
	add_end(&b);
	buf_adds(&b, "more");
	check_archive(&b, "0 a  644 1 @0:1\nend trailing\n");
}

static void check_number(const char *field, size_t n, int expected, int64_t value)
{
	int64_t got = 0;

	CHECK_INT(tar_number(field, n, &got), expected);
	CHECK_INT(got, value);
}

static void test_numbers(void)
{
	check_number("0000644", 8, 0, 0644);
	check_number("00000644", 8, 0, 0644);
	check_number("   644 ", 8, 0, 0644);
	check_number("\0\0\0\0\0\0\0", 8, 0, 0);
	check_number("        ", 8, 0, 0);
	check_number("777777777777", 12, 0, 0777777777777);
	check_number("0x00000a", 8, -1, 0);
	check_number("-0000001", 8, -1, 0);
	check_number("00000009", 8, -1, 0);
	check_number("64 4", 5, -1, 0);
	check_number("\x80\0\0\0\0\0\x01\0", 8, 0, 256);
	check_number("\xff\xff\xff\xff\xff\xff\xff\xfe", 8, 0, -2);
	check_number("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, 0, INT64_MAX);
	check_number("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, -1, 0);
	check_number("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", 12, 0, INT64_MIN);
	check_number("\xff\xff\xff\xff\x7f\0\0\0\0\0\0\0", 12, -1, 0);
}

static void check_time(const char *text, int expected, int64_t seconds, long nanoseconds)
{
	struct timespec t = { 0, 0 };

	CHECK_INT(tar_time(text, strlen(text), &t), expected);
	CHECK_INT(t.tv_sec, seconds);
	CHECK_INT(t.tv_nsec, nanoseconds);
}

static void test_times(void)
{
	check_time("12", 0, 12, 0);
	check_time("12.5", 0, 12, 500000000);
	check_time("-1.25", 0, -2, 750000000);
	check_time("-1", 0, -1, 0);
	check_time("1.1234567891", 0, 1, 123456789);
	check_time("1e4", -1, 0, 0);
	check_time(".5", -1, 0, 0);
	check_time("", -1, 0, 0);
	check_time("1.x", -1, 0, 0);
}

int main(void)
{
	RUN(test_plain_members);
	RUN(test_pax_and_gnu_names);
	RUN(test_attributes);
	RUN(test_refused_attributes);
	RUN(test_limits_of_attributes);
	RUN(test_base64);
	RUN(test_refused_types_and_records);
	RUN(test_refused_values);
	RUN(test_refused_global_values);
	RUN(test_sparse_forms);
	RUN(test_ends);
	RUN(test_numbers);
	RUN(test_times);
	return test_end();
}
