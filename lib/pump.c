#include "pump.h"

#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SLOTS 4
#define SLOT_BYTES (512u << 10)

/* What both processes see. The pumping one is not trusted: the other believes no length, and copies before it looks. */
struct ring {
	uint32_t length[SLOTS]; /* bytes in each; 0: the end */
	struct err result;	/* at the end: why, or ERR_NONE */
	unsigned char bytes[SLOTS][SLOT_BYTES];
};

struct pump {
	struct source source;
	struct ring *ring;
	pid_t pid;
	int filled, freed; /* pipes: a byte for every slot that was filled; to be given back */
	size_t slot;		   /* the one at hand */
	const unsigned char *next; /* in it */
	size_t left;
	bool held; /* the slot at hand is not given back yet */
	bool ended;
};

/* --- the process that pumps --- */

struct pumping {
	struct ring *ring;
	int filled, freed;
	size_t slot; /* the one at hand, which is free */
};

static int hand_over(struct pumping *p, size_t length)
{
	p->ring->length[p->slot] = (uint32_t)length;
	return io_write_full(p->filled, "", 1);
}

static int fill_slots(struct pumping *p, struct source *in, struct err *e)
{
	for (size_t n = 0;; n++) {
		ssize_t got;
		char byte;

		p->slot = n % SLOTS;
		if (n >= SLOTS && io_read_full(p->freed, &byte, 1) != 1)
			return err_set(e, ERR_IO, "nobody reads");
		got = source_read_full(in, p->ring->bytes[p->slot], SLOT_BYTES, e);
		if (got <= 0)
			return (int)got;
		if (hand_over(p, (size_t)got) == -1)
			return err_errno(e, errno, "hand over");
	}
}

static _Noreturn void pump_and_exit(struct pumping *p, const struct pump_job *job)
{
	struct err e = ERR_INIT;
	struct source *in;

	if (confine_to_reading((int[]){ job->fd, p->filled, p->freed }, 3, &e) == 0 && (in = job->open(job->ctx, &e)))
		fill_slots(p, in, &e);
	p->ring->result = e;
	_exit(hand_over(p, 0) == -1);
}

/* --- the one that reads --- */

static int died(struct pump *p, struct err *e)
{
	int status = 0;

	p->ended = true;
	if (waitpid(p->pid, &status, 0) == p->pid)
		p->pid = -1;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_IO, "the decompressing process was killed by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	return err_set(e, ERR_IO, "the decompressing process ended too early");
}

/* The process has said that it is done. */
static int end(struct pump *p, struct err *e)
{
	struct err result = p->ring->result;

	p->ended = true;
	if (result.kind == ERR_NONE)
		return 0;
	result.text[sizeof result.text - 1] = '\0';
	return err_set(e, result.kind == ERR_CONTENT ? ERR_CONTENT : ERR_IO, "%s", result.text);
}

/* 1, 0 at the end, -1. */
static int next_slot(struct pump *p, struct err *e)
{
	uint32_t length;
	char byte;

	if (p->held) {
		p->held = false;
		p->slot = (p->slot + 1) % SLOTS;
		(void)io_write_full(p->freed, "", 1); /* whether anybody takes it, the next read tells */
	}
	if (io_read_full(p->filled, &byte, 1) != 1)
		return died(p, e);
	length = p->ring->length[p->slot];
	if (length == 0)
		return end(p, e);
	if (length > SLOT_BYTES)
		return err_set(e, ERR_IO, "the decompressing process went astray");
	p->held = true;
	p->next = p->ring->bytes[p->slot];
	p->left = length;
	return 1;
}

static ssize_t pump_read(struct source *self, void *data, size_t n, struct err *e)
{
	struct pump *p = (struct pump *)self;

	if (p->left == 0) {
		int r = p->ended ? 0 : next_slot(p, e);
		if (r != 1)
			return r;
	}
	if (n > p->left)
		n = p->left;
	memcpy(data, p->next, n);
	p->next += n;
	p->left -= n;
	return (ssize_t)n;
}

/* Both pipes, or none. */
static int make_pipes(int filled[2], int freed[2], struct err *e)
{
	if (pipe2(filled, O_CLOEXEC) == -1)
		return err_errno(e, errno, "pipe");
	if (pipe2(freed, O_CLOEXEC) == 0)
		return 0;
	err_errno(e, errno, "pipe");
	close(filled[0]);
	close(filled[1]);
	return -1;
}

static int start(struct pump *p, const struct pump_job *job, struct err *e)
{
	int filled[2], freed[2];

	p->ring = mmap(NULL, sizeof *p->ring, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->ring == MAP_FAILED) {
		p->ring = NULL;
		return err_nomem(e);
	}
	if (make_pipes(filled, freed, e) == -1)
		return -1;
	p->pid = fork();
	if (p->pid == 0) /* which closes the other ends */
		pump_and_exit(&(struct pumping){ p->ring, filled[1], freed[0], 0 }, job);
	close(filled[1]);
	close(freed[0]);
	p->filled = filled[0];
	p->freed = freed[1];
	return p->pid == -1 ? err_errno(e, errno, "fork") : 0;
}

struct pump *pump_new(const struct pump_job *job, struct err *e)
{
	struct pump *p = malloc(sizeof *p);

	if (!p) {
		err_nomem(e);
		return NULL;
	}
	*p = (struct pump){ .source.read = pump_read, .pid = -1, .filled = -1, .freed = -1 };
	if (start(p, job, e) == -1) {
		pump_free(p);
		return NULL;
	}
	return p;
}

void pump_free(struct pump *p)
{
	if (!p)
		return;
	io_cleanup_fd(&p->filled);
	io_cleanup_fd(&p->freed);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) == -1 && errno == EINTR)
			;
	}
	if (p->ring)
		munmap(p->ring, sizeof *p->ring);
	free(p);
}

void pump_cleanup(struct pump **p)
{
	pump_free(*p);
}

struct source *pump_source(struct pump *p)
{
	return &p->source;
}
