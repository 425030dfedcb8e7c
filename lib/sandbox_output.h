/*
 * sandbox_output - the command's output, when it goes to a function of the caller's instead of its descriptors 1 and
 * 2.
 */
#ifndef CR_SANDBOX_OUTPUT_H
#define CR_SANDBOX_OUTPUT_H

#include "sandbox.h"

struct output {
	int from[2]; /* what was written to descriptors 1 and 2 is read here; -1: none, or at its end */
	int to[2];
};

#define OUTPUT_INIT { { -1, -1 }, { -1, -1 } }

/* Two pipes; none where s wants none, or where a terminal is the output. */
int output_open(struct output *o, const struct sandbox *s, struct err *e);

void output_take(struct output *o);  /* in the child: they become descriptors 1 and 2 */
void output_start(struct output *o); /* in the parent, which only reads */

/*
 * Hands on what there is of descriptor `which` (1 or 2), a bufferful at most. Returns the bytes; 0: none, for now or
 * for good.
 */
size_t output_move(struct output *o, const struct sandbox *s, int which);

/* Hands on all that there is yet, and closes. What still writes then, outside any namespace, is not waited for. */
void output_end(struct output *o, const struct sandbox *s);

#endif
