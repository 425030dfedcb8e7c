/*
 * What a unit test needs: checks that say where and what, and a count.
 *
 *	static void test_x(void) { CHECK_INT(f(1), 2); }
 *	int main(void) { RUN(test_x); return test_end(); }
 *
 * A failed check is reported on stderr and marks the running function failed, which goes on to its end. RUN prints a line
 * "ok NAME", "not ok NAME" or "ok NAME # SKIP reason" on stdout; test_end the sum, "N passed, N failed" and, where some were
 * skipped, ", N skipped".
 */
#ifndef TEST_H
#define TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct {
	int passed, failed, skipped;
	bool broken; /* the running function */
	const char *skip; /* why the running function was left, or NULL */
} test_state;

/* Runs a test, a void function without arguments, and counts it. */
#define RUN(fn) test_run(fn, #fn)

/* Leaves the running test: it cannot run here. What was checked before still counts. */
#define SKIP(reason) do { test_state.skip = (reason); return; } while (0)

#define CHECK(expr) test_check((expr) ? true : false, __FILE__, __LINE__, #expr)

/* Strings; NULL is equal to NULL alone. */
#define CHECK_STR(got, want) test_check_str((got), (want), __FILE__, __LINE__, #got)

/* Integers of any type whose values an intmax_t can hold. */
#define CHECK_INT(got, want) test_check_int((intmax_t)(got), (intmax_t)(want), __FILE__, __LINE__, #got)

static inline void test_run(void (*fn)(void), const char *name)
{
	test_state.broken = false;
	test_state.skip = NULL;
	fn();
	if (test_state.broken) {
		test_state.failed++;
		printf("not ok %s\n", name);
	} else if (test_state.skip) {
		test_state.skipped++;
		printf("ok %s # SKIP %s\n", name, test_state.skip);
	} else {
		test_state.passed++;
		printf("ok %s\n", name);
	}
	fflush(stdout);
}

static inline void test_check(bool good, const char *file, int line, const char *expr)
{
	if (good)
		return;
	test_state.broken = true;
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, expr);
}

static inline const char *test_quote(const char *s)
{
	return s ? "\"" : "";
}

static inline void test_check_str(const char *got, const char *want, const char *file, int line, const char *expr)
{
	if (got == want || (got && want && strcmp(got, want) == 0))
		return;
	test_state.broken = true;
	fprintf(stderr, "%s:%d: %s is %s%s%s, not %s%s%s\n", file, line, expr, test_quote(got), got ? got : "NULL",
		test_quote(got), test_quote(want), want ? want : "NULL", test_quote(want));
}

static inline void test_check_int(intmax_t got, intmax_t want, const char *file, int line, const char *expr)
{
	if (got == want)
		return;
	test_state.broken = true;
	fprintf(stderr, "%s:%d: %s is %" PRIdMAX ", not %" PRIdMAX "\n", file, line, expr, got, want);
}

/* The sum on stdout, alone on the last line. Returns the exit status of the program: 1 if anything failed. */
static inline int test_end(void)
{
	printf("%d passed, %d failed", test_state.passed, test_state.failed);
	if (test_state.skipped > 0)
		printf(", %d skipped", test_state.skipped);
	printf("\n");
	return test_state.failed > 0 ? 1 : 0;
}

#endif
