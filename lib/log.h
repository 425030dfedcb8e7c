/*
 * log - what a container has written, as the CRI has its logs (kubernetes' container runtime interface):
 *
 *	2026-01-02T03:04:05.000000006Z stdout F a line
 *	2026-01-02T03:04:05.100000006Z stderr P the beginning of one, whose
 *	2026-01-02T03:04:05.200000006Z stderr F  end came later
 *
 * Every chunk that comes is written at once, so that nothing waits in memory or is lost with the writer; the bytes of
 * each stream can be had back exactly. A full disk loses what comes meanwhile, and the log says so when it can again.
 */
#ifndef CR_LOG_H
#define CR_LOG_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* --- writing --- */

struct log {
	int fd;		 /* of the file, opened for appending by nobody else */
	off_t end;	 /* up to where it holds whole records */
	uint64_t lost;	 /* bytes that could not be written since */
	int why;	 /* errno of that */
	struct buf text; /* records being made; its memory is kept */
};

#define LOG_INIT { .fd = -1 }

/*
 * Opens `name` in the directory, made where it is missing (0600); continues a log that is there, but for half a record at its
 * end. ERR_IO.
 */
int log_open(struct log *l, int dir, const char *name, struct err *e);

/* fd: 1 or 2, whose bytes they are. */
void log_write(struct log *l, int fd, const char *data, size_t size);

/* Says what was lost, if anything and if that can be written now, and closes. */
void log_close(struct log *l);

/* --- reading --- */

/* A record. Its text is valid until the next one is asked for. */
struct log_record {
	const char *time; /* NUL-terminated */
	int fd;		  /* 1 or 2 */
	bool partial;	  /* no newline belongs behind it */
	const char *text;
	size_t size;
};

struct log_reader {
	int fd;
	struct buf text; /* read, and not handed out yet */
	size_t from;	 /* in text: where the next record begins */
	off_t at;	 /* of the text, in the file */
};

#define LOG_READER_INIT { .fd = -1 }

/* 0; -1 with ERR_NOT_FOUND where there is no log. */
int log_reader_open(struct log_reader *r, int dir, const char *name, struct err *e);

/* Goes to where the last `lines` lines of both streams together begin. To be called first. */
int log_reader_tail(struct log_reader *r, long lines, struct err *e);

/*
 * The next record. 1; 0 when there is no whole one yet, and more may come; -1: unreadable, or ERR_CONTENT for what is
 * no record.
 */
int log_read(struct log_reader *r, struct log_record *record, struct err *e);

void log_reader_close(struct log_reader *r);

#endif
