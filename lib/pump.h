/*
 * pump - a source that is read ahead by a process of its own, so that making the bytes (decompressing) and using them
 * overlap, and so that whoever makes them holds nothing but their origin: a defect there can give wrong bytes, and no
 * more.
 *
 *	struct pump *p = pump_new(&job, e);		forks
 *	… pump_source(p) …				read as any source
 *	pump_free(p);
 *
 * The bytes pass through memory that both processes share; a byte through a pipe says that a part of it is full, or
 * free again.
 */
#ifndef CR_PUMP_H
#define CR_PUMP_H

#include "io.h"

struct pump_job {
	/*
	 * In the new process, which is then confined to reading: makes the source. NULL with the error set. What it
	 * takes is never released, as the process just ends.
	 */
	struct source *(*open)(void *ctx, struct err *e);
	void *ctx;
	int fd; /* the one descriptor that the process keeps; its standard error too */
};

struct pump;

/* Starts the process. NULL with ERR_IO. */
struct pump *pump_new(const struct pump_job *job, struct err *e);

/* Ends the process, if it has not ended. NULL is allowed. */
void pump_free(struct pump *p);
void pump_cleanup(struct pump **p);
#define cleanup_pump __attribute__((cleanup(pump_cleanup)))

/* The bytes; an error of the source comes out where the source had it. ERR_IO when the process dies. Borrowed from p. */
struct source *pump_source(struct pump *p);

#endif
