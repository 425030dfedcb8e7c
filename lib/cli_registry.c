#include "cli_registry.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

static void notice(void *ctx, bool detail, const char *text)
{
	const struct cli *cli = ctx;

	if (!detail || cli->verbose)
		cli_warn(cli, "%s", text);
}

void cli_registry_init(struct cli_registry *c, struct cli *cli)
{
	*c = (struct cli_registry){ .cli = cli,
				    .policy = { .http.user_agent = "container/" CR_VERSION, .retries = REGISTRY_RETRIES,
						.notice = notice, .notice_ctx = cli } };
}

bool cli_registry_option(struct cli_registry *c, int option)
{
	switch (option) {
	case CLI_OPTION_PLAIN_HTTP: c->policy.plain_http = true; return true;
	case CLI_OPTION_CACERT: c->policy.http.cacert = optarg; return true;
	case CLI_OPTION_CONNECT_TIMEOUT:
		c->policy.http.connect_seconds = cli_number(c->cli, "--connect-timeout", 1, HTTP_SECONDS_MAX);
		return true;
	case CLI_OPTION_STALL_TIMEOUT:
		c->policy.http.stall_seconds = cli_number(c->cli, "--stall-timeout", 1, HTTP_SECONDS_MAX);
		return true;
	case CLI_OPTION_RETRIES:
		c->policy.retries = (int)cli_number(c->cli, "--retries", 0, REGISTRY_RETRIES_MAX);
		return true;
	case CLI_OPTION_OFFLINE: c->offline = true; return true;
	default: return false;
	}
}

static void add_auth_file(struct cli_registry *c, char *path)
{
	if (path)
		c->auth_files[c->auth_count++] = path;
}

static void add_cert_dir(struct cli_registry *c, char *path)
{
	if (path)
		c->cert_dirs[c->cert_count++] = path;
}

static int add_mirror(struct cli_registry *c, const char *registry, const char *url, struct err *e)
{
	struct registry_mirror *m = &c->mirrors[c->mirror_count];

	if (c->mirror_count == CLI_MIRRORS_MAX)
		return err_set(e, ERR_CONTENT, "more than %d mirrors", CLI_MIRRORS_MAX);
	m->registry = strdup(registry);
	m->url = strdup(url);
	c->mirror_count++;
	return m->registry && m->url ? 0 : err_nomem(e);
}

/* "HOST URL...", '#' begins a comment. */
static int read_mirror_line(struct cli_registry *c, char *line, struct err *e)
{
	char *rest, *host, *url;

	line[strcspn(line, "#")] = '\0';
	host = strtok_r(line, blanks, &rest);
	if (!host)
		return 0;
	url = strtok_r(NULL, blanks, &rest);
	if (!url)
		return err_set(e, ERR_CONTENT, "'%s' has no mirror", host);
	for (; url; url = strtok_r(NULL, blanks, &rest))
		if (add_mirror(c, host, url, e) == -1)
			return -1;
	return 0;
}

static int read_mirrors(struct cli_registry *c, const char *path, struct err *e)
{
	cleanup_file FILE *f = path ? fopen(path, "re") : NULL;
	cleanup_free char *line = NULL;
	size_t room = 0;

	if (!f)
		return !path || errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(e, errno, "%s", path);
	while (getline(&line, &room, f) > 0)
		if (read_mirror_line(c, line, e) == -1)
			return err_context(e, "%s", path);
	return ferror(f) ? err_errno(e, errno, "%s", path) : 0;
}

int cli_registry_load(struct cli_registry *c, struct err *e)
{
	cleanup_free char *mirrors = cli_path("XDG_CONFIG_HOME", "/.config", "/container/registries");

	add_auth_file(c, cli_path("REGISTRY_AUTH_FILE", NULL, ""));
	add_auth_file(c, cli_path("XDG_RUNTIME_DIR", NULL, "/containers/auth.json"));
	add_auth_file(c, cli_path("XDG_CONFIG_HOME", "/.config", "/containers/auth.json"));
	add_auth_file(c, cli_path("DOCKER_CONFIG", NULL, "/config.json"));
	add_auth_file(c, cli_path(NULL, "/.docker", "/config.json"));
	c->policy.auth_files = (const char *const *)c->auth_files;
	add_cert_dir(c, cli_path("XDG_CONFIG_HOME", "/.config", "/container/certs.d"));
	add_cert_dir(c, cli_path("XDG_CONFIG_HOME", "/.config", "/containers/certs.d"));
	add_cert_dir(c, strdup("/etc/container/certs.d"));
	add_cert_dir(c, strdup("/etc/containers/certs.d"));
	add_cert_dir(c, strdup("/etc/docker/certs.d"));
	c->policy.http.cert_dirs = (const char *const *)c->cert_dirs;
	if (read_mirrors(c, mirrors, e) == -1 || read_mirrors(c, "/etc/container/registries", e) == -1)
		return -1;
	c->policy.mirrors = c->mirrors;
	c->policy.mirror_count = c->mirror_count;
	return 0;
}

int cli_registry_open(struct cli_registry *c, struct store *s, struct registry **r, struct err *e)
{
	cleanup_buf struct buf path = BUF_INIT;

	*r = NULL;
	if (cli_registry_load(c, e) == -1 || cli_store_path(c->cli, &path, e) == -1 ||
	    store_open(s, buf_text(&path), e) == -1)
		return -1;
	return c->offline || (*r = registry_new(&c->policy, e)) ? 0 : -1;
}
