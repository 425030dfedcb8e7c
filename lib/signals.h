/*
 * signals - signals by name, as people and images write them.
 */
#ifndef CR_SIGNALS_H
#define CR_SIGNALS_H

/* "TERM", "SIGTERM", "15", "RTMIN+3", in either case. -1 for what is none here. */
int signals_parse(const char *text);

#endif
