/*
 * container - the record of a container: the bundle in a store's containers/<id>/, plus a small file for each fact,
 * of one line (DESIGN §3): image digest command name created started finished status exit pid stop-signal. Beside
 * them lie `log` (log.h) and `lock`.
 *
 * The lock is the proof of life. Whoever supervises a container (cr-exec --record) holds a POSIX record lock on
 * `lock` as long as the container lives; the kernel names the holder to everybody who asks, and frees the lock when the
 * holder ends, however it does. So no number in a file is ever believed: `pid` counts only while it is the holder's child.
 * How far the container came stands in the lock file itself, "running" or the exit status, where even a full disk has
 * room for it, and where one who waits for the lock finds it although the container has been removed meanwhile.
 *
 *	struct containers all;
 *	struct container c;
 *	containers_open(&all, store, e);
 *	containers_find(&all, "web", &c, e);
 *	container_look(&c, &status, e);
 *
 * Needs neither libcrypto nor the store's blobs: cr-exec links it.
 */
#ifndef CR_CONTAINER_H
#define CR_CONTAINER_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CONTAINER_NAME_MAX 128	/* bytes of a name, or of an id */
#define CONTAINER_FACT_MAX 4096 /* bytes of a fact, with the NUL: longer ones lose their tail */

/* --- the containers of a store --- */

struct containers {
	char *path; /* absolute, of the directory; owned */
	int dir;    /* -1: there is none yet, and so no container */
};

#define CONTAINERS_INIT { NULL, -1 }

/* Of the store, a directory's path. Where it has no containers/ yet, that is no error: all->dir is -1. ERR_IO. */
int containers_open(struct containers *all, const char *store, struct err *e);
/* The same, and makes the directory (0700) where it is missing. */
int containers_make(struct containers *all, const char *store, struct err *e);
void containers_close(struct containers *all);
#define cleanup_containers __attribute__((cleanup(containers_close)))

/*
 * The ids of all containers, sorted: a NULL-terminated array, freed by containers_free_list. NULL with the error set.
 */
char **containers_list(const struct containers *all, struct err *e);
void containers_free_list(char ***ids);

/* --- one container --- */

struct container {
	char *path; /* absolute, of the bundle; owned. Its last component is the id */
	int dir;
	int lock; /* descriptor of the lock file; -1: it has none, and so was never started */
};

#define CONTAINER_INIT { NULL, -1, -1 }

/*
 * Opens the one that has this id or this name, or the only one whose id begins so. ERR_NOT_FOUND when there is none,
 * ERR_USAGE when several begin so, and for an empty word.
 */
int containers_find(const struct containers *all, const char *word, struct container *c, struct err *e);

/* Opens the one whose bundle is the directory `path`. ERR_NOT_FOUND where there is none; ERR_IO. */
int container_open(struct container *c, const char *path, struct err *e);
void container_close(struct container *c);
#define cleanup_container __attribute__((cleanup(container_close)))

const char *container_id(const struct container *c); /* borrowed from c */

/* Reads a fact; "" and false where there is none. Control characters, which no fact has, show as '?'. */
bool container_fact(const struct container *c, const char *name, char value[CONTAINER_FACT_MAX]);

/* Writes a fact, whole or not at all. */
int container_set_fact(const struct container *c, const char *name, const char *value, struct err *e);
/* Whether it was there or not. */
void container_drop_fact(const struct container *c, const char *name);

/* --- its state --- */

enum container_state {
	CONTAINER_CREATED, /* not started yet */
	CONTAINER_RUNNING, /* its supervisor lives, and the command has been started */
	CONTAINER_EXITED,
	CONTAINER_DIED,	   /* its supervisor ended without a word: killed, or the machine was restarted */
};

struct container_status {
	enum container_state state;
	int exit;	/* the exit status, when it has exited */
	bool held;	/* somebody holds the lock: the supervisor, which may be starting or finishing yet */
	pid_t holder;	/* who, if so; 0: a process that this process namespace does not show */
};

/* What is so at this moment. ERR_IO on a filesystem without locks: nothing is claimed there. */
int container_look(const struct container *c, struct container_status *s, struct err *e);

const char *container_state_name(enum container_state state); /* "running" */

/*
 * Process 1 of one that runs: returns a pidfd of it, the caller's, and its number in *pid. The fact `pid` is believed
 * when, with the pidfd open, the lock still has its holder, and that is the parent. On a system without pidfds the
 * number alone, and -1 without an error. ERR_NOT_FOUND when the container does not run.
 */
int container_process(const struct container *c, pid_t *pid, struct err *e);

/*
 * Sends a signal to the command, by way of the supervisor; SIGKILL goes to process 1 (then the supervisor is continued,
 * if it stands still), and to the supervisor where there is none yet. ERR_NOT_FOUND when it does not run; ERR_USAGE for
 * signals that a supervisor does not pass on.
 */
int container_signal(const struct container *c, int sig, struct err *e);

/* The same; but that one does not run, or has ended meanwhile, is no error. */
int container_signal_running(const struct container *c, int sig, struct err *e);

/* Whether it is one that a supervisor passes on. */
bool container_passes_on(int sig);

/*
 * Waits until nobody holds the lock, for at most so many milliseconds (-1: for ever). 1: so it is; 0: not yet; -1
 * with the error set.
 */
int container_wait(const struct container *c, int milliseconds, struct err *e);

/* Waits as above, but also for writing to `fd`, a file of the container, and in vain for a second at most. */
struct container_watch;
struct container_watch *container_watch_new(const struct container *c, const char *file, struct err *e);
void container_watch_wait(struct container_watch *w);
void container_watch_free(struct container_watch *w); /* NULL is allowed */

/*
 * Removes it with all that is in it. ERR_IO when it runs. When another removes it at this moment, or its supervisor
 * is at its end, that is waited for. A removal that is killed leaves the rest in the store's tmp/, for the next to
 * remove.
 */
int container_remove(struct container *c, struct err *e);

/* --- making one --- */

/* Whether the word can be a name: letters, digits, '_', '.' and '-', a letter or a digit first. */
bool container_name_valid(const char *name);

/* An id that no container has had: 12 hexadecimal digits, by chance. */
int container_new_id(char id[CONTAINER_NAME_MAX], struct err *e);

/*
 * Gives the finished bundle `from`, an absolute path on the same filesystem, its place as the container `id`; the
 * fact `name` in it is its name, or NULL. Of several who want one name at a time exactly one gets it: ERR_USAGE for
 * the others.
 */
int containers_add(const struct containers *all, const char *from, const char *id, const char *name, struct err *e);

/* Makes the lock file in the directory of an unfinished bundle, with room for what it will hold. */
int container_prepare_lock(int dir, struct err *e);

/* ERR_USAGE, and who has it, where the name is taken. */
int containers_check_name(const struct containers *all, const char *name, struct err *e);

/* The time now, as facts have it: RFC 3339, in UTC, to the second. */
#define CONTAINER_TIME_MAX 24
void container_time(char text[CONTAINER_TIME_MAX]);

/* --- the supervisor's side --- */

/*
 * Takes the lock, which is this process's until it ends or closes c. (No other descriptor of the lock file may be closed in it:
 * that would free the lock.) ERR_USAGE when another has it, ERR_NOT_FOUND when the container has been removed.
 */
int container_hold(struct container *c, struct err *e);

/* The command is about to run below process 1, whose pid is `init`. */
int container_started(const struct container *c, pid_t init, struct err *e);

/* It has ended, or could not be started, with this exit status. */
int container_ended(const struct container *c, int exit, struct err *e);

/*
 * The same for one whose lock this process holds, and which it removes then: who waits for it learns the status yet.
 */
int container_ended_gone(struct container *c, int exit, struct err *e);

#endif
