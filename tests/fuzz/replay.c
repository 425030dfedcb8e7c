/*
 * replay - runs a fuzz target without a fuzzer
 *
 *	replay [-d N] [-t SECONDS] FILE|DIRECTORY...
 *
 * Each file, and each file of a directory, is given to the target; with -d also N times with one percent of its bytes
 * damaged, always in the same way. -t: begins no other file once so many seconds have passed. Prints how many runs
 * there were. A target that finds something ends the program as a crash.
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#define FILE_MAX (8u << 20)

#pragma weak LLVMFuzzerInitialize
#pragma weak LLVMFuzzerCustomMutator

static const char *current; /* the file, for the message of whoever dies */
static unsigned long runs, damages;
static time_t deadline;

static void died(int signal)
{
	dprintf(STDERR_FILENO, "replay: signal %d at %s, run %lu\n", signal, current, runs);
	_exit(1);
}

static uint32_t seed = 1;

/* One percent of the bytes, at least one; now and then the end is cut off. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	(void)max;
	for (size_t n = size / 100 + 1; size && n; n--)
		data[fuzz_random(&seed) % size] = (uint8_t)fuzz_random(&seed);
	return size && fuzz_random(&seed) % 16 == 0 ? fuzz_random(&seed) % size : size;
}

static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	MUST(copy);
	memcpy(copy, data, size);
	runs++;
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_damaged(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t n;

	MUST(copy);
	memcpy(copy, data, size);
	if (LLVMFuzzerCustomMutator)
		n = LLVMFuzzerCustomMutator(copy, size, size, fuzz_random(&seed));
	else
		n = LLVMFuzzerMutate(copy, size, size);
	run(copy, n);
	free(copy);
}

static void run_file(int dir, const char *name)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	cleanup_buf struct buf bytes = BUF_INIT;
	struct err e = ERR_INIT;

	current = name;
	if (fd == -1 || io_read_all(fd, FILE_MAX, &bytes, &e) == -1) {
		fprintf(stderr, "replay: %s: cannot be read\n", name);
		exit(2);
	}
	run((const uint8_t *)buf_text(&bytes), bytes.len);
	for (unsigned long i = 0; i < damages && (!deadline || time(NULL) < deadline); i++)
		run_damaged((const uint8_t *)buf_text(&bytes), bytes.len);
}

static void run_directory(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(n >= 0 && dir != -1);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			run_file(dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	close(dir);
}

int main(int argc, char **argv)
{
	struct stat st = { 0 };
	int option;

	while ((option = getopt(argc, argv, "d:t:")) != -1) {
		switch (option) {
		case 'd': damages = strtoul(optarg, NULL, 10); break;
		case 't': deadline = time(NULL) + strtol(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	signal(SIGABRT, died);
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = optind; i < argc && (!deadline || time(NULL) < deadline); i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			run_directory(argv[i]);
		else
			run_file(AT_FDCWD, argv[i]);
	}
	printf("%lu runs\n", runs);
	return runs == 0;
}
