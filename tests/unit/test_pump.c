/* pump: a source read in a process of its own */
#include "confine.h"
#include "pump.h"
#include "test.h"
#include "userns.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* What the source does after `length` bytes, which tell their places. */
enum ending { ENDS, FAILS, DIES, HANGS };

struct made {
	struct source source;
	size_t length, at, step;
	enum ending ending;
};

static unsigned char byte_at(size_t at)
{
	return (unsigned char)(at * 7 + at / 251);
}

static ssize_t read_made(struct source *self, void *data, size_t n, struct err *e)
{
	struct made *m = (struct made *)self;

	if (m->at == m->length && m->ending == FAILS)
		return err_set(e, ERR_CONTENT, "it is corrupt");
	if (m->at == m->length && m->ending == DIES)
		raise(SIGKILL);
	while (m->at == m->length && m->ending == HANGS)
		pause();
	if (n > m->length - m->at)
		n = m->length - m->at;
	if (n > m->step)
		n = m->step;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)data)[i] = byte_at(m->at + i);
	m->at += n;
	return (ssize_t)n;
}

static struct source *open_made(void *ctx, struct err *e)
{
	(void)e;
	return ctx;
}

/* Reads all there is; how many bytes were right. */
static size_t drain(struct pump *p, size_t step, struct err *e)
{
	static unsigned char data[1 << 20];
	size_t at = 0;
	ssize_t n;

	while ((n = pump_source(p)->read(pump_source(p), data, step, e)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			if (data[i] != byte_at(at))
				return at;
	return at;
}

static void check(size_t length, size_t step, enum ending ending, enum err_kind kind)
{
	struct made m = { { read_made }, length, 0, step, ending };
	struct err e = ERR_INIT;
	cleanup_pump struct pump *p = pump_new(&(struct pump_job){ open_made, &m, STDERR_FILENO }, &e);

	CHECK(p != NULL);
	CHECK_INT(drain(p, 100000, &e), length);
	CHECK_INT(e.kind, kind);
	if (ending == ENDS)
		CHECK_INT(drain(p, 1, &e), 0); /* it stays at its end */
}

static void test_all_bytes_come_in_order(void)
{
	check(0, 1, ENDS, ERR_NONE);
	check(1, 1, ENDS, ERR_NONE);
	check(256 << 10, 4096, ENDS, ERR_NONE);
	check((4 * 256 << 10) + 1, 1 << 20, ENDS, ERR_NONE);
	check(20000001, 77777, ENDS, ERR_NONE);
}

static void test_an_error_comes_after_the_bytes_before_it(void)
{
	check(2 * 256 << 10, 4096, FAILS, ERR_CONTENT);
	check(0, 1, FAILS, ERR_CONTENT);
}

static void test_a_death_is_an_error(void)
{
	check(4 * 256 << 10, 4096, DIES, ERR_IO);
	check(0, 1, DIES, ERR_IO);
}

/* Freed before its end: the process is gone, however it hangs. */
static void test_freed_early(void)
{
	struct made m = { { read_made }, 100, 0, 100, HANGS };
	struct err e = ERR_INIT;
	struct pump *p = pump_new(&(struct pump_job){ open_made, &m, STDERR_FILENO }, &e);

	CHECK(p != NULL);
	pump_free(p);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	m = (struct made){ { read_made }, 50000000, 0, 100000, ENDS };
	p = pump_new(&(struct pump_job){ open_made, &m, STDERR_FILENO }, &e);
	CHECK(p != NULL);
	pump_free(p);
}

#if defined(__linux__) && !defined(CR_PORTABLE)
/* In the pumping process: one letter for each thing that it should not be able to do. */
static ssize_t try_things(struct source *self, void *data, size_t n, struct err *e)
{
	struct made *m = (struct made *)self;
	char *seen = data;
	int left = 0;

	(void)e;
	if (m->at++ || n < 4)
		return 0;
	for (int fd = 0; fd < 100; fd++)
		left += fd != STDERR_FILENO && fcntl(fd, F_GETFD) != -1;
	seen[0] = open("/", O_RDONLY) == -1 && errno == EPERM ? '-' : 'o';
	seen[1] = socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM ? '-' : 's';
	seen[2] = fork() == -1 && errno == EPERM ? '-' : 'f';
	seen[3] = left == 2 ? '-' : (char)('0' + left); /* the two pipes */
	return 4;
}

static int look(void *ctx, struct err *e)
{
	struct made m = { { try_things }, 0, 0, 0, ENDS };
	int root = open(ctx, O_RDONLY | O_DIRECTORY);
	struct pump *p;
	char seen[5] = "";

	if (confine(root, (int[]){ worker_report() }, 1, e) == -1 ||
	    !(p = pump_new(&(struct pump_job){ open_made, &m, STDERR_FILENO }, e)))
		return -1;
	if (source_read_full(pump_source(p), seen, 4, e) == -1)
		return -1;
	return strcmp(seen, "----") == 0 ? 0 : err_set(e, ERR_CONTENT, "%s", seen);
}

static void test_what_the_process_has_left(void)
{
	char top[] = "/tmp/test-pump-XXXXXX";
	struct err e = ERR_INIT;
	struct userns ns;
	int status;

	CHECK(mkdtemp(top) && userns_plan(&ns, &e) == 0);
	status = worker_run(&ns, confine_namespaces, look, top, &e);
	rmdir(top);
	if (status == -1 && ns.kind != USERNS_NONE && e.kind == ERR_IO) {
		printf("skipped: %s\n", e.text);
		return;
	}
	CHECK_STR(e.text, "");
	CHECK_INT(status, 0);
}
#endif

int main(void)
{
	signal(SIGPIPE, SIG_IGN); /* as cli_start has it */
	RUN(test_all_bytes_come_in_order);
	RUN(test_an_error_comes_after_the_bytes_before_it);
	RUN(test_a_death_is_an_error);
	RUN(test_freed_early);
#if defined(__linux__) && !defined(CR_PORTABLE)
	RUN(test_what_the_process_has_left);
#endif
	return test_end();
}
