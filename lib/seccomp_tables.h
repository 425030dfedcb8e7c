/*
 * seccomp_tables - what share/seccomp-build.c makes, one file a machine, so that a program has its own alone. Private to
 * seccomp*.c and its tests.
 */
#ifndef CR_SECCOMP_TABLES_H
#define CR_SECCOMP_TABLES_H

#include "seccomp.h"

extern const struct seccomp_table seccomp_x86_64, seccomp_aarch64;

#endif
