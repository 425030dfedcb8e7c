/*
 * auth_helper - the programs that keep secrets: docker-credential-NAME (the protocol is that of
 * docker-credential-helpers). Private to auth*.c.
 *
 * `name` has been checked to be a word. All errors name the program and what it was to do.
 */
#ifndef CR_AUTH_HELPER_H
#define CR_AUTH_HELPER_H

#include "auth.h"

/* 1 with *out filled in, 0 when it has nothing for the server, -1. */
int auth_helper_get(const char *name, const char *server, struct credentials *out, struct err *e);

/* ERR_CONTENT for what JSON cannot say: a user or password that is not UTF-8. */
int auth_helper_store(const char *name, const char *server, const struct credentials *who, struct err *e);

int auth_helper_erase(const char *name, const char *server, struct err *e);

#endif
