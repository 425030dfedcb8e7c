/*
 * container_lock - the lock of a container as a file, and what lies around it. Private to container*.c.
 */
#ifndef CR_CONTAINER_LOCK_H
#define CR_CONTAINER_LOCK_H

#include "container.h"

/* Opens the lock file of the bundle: for writing where that is allowed. flags: O_CREAT or 0. -1 with errno. */
int container_open_lock(int dir, int flags);

/* Who holds the lock. False: nobody does. *pid is 0 for a process that is not seen here. -1 with the error set. */
int container_holder(const struct container *c, bool *held, pid_t *pid, struct err *e);

/*
 * Takes the lock; with `wait` when it is free. 1: taken; 0, without `wait`: another has it; -1 with the error set (ERR_DENIED
 * where the lock file cannot be written).
 */
int container_take_lock(const struct container *c, bool wait, struct err *e);

/* Whether the open lock is that of the container that stands under the path, and not of one that has been removed. */
bool container_still_there(const struct container *c);

/*
 * What the lock file says: nothing yet, that the command runs, or the exit status. It is written in its place, so
 * that a full disk does not matter; by the holder alone, or before there is one.
 */
enum container_word { CONTAINER_WORD_NONE, CONTAINER_WORD_RUNNING, CONTAINER_WORD_EXIT };

int container_put_word(const struct container *c, enum container_word word, int exit, struct err *e);
enum container_word container_get_word(const struct container *c, int *exit); /* exit: of CONTAINER_WORD_EXIT alone */

/* Removes the container; the lock is held. */
int container_discard(const struct container *c, struct err *e);

/* Whether the container `id` has that name. */
bool container_has_name(const struct containers *all, const char *id, const char *name);

/* --- by platform --- */

/*
 * A handle of the process, by which it can be waited for and sent signals; -1 where there are none, or no such
 * process.
 */
int container_open_process(pid_t pid);

/* Whether `parent` is the parent of the process; true where that cannot be asked for. */
bool container_is_child(pid_t pid, pid_t parent);

/* Sends a signal by the handle, or by the number where the platform has no handles. 0, or -1 with errno. */
int container_send(int handle, pid_t pid, int sig);

/*
 * Waits for the process's end, for so many milliseconds at most (-1: no such limit), and in vain for a while only: the lock
 * is to be looked at again then, which a process may let go of before its end.
 */
void container_await_process(int handle, int milliseconds);

#endif
