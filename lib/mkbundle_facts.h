/*
 * mkbundle_facts - what a container's record says from its beginning (DESIGN §3, containers/<id>/). Private to
 * mkbundle*.c.
 */
#ifndef CR_MKBUNDLE_FACTS_H
#define CR_MKBUNDLE_FACTS_H

#include "mkbundle.h"

/*
 * Writes the facts into the directory `dir` of the unfinished bundle: image, digest, command and, if the image has
 * one, stop-signal, when how->name is set; for a container also name, created and status, and the lock file. config:
 * config.json.
 */
int mkbundle_write_facts(const struct mkbundle *how, const struct image *im, int dir, const struct buf *config,
			 struct err *e);

#endif
