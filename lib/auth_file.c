#include "auth_file.h"

#include "auth.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define HUB "docker.io"
#define HUB_KEY "https://index.docker.io/v1/"
#define HELPER_NAME_MAX 100 /* characters */

/* Room for the longest file is only touched as far as it is filled; a buffer that grows would leave secrets behind it. */
int auth_file_read(int fd, struct json **doc, struct err *e)
{
	char *text = malloc(AUTH_FILE_MAX + 1);
	ssize_t n;

	if (!text)
		return err_nomem(e);
	*doc = NULL;
	n = io_read_full(fd, text, AUTH_FILE_MAX + 1);
	if (n == -1)
		err_errno(e, errno, "read");
	else if (n > AUTH_FILE_MAX)
		err_set(e, ERR_CONTENT, "longer than the limit of %d bytes", AUTH_FILE_MAX);
	else if (n > 0)
		*doc = json_parse(text, (size_t)n, e);
	if (n > 0)
		explicit_bzero(text, (size_t)n);
	free(text);
	return n == 0 || *doc ? 0 : -1;
}

int auth_file_open(const char *path, struct json **doc, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*doc = NULL;
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : err_errno(e, errno, "%s", path);
	return auth_file_read(fd, doc, e) == -1 ? err_context(e, "%s", path) : 0;
}

void auth_normalise(char *key)
{
	size_t n;

	if (strncmp(key, "https://", 8) == 0 || strncmp(key, "http://", 7) == 0) {
		char *host = strstr(key, "//") + 2;
		host[strcspn(host, "/")] = '\0';
		memmove(key, host, strlen(host) + 1);
	}
	n = strlen(key);
	while (n > 0 && key[n - 1] == '/')
		key[--n] = '\0';
	if (strcmp(key, "index.docker.io") == 0 || strcmp(key, "registry-1.docker.io") == 0)
		memcpy(key, HUB, sizeof HUB);
}

char *auth_key_of(const char *place)
{
	return strdup(strcmp(place, HUB) == 0 ? HUB_KEY : place);
}

int auth_is_of(struct json_value member, const char *place, struct err *e)
{
	cleanup_free char *key = json_key(member, e);

	if (!key)
		return -1;
	auth_normalise(key);
	return strcmp(key, place) == 0;
}

/* The name becomes part of a command's: a word, and never a path. */
static char *helper_name(struct json_value v, struct err *e)
{
	char *name = json_string(v, e);

	if (!name)
		return NULL;
	if (strlen(name) <= HELPER_NAME_MAX && *name != '-' && *name != '.' &&
	    name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0')
		return name;
	err_set(e, ERR_CONTENT, "'%.100s' is no name of a credential helper", name);
	free(name);
	return NULL;
}

int auth_file_helpers(const struct json *doc, const char *place, struct auth_helpers *out, struct err *e)
{
	cleanup_free char *host = strndup(place, strcspn(place, "/"));
	struct json_value root = json_root(doc), common = json_member(root, "credsStore");
	struct json_value v = json_first(json_member(root, "credHelpers"));
	int same = 0;

	if (!host)
		return err_nomem(e);
	for (; json_exists(v); v = json_next(v)) {
		if ((same = auth_is_of(v, host, e)))
			break;
	}
	if (same == -1 || (same && !(out->own = helper_name(v, e))))
		return -1;
	if (json_exists(common) && json_type(common) != JSON_NULL && !json_equals(common, "") &&
	    !(out->common = helper_name(common, e)))
		return -1;
	return 0;
}

void auth_helpers_clear(struct auth_helpers *h)
{
	free(h->own);
	free(h->common);
	*h = (struct auth_helpers){ NULL, NULL };
}

const char *auth_helper_for(const struct auth_helpers *h)
{
	if (!h->own)
		return h->common;
	return *h->own ? h->own : NULL;
}
