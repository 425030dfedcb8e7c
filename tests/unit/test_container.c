/* container: facts, names, and the lock that proves who lives. */
#include "test.h"

#include "container.h"
#include "io.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char store[] = "/tmp/test-container-XXXXXX";

/* A container without anything in it, under its place in the store. */
static void make(const char *id)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/containers/%s", store, id);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/containers/%s/config.json", store, id);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd != -1);
	close(fd);
}

static int find(const char *word, struct container *c, struct err *e)
{
	cleanup_containers struct containers all = CONTAINERS_INIT;

	return containers_open(&all, store, e) == -1 ? -1 : containers_find(&all, word, c, e);
}

static void test_names(void)
{
	char longest[CONTAINER_NAME_MAX + 2];

	CHECK(container_name_valid("web"));
	CHECK(container_name_valid("0.a_b-C"));
	CHECK(!container_name_valid(""));
	CHECK(!container_name_valid(".hidden"));
	CHECK(!container_name_valid("-x"));
	CHECK(!container_name_valid("a/b"));
	CHECK(!container_name_valid("a b"));
	CHECK(!container_name_valid("\303\244"));
	memset(longest, 'a', sizeof longest);
	longest[CONTAINER_NAME_MAX] = '\0';
	CHECK(container_name_valid(longest));
	longest[CONTAINER_NAME_MAX] = 'a';
	longest[CONTAINER_NAME_MAX + 1] = '\0';
	CHECK(!container_name_valid(longest));
}

static void test_new_ids_differ(void)
{
	char a[CONTAINER_NAME_MAX], b[CONTAINER_NAME_MAX];
	struct err e = ERR_INIT;

	CHECK_INT(container_new_id(a, &e), 0);
	CHECK_INT(container_new_id(b, &e), 0);
	CHECK_INT(strlen(a), 12);
	CHECK_INT(strspn(a, "0123456789abcdef"), 12);
	CHECK(strcmp(a, b) != 0);
}

static void test_facts(void)
{
	cleanup_container struct container c = CONTAINER_INIT;
	char value[CONTAINER_FACT_MAX], longest[2 * CONTAINER_FACT_MAX];
	struct err e = ERR_INIT;

	make("facts");
	CHECK_INT(find("facts", &c, &e), 0);
	CHECK_STR(container_id(&c), "facts");
	CHECK(!container_fact(&c, "image", value));
	CHECK_STR(value, "");
	CHECK_INT(container_set_fact(&c, "image", "busybox", &e), 0);
	CHECK(container_fact(&c, "image", value));
	CHECK_STR(value, "busybox");
	CHECK_INT(container_set_fact(&c, "image", "a\tb\033[31m\177", &e), 0);
	CHECK(container_fact(&c, "image", value));
	CHECK_STR(value, "a?b?[31m?");
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	CHECK_INT(container_set_fact(&c, "image", longest, &e), 0);
	CHECK(container_fact(&c, "image", value));
	CHECK_INT(strlen(value), CONTAINER_FACT_MAX - 1);
	container_drop_fact(&c, "image");
	container_drop_fact(&c, "image");
	CHECK(!container_fact(&c, "image", value));
}

static void check_state(const char *id, enum container_state state, int exit, bool held)
{
	cleanup_container struct container c = CONTAINER_INIT;
	struct container_status s = { .exit = -1 };
	struct err e = ERR_INIT;

	CHECK_INT(find(id, &c, &e), 0);
	CHECK_INT(container_look(&c, &s, &e), 0);
	CHECK_STR(container_state_name(s.state), container_state_name(state));
	CHECK_INT(s.held, held);
	if (state == CONTAINER_EXITED)
		CHECK_INT(s.exit, exit);
}

/* A supervisor in a process of its own: does one step for each byte that comes, and says so. */
static void supervise(const char *id, int from, int to)
{
	struct container c = CONTAINER_INIT;
	struct err e = ERR_INIT;
	char step;

	if (find(id, &c, &e) == -1)
		_exit(1);
	for (int i = 0; read(from, &step, 1) == 1; i++) {
		if ((i == 0 && container_hold(&c, &e) == -1) || (i == 1 && container_started(&c, getpid(), &e) == -1) ||
		    (i == 2 && container_ended(&c, 42, &e) == -1))
			_exit(1);
		(void)!write(to, &step, 1);
	}
	_exit(0);
}

struct supervisor {
	pid_t pid;
	int to, from;
};

static struct supervisor start(const char *id)
{
	struct supervisor s = { 0 };
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) == -1 || pipe2(up, O_CLOEXEC) == -1)
		abort();
	s.pid = fork();
	if (s.pid == 0) {
		close(down[1]);
		close(up[0]);
		supervise(id, down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	s.to = down[1];
	s.from = up[0];
	return s;
}

static void step(const struct supervisor *s)
{
	char byte = 's';

	CHECK_INT(write(s->to, &byte, 1), 1);
	CHECK_INT(read(s->from, &byte, 1), 1);
}

static void end(struct supervisor *s, int sig)
{
	if (sig)
		kill(s->pid, sig);
	close(s->to);
	close(s->from);
	waitpid(s->pid, NULL, 0);
}

static void test_a_life(void)
{
	cleanup_container struct container c = CONTAINER_INIT;
	struct err e = ERR_INIT, other = ERR_INIT;
	struct supervisor s;

	make("life");
	check_state("life", CONTAINER_CREATED, 0, false);
	s = start("life");
	step(&s);
	check_state("life", CONTAINER_CREATED, 0, true);
	step(&s);
	check_state("life", CONTAINER_RUNNING, 0, true);
	CHECK_INT(find("life", &c, &e), 0);
	CHECK_INT(container_wait(&c, 50, &e), 0);
	CHECK_INT(container_hold(&c, &other), -1);
	CHECK_INT(other.kind, ERR_USAGE);
	other = (struct err)ERR_INIT;
	CHECK_INT(container_remove(&c, &other), -1);
	CHECK_INT(other.kind, ERR_IO);
	step(&s);
	check_state("life", CONTAINER_EXITED, 42, true);
	end(&s, 0);
	CHECK_INT(container_wait(&c, -1, &e), 1);
	check_state("life", CONTAINER_EXITED, 42, false);
}

static void test_a_death(void)
{
	struct supervisor s;

	make("death");
	s = start("death");
	step(&s);
	end(&s, SIGKILL);
	check_state("death", CONTAINER_CREATED, 0, false);
	s = start("death");
	step(&s);
	step(&s);
	check_state("death", CONTAINER_RUNNING, 0, true);
	end(&s, SIGKILL);
	check_state("death", CONTAINER_DIED, 0, false);
	/* And once more, to a good end. */
	s = start("death");
	step(&s);
	step(&s);
	step(&s);
	end(&s, SIGKILL);
	check_state("death", CONTAINER_EXITED, 42, false);
}

static void test_removed(void)
{
	cleanup_container struct container c = CONTAINER_INIT, second = CONTAINER_INIT;
	struct err e = ERR_INIT;
	struct supervisor s;

	make("removed");
	s = start("removed");
	step(&s);
	step(&s);
	step(&s);
	end(&s, 0);
	CHECK_INT(find("removed", &c, &e), 0);
	CHECK_INT(find("removed", &second, &e), 0);
	CHECK_INT(container_remove(&c, &e), 0);
	CHECK_INT(container_remove(&second, &e), 0); /* it is gone already */
	CHECK_INT(container_hold(&second, &e), -1);
	CHECK_INT(e.kind, ERR_NOT_FOUND);
}

static void test_words_that_are_none(void)
{
	static const char *const words[] = { ".", "..", "/", "../containers", "facts/", "facts/.", "*" };
	struct container c = CONTAINER_INIT;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct err e = ERR_INIT;

		CHECK_INT(find(words[i], &c, &e), -1);
		CHECK_INT(e.kind, ERR_NOT_FOUND);
	}
}

int main(void)
{
	cleanup_containers struct containers all = CONTAINERS_INIT;
	char command[64];
	struct err e = ERR_INIT;

	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(store) || containers_make(&all, store, &e) == -1)
		return 1;
	RUN(test_names);
	RUN(test_new_ids_differ);
	RUN(test_facts);
	RUN(test_a_life);
	RUN(test_a_death);
	RUN(test_removed);
	RUN(test_words_that_are_none);
	snprintf(command, sizeof command, "rm -rf %s", store);
	return system(command) == 0 ? test_end() : 1;
}
