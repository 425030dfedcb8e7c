/*
 * store_lock - files under a store's tmp/ that one process holds at a time. Private to store*.c.
 */
#ifndef CR_STORE_LOCK_H
#define CR_STORE_LOCK_H

#include "store.h"

/*
 * Opens tmp/name, made where it is missing, for reading and writing, and locks it. Returns its descriptor, which is
 * still what stands under that name. -1 with *busy set (and no error) when another process holds it and `wait` is false;
 * busy may be NULL if it is true.
 */
int store_lock_file(const struct store *s, const char *name, bool wait, bool *busy, struct err *e);

#endif
