#include "overlay.h"

const bool overlay_exists = false;
const int overlay_namespaces = 0;

int overlay_mount(const char *target, const char *const *lower, size_t count, const char *upper, const char *work,
		  unsigned long flags, struct err *e)
{
	(void)lower;
	(void)count;
	(void)upper;
	(void)work;
	(void)flags;
	return err_set(e, ERR_USAGE, "%s: this platform has no overlay mounts (use -m copy)", target);
}
