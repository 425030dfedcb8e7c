/* layer_paths: what is known of a path stays known, however many there are */
#include "io.h"
#include "layer_paths.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>

#define MANY 250000u

static struct path_facts facts_of(uint32_t i)
{
	return (struct path_facts){ i % 15 + 1, i + 1, i % 7 };
}

static const char *path_of(uint32_t i, char path[32])
{
	snprintf(path, 32, "dir%u/file%u", i / 100, i);
	return path;
}

static bool equal(struct path_facts a, struct path_facts b)
{
	return a.flags == b.flags && a.made == b.made && a.removed == b.removed;
}

static void check(int file, uint32_t count)
{
	struct layer_paths p;
	struct err e = ERR_INIT;
	char path[32];
	uint32_t wrong = 0;

	layer_paths_init(&p, file, count);
	CHECK(equal(layer_paths_get(&p, "never"), (struct path_facts){ 0, 0, 0 }));
	for (uint32_t i = 0; i < count; i++) {
		struct path_facts f = facts_of(i), first = { 0, 1, 2 };
		wrong += layer_paths_put(&p, path_of(i, path), i % 3 ? &f : &first, &e) == -1;
	}
	for (uint32_t i = 0; i < count; i += 3) {
		struct path_facts f = facts_of(i);
		wrong += layer_paths_put(&p, path_of(i, path), &f, &e) == -1;
	}
	CHECK_INT(wrong, 0);
	for (uint32_t i = 0; i < count; i++)
		wrong += !equal(layer_paths_get(&p, path_of(i, path)), facts_of(i));
	CHECK_INT(wrong, 0);
	CHECK_INT(p.used, count);
	CHECK(equal(layer_paths_get(&p, "never"), (struct path_facts){ 0, 0, 0 }));
	CHECK_STR(e.text, "");
	if (file != -1)
		CHECK(p.room < (1u << 18) || !p.slots);
	layer_paths_clear(&p);
}

static int scratch(void)
{
	cleanup_fd int dir = open("/tmp", O_RDONLY | O_DIRECTORY);

	return io_scratch(dir);
}

static void test_in_memory(void)
{
	check(-1, 0);
	check(-1, 1000);
	check(-1, MANY);
}

static void test_in_a_file(void)
{
	static const uint32_t counts[] = { 1000, 98303, 98304, 98305, MANY };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		cleanup_fd int file = scratch();

		CHECK(file != -1);
		check(file, counts[i]);
	}
}

/* What could not be read must not pass for something not known. */
static void test_a_file_that_fails(void)
{
	cleanup_fd int file = open("/dev/null", O_WRONLY);
	struct layer_paths p;
	struct path_facts f = { 1, 1, 1 };
	struct err e = ERR_INIT;
	char path[32];
	uint32_t i = 0;

	layer_paths_init(&p, file, MANY);
	while (i < MANY && layer_paths_put(&p, path_of(i, path), &f, &e) == 0)
		i++;
	CHECK(i >= 90000 && i < MANY);
	CHECK_INT(e.kind, ERR_IO);
	layer_paths_clear(&p);
}

int main(void)
{
	RUN(test_in_memory);
	RUN(test_in_a_file);
	RUN(test_a_file_that_fails);
	return test_end();
}
