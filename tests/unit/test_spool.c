/* spool: bytes put away come back in their order, from memory and from a file */
#include "io.h"
#include "spool.h"
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int scratch(void)
{
	cleanup_fd int dir = open("/tmp", O_RDONLY | O_DIRECTORY);

	return io_scratch(dir);
}

/* Records of growing length, each of one byte over and over. */
static size_t record(size_t i, char data[1000])
{
	size_t n = i * 37 % 1000;

	memset(data, (int)(i % 251), n);
	return n;
}

static void check(int file, size_t count)
{
	char data[1000], got[1000];
	struct err e = ERR_INIT;
	struct spool s;

	spool_init(&s, file);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(spool_put(&s, data, record(i, data), &e), 0);
	for (int round = 0; round < 2; round++) {
		spool_rewind(&s);
		for (size_t i = 0; i < count; i++) {
			size_t n = record(i, data);
			if (n && (spool_get(&s, got, n, &e) != 1 || memcmp(got, data, n) != 0)) {
				CHECK_INT(i, count); /* where it went wrong */
				break;
			}
		}
		CHECK_INT(spool_get(&s, got, 1, &e), 0);
	}
	CHECK_INT(e.kind, ERR_NONE);
	spool_clear(&s);
}

static void test_in_memory(void)
{
	check(-1, 0);
	check(-1, 3);
	check(-1, 5000);
}

static void test_in_a_file(void)
{
	for (size_t count = 0; count < 2000; count = 3 * count + 1) {
		cleanup_fd int file = scratch();

		CHECK(file != -1);
		check(file, count);
	}
}

static void test_memory_is_bounded(void)
{
	cleanup_fd int file = scratch();
	static char data[1 << 20];
	struct err e = ERR_INIT;
	struct spool s;

	spool_init(&s, file);
	for (int i = 0; i < 20; i++)
		CHECK_INT(spool_put(&s, data, sizeof data / 32, &e), 0);
	CHECK(s.tail.cap <= 4 * SPOOL_MEMORY);
	CHECK(s.in_file > 0);
	spool_clear(&s);
}

static void test_what_is_lost_is_an_error(void)
{
	cleanup_fd int file = scratch();
	char data[1000];
	struct err e = ERR_INIT;
	struct spool s;

	memset(data, 1, sizeof data);
	spool_init(&s, file);
	for (int i = 0; i < 100; i++)
		CHECK_INT(spool_put(&s, data, sizeof data, &e), 0);
	CHECK_INT(ftruncate(file, 10), 0);
	spool_rewind(&s);
	CHECK_INT(spool_get(&s, data, sizeof data, &e), -1);
	CHECK_INT(e.kind, ERR_IO);
	spool_clear(&s);
}

int main(void)
{
	RUN(test_in_memory);
	RUN(test_in_a_file);
	RUN(test_memory_is_bounded);
	RUN(test_what_is_lost_is_an_error);
	return test_end();
}
