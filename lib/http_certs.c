#include "http_certs.h"

#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

void http_certs_clear(struct http_certs *c)
{
	buf_clear(&c->authorities);
	free(steal_ptr(&c->cert));
	free(steal_ptr(&c->key));
}

static int add_file(struct http_certs *c, const char *path, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return err_errno(e, errno, "%s", path);
	if (io_read_all(fd, HTTP_CERTS_MAX, &c->authorities, e) == -1)
		return err_context(e, "%s", path);
	buf_addc(&c->authorities, '\n');
	return buf_check(&c->authorities, e);
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* NAME.cert, and NAME.key beside it. */
static int set_client(struct http_certs *c, const char *path, struct err *e)
{
	struct buf key = BUF_INIT;

	buf_add(&key, path, strlen(path) - strlen(".cert"));
	buf_adds(&key, ".key");
	c->key = buf_steal(&key);
	c->cert = strdup(path);
	if (!c->key || !c->cert)
		return err_nomem(e);
	return access(c->key, R_OK) == 0 ? 0 : err_errno(e, errno, "%s: the key of the client's certificate", c->key);
}

static int take_file(struct http_certs *c, const char *dir, const char *name, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", dir, name);
	if (buf_check(&path, e) == -1)
		return -1;
	if (ends_in(name, ".crt"))
		return add_file(c, buf_text(&path), e);
	if (ends_in(name, ".cert") && !c->cert)
		return set_client(c, buf_text(&path), e);
	return 0;
}

/* 1 when the directory is there (and read), 0 when not, -1. */
static int read_directory(struct http_certs *c, const char *path, const char *cacert, struct err *e)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), status = 1;

	if (n == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : err_errno(e, errno, "%s", path);
	if (n > HTTP_CERT_FILES_MAX)
		status = err_set(e, ERR_CONTENT, "%s: more than %d files", path, HTTP_CERT_FILES_MAX);
	for (int i = 0; i < n; i++) {
		if (status == 1 && take_file(c, path, names[i]->d_name, e) == -1)
			status = -1;
		free(names[i]);
	}
	free(names);
	if (status == 1 && c->authorities.len && cacert && add_file(c, cacert, e) == -1)
		status = -1;
	return status;
}

int http_certs_find(struct http_certs *c, const char *const *dirs, const struct http_origin *o, const char *cacert,
		    struct err *e)
{
	for (; dirs && *dirs; dirs++) {
		cleanup_buf struct buf with_port = BUF_INIT, without = BUF_INIT;
		int found;

		buf_addf(&with_port, "%s/%s:%s", *dirs, o->host, o->port);
		buf_addf(&without, "%s/%s", *dirs, o->host);
		if (buf_check(&with_port, e) == -1 || buf_check(&without, e) == -1)
			return -1;
		found = read_directory(c, buf_text(&with_port), cacert, e);
		if (found == 0 && strcmp(o->port, "443") == 0)
			found = read_directory(c, buf_text(&without), cacert, e);
		if (found)
			return found;
	}
	return 0;
}
