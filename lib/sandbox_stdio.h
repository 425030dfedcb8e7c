/*
 * sandbox_stdio - the caller's standard descriptors, as the container gets them. Who is the host's uid 0 inside, without its
 * capabilities, could open a file of root's again through /proc/self/fd, for writing, or change its mode, and that of a
 * terminal: so files that are open for reading, and terminals, are passed on through a read-only mount of them alone.
 */
#ifndef CR_SANDBOX_STDIO_H
#define CR_SANDBOX_STDIO_H

#include "sandbox.h"

struct stdio {
	int fd[3]; /* what 0, 1 and 2 become; -1: they stay as they are */
};

#define STDIO_INIT { { -1, -1, -1 } }

/*
 * Opens them. What cannot be had so stays as it is: pipes and sockets, which have no mode that matters, and files that are
 * open for writing, whose contents are the container's anyway.
 */
void stdio_open(struct stdio *o, const struct sandbox *s);

void stdio_take(struct stdio *o);  /* in the child: they become 0, 1 and 2 */
void stdio_close(struct stdio *o); /* in the parent */

#endif
