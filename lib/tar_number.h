/*
 * tar_number - the numbers of tar headers. Private to tar*.c. Pure functions: no state, no I/O.
 */
#ifndef CR_TAR_NUMBER_H
#define CR_TAR_NUMBER_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * A field of n bytes: octal digits, blanks before and a NUL or blanks after them, or GNU's base-256, which may be
 * negative. A field of blanks and NULs alone is 0. 0, or -1 for anything else and for what does not fit.
 */
int tar_number(const char *field, size_t n, int64_t *value);

/* n bytes of decimal digits and nothing else, as pax has them. 0 or -1. */
int tar_decimal(const char *text, size_t n, int64_t *value);

/* Seconds with a sign and a fraction, as pax has them. 0 or -1. */
int tar_time(const char *text, size_t n, struct timespec *value);

/* Writes the number as n - 1 octal digits and a NUL; one that does not fit is 0. */
void tar_write_octal(char *field, size_t n, uint64_t value);

#endif
