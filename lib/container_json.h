/*
 * container_json - a container's record as JSON, for people and programs that want to know everything.
 */
#ifndef CR_CONTAINER_JSON_H
#define CR_CONTAINER_JSON_H

#include "container.h"
#include "json.h"

/*
 * Writes an object: id, state, the facts that there are, exit as a number, pid of one that runs, the bundle's path,
 * and of its config.json what says how the process is run. 0; -1 with the error set, and then nothing is written.
 */
int container_put_json(struct json_writer *w, const struct container *c, struct err *e);

#endif
