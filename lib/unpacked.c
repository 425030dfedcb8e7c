#include "unpacked.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

bool unpacked_have(const struct store *s, const struct digest *chain_id)
{
	char hex[DIGEST_HEX];
	struct stat st;

	digest_hex(chain_id, hex);
	return fstatat(s->layers, hex, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

void unpacked_path(const struct store *s, const struct digest *chain_id, struct buf *out)
{
	char hex[DIGEST_HEX];

	digest_hex(chain_id, hex);
	buf_addf(out, "%s/layers/sha256/%s/fs", s->path, hex);
}

int unpacked_open(const struct store *s, const struct digest *chain_id, struct err *e)
{
	char name[DIGEST_HEX + 3];
	int fd;

	digest_hex(chain_id, name);
	strncat(name, "/fs", sizeof name - strlen(name) - 1);
	fd = openat(s->layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "layer %s is not unpacked", digest_str(chain_id).text);
	return fd == -1 ? err_errno(e, errno, "layer %s", digest_str(chain_id).text) : fd;
}

int *unpacked_open_all(const struct store *s, const struct digest *chain_ids, size_t count, struct err *e)
{
	int *fds = calloc(count ? count : 1, sizeof *fds);

	if (!fds) {
		err_nomem(e);
		return NULL;
	}
	for (size_t n = 0; n < count; n++) {
		fds[n] = unpacked_open(s, &chain_ids[n], e);
		if (fds[n] == -1) {
			unpacked_close_all(fds, n);
			return NULL;
		}
	}
	return fds;
}

void unpacked_close_all(int *fds, size_t count)
{
	while (fds && count > 0)
		close(fds[--count]);
	free(fds);
}
