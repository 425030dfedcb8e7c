/*
 * signals - signals by name, as people and images write them, and which of them reach a container.
 */
#ifndef CR_SIGNALS_H
#define CR_SIGNALS_H

#include <signal.h>

/* The signals that a supervisor passes on to the command; the others keep their meaning for itself. */
void signals_passed_on(sigset_t *set);

/* "TERM", "SIGTERM", "15", "RTMIN+3", in either case. -1 for what is none here. */
int signals_parse(const char *text);

#endif
