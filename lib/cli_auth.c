#include "cli_auth.h"

#include "auth.h"
#include "io.h"
#include "ref.h"

#include <stdlib.h>
#include <string.h>

/* Whether the text is all of what the reference grammar makes of it: a host that is one, no tag, no digest. */
static bool is_whole(const struct ref *r, const char *host, size_t n)
{
	return strlen(r->registry) == n && strncmp(r->registry, host, n) == 0 && !r->has_digest && strcmp(r->tag, "latest") == 0;
}

char *cli_auth_place(const char *text, struct err *e)
{
	char *place = strdup(text ? text : "docker.io");
	cleanup_ref struct ref r = REF_INIT;
	struct buf whole = BUF_INIT;
	cleanup_free char *reference = NULL;
	size_t host;

	if (!place) {
		err_nomem(e);
		return NULL;
	}
	auth_normalise(place);
	host = strcspn(place, "/");
	buf_addf(&whole, "%s%s", place, place[host] ? "" : "/x");
	if (!(reference = buf_steal(&whole)))
		err_nomem(e);
	else if (ref_parse(&r, reference, e) == 0 && !strpbrk(place + host, ":@") && is_whole(&r, place, host))
		return place;
	else if (r.registry)
		err_set(e, ERR_USAGE, "'%.200s' is no registry: HOST[:PORT][/REPOSITORY] is, with a dot or a port", place);
	free(place);
	return NULL;
}

static char *copy(const char *path, struct err *e)
{
	char *own = strdup(path);

	if (!own)
		err_nomem(e);
	return own;
}

char *cli_auth_file(const struct cli_registry *c, const char *place, struct err *e)
{
	cleanup_free char *docker = NULL;
	char *path;
	int has;

	if ((path = cli_path("REGISTRY_AUTH_FILE", NULL, "")))
		return path;
	for (size_t i = 0; i < c->auth_count; i++) {
		if ((has = auth_has(c->auth_files[i], place, e)))
			return has == 1 ? copy(c->auth_files[i], e) : NULL;
	}
	docker = cli_path("DOCKER_CONFIG", "/.docker", "/config.json");
	has = docker ? auth_has_helper(docker, place, e) : 0;
	if (has)
		return has == 1 ? steal_ptr(&docker) : NULL;
	path = cli_path("XDG_CONFIG_HOME", "/.config", "/containers/auth.json");
	if (!path)
		err_set(e, ERR_USAGE, "no file for credentials: set REGISTRY_AUTH_FILE or HOME");
	return path;
}
