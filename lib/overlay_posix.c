#include "overlay.h"

const bool overlay_exists = false;
const int overlay_namespaces = 0;

bool overlay_fits(const char *dir)
{
	(void)dir;
	return false;
}

int overlay_mount(const struct overlay *o, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s: this platform has no overlay mounts (use -m copy)", o->target);
}

int overlay_claim(const char *work, struct err *e)
{
	return err_set(e, ERR_USAGE, "%s: this platform has no overlay mounts (use -m copy)", work);
}
