#include "seccomp_tables.h"

#if defined(__x86_64__) && !defined(__ILP32__)
const struct seccomp_table *const seccomp_native_table = &seccomp_x86_64;
#elif defined(__aarch64__) && !defined(__ILP32__) && !defined(__AARCH64EB__)
const struct seccomp_table *const seccomp_native_table = &seccomp_aarch64;
#else
const struct seccomp_table *const seccomp_native_table = NULL;
#endif
