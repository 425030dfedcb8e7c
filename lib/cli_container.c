#include "cli_container.h"

int cli_containers(const struct cli *c, struct containers *all, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	return cli_store_path(c, &path, e) == -1 ? -1 : containers_open(all, buf_text(&path), e);
}

int cli_each_container(const struct cli *c, char *const *words, int (*fn)(void *ctx, struct container *one, struct err *e),
		       void *ctx)
{
	cleanup_containers struct containers all = CONTAINERS_INIT;
	struct err e = ERR_INIT;
	int status = 0;

	if (cli_containers(c, &all, &e) == -1)
		return cli_fail(c, &e);
	for (; *words; words++) {
		cleanup_container struct container one = CONTAINER_INIT;
		struct err each = ERR_INIT;

		if (containers_find(&all, *words, &one, &each) == 0 && fn(ctx, &one, &each) == 0)
			continue;
		cli_error(c, &each);
		if (status == 0)
			status = err_exit_status(&each);
	}
	return status;
}
