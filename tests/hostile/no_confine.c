/* no_confine - in the place of lib/confine_linux.c, for tests alone: a worker that gives nothing up */
#include "confine.h"

const int confine_namespaces;

int confine(int root, const int *keep, size_t count, struct err *e)
{
	(void)root, (void)keep, (void)count, (void)e;
	return 0;
}

int confine_to_reading(const int *keep, size_t count, struct err *e)
{
	(void)keep, (void)count, (void)e;
	return 0;
}
