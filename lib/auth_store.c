#include "auth.h"
#include "auth_file.h"
#include "auth_helper.h"
#include "auth_replace.h"
#include "buf.h"
#include "io.h"

#include <string.h>

#define INDENT 4 /* spaces, of the files */

/* What becomes of the entry of a place. */
struct change {
	const char *place;
	const struct credentials *who; /* or NULL: no secret is in it */
	bool remove;
};

static void put_entry(struct json_writer *w, const struct change *c, struct err *e)
{
	cleanup_buf struct buf basic = BUF_INIT;
	cleanup_free char *key = auth_key_of(c->place);

	if (!key) {
		w->out->failed = true;
		return;
	}
	json_begin_object(w, key);
	if (c->who) {
		auth_basic(c->who, &basic);
		json_put_string(w, "auth", buf_check(&basic, e) == -1 ? "" : buf_text(&basic) + strlen("Basic "));
		buf_wipe(&basic);
	}
	json_end(w);
}

/* The old entries with the change made in place of the first of its kind, or behind them. 1 if one was of it. */
static int put_auths(struct json_writer *w, struct json_value auths, const struct change *c, struct err *e)
{
	int found = 0;

	json_begin_object(w, "auths");
	for (struct json_value v = json_first(auths); json_exists(v); v = json_next(v)) {
		cleanup_free char *key = json_key(v, e);
		int same = key ? auth_is_of(v, c->place, e) : -1;

		if (same == -1)
			return -1;
		if (!same)
			json_put_value(w, key, v);
		else if (!found && !c->remove)
			put_entry(w, c, e);
		found = found || same;
	}
	if (!found && !c->remove)
		put_entry(w, c, e);
	json_end(w);
	return found;
}

/* The whole file anew. */
static int put_file(struct json_writer *w, const struct json *doc, const struct change *c, struct err *e)
{
	struct json_value root = { doc, -1 }, auths = { doc, -1 }, v;
	int found = 0;

	if (doc) {
		root = json_root(doc);
		auths = json_member(root, "auths");
		if (json_type(root) != JSON_OBJECT)
			return err_set(e, ERR_CONTENT, "not a JSON object");
		if (json_exists(auths) && json_type(auths) != JSON_OBJECT && json_type(auths) != JSON_NULL)
			return err_set(e, ERR_CONTENT, "auths: not a JSON object");
	}
	json_begin_object(w, NULL);
	for (v = doc ? json_first(root) : root; json_exists(v); v = json_next(v)) {
		cleanup_free char *key = json_key(v, e);

		if (!key)
			return -1;
		if (strcmp(key, "auths") != 0)
			json_put_value(w, key, v);
		else if ((found = put_auths(w, v, c, e)) == -1)
			return -1;
	}
	if (!json_exists(auths) && (found = put_auths(w, auths, c, e)) == -1)
		return -1;
	json_end(w);
	return found;
}

/* 1 when there was an entry, 0 when not, -1. */
static int change_file(const char *path, const struct change *c, struct err *e)
{
	cleanup_auth_replace struct auth_replace r = AUTH_REPLACE_INIT;
	cleanup_json struct json *doc = NULL;
	struct buf text = BUF_INIT;
	struct json_writer w;
	int found = c->remove ? auth_has(path, c->place, e) : 1;

	if (found != 1)
		return found;
	if (auth_replace_begin(&r, path, &doc, e) == -1)
		return -1;
	json_writer_init(&w, &text, INDENT);
	found = put_file(&w, doc, c, e);
	buf_addc(&text, '\n');
	if (found == -1 || buf_check(&text, e) == -1)
		found = err_context(e, "%s", path);
	else if ((!c->remove || found) && auth_replace_commit(&r, &text, e) == -1)
		found = -1;
	buf_wipe(&text);
	buf_clear(&text);
	return found;
}

/* The file's helper for the place: 1 with *helper, which the caller frees; 0; -1. */
static int helper_of(const char *file, const char *place, char **helper, struct err *e)
{
	cleanup_auth_helpers struct auth_helpers helpers = { NULL, NULL };
	cleanup_json struct json *doc = NULL;
	const char *name;

	if (auth_file_open(file, &doc, e) == -1)
		return -1;
	if (!doc)
		return 0;
	if (auth_file_helpers(doc, place, &helpers, e) == -1)
		return err_context(e, "%s", file);
	if (!(name = auth_helper_for(&helpers)))
		return 0;
	return (*helper = strdup(name)) ? 1 : err_nomem(e);
}

int auth_has_helper(const char *file, const char *place, struct err *e)
{
	cleanup_free char *helper = NULL;

	return helper_of(file, place, &helper, e);
}

int auth_has(const char *file, const char *place, struct err *e)
{
	cleanup_json struct json *doc = NULL;
	struct json_value v;
	int same = 0;

	if (auth_file_open(file, &doc, e) == -1)
		return -1;
	if (!doc)
		return 0;
	v = json_first(json_member(json_root(doc), "auths"));
	for (; json_exists(v) && same == 0; v = json_next(v))
		same = auth_is_of(v, place, e);
	return same == -1 ? err_context(e, "%s", file) : same;
}

/* 0, or -1: what neither a Basic header nor a file can say. */
static int check_credentials(const struct credentials *who, struct err *e)
{
	if (strchr(who->user, ':'))
		return err_set(e, ERR_USAGE, "a user name cannot hold a ':'");
	if (strlen(who->user) > AUTH_SECRET_MAX || strlen(who->password) > AUTH_SECRET_MAX)
		return err_set(e, ERR_USAGE, "a user name or password of more than %d bytes", AUTH_SECRET_MAX);
	return 0;
}

int auth_store(const char *file, const char *place, const struct credentials *who, struct err *e)
{
	struct change c = { .place = place, .who = who };
	cleanup_free char *helper = NULL, *server = auth_key_of(place);
	int found;

	if (!server)
		return err_nomem(e);
	if (check_credentials(who, e) == -1 || (found = helper_of(file, place, &helper, e)) == -1)
		return -1;
	if (found) {
		if (strchr(place, '/'))
			return err_set(e, ERR_USAGE, "%s: docker-credential-%s keeps credentials of whole registries alone",
				       file, helper);
		if (auth_helper_store(helper, server, who, e) == -1)
			return err_context(e, "%s", file);
		c.who = NULL;
	}
	return change_file(file, &c, e) == -1 ? -1 : 0;
}

/* Asks first, as some helpers remove what is not there without a word. */
static int erase_from_helper(const char *helper, const char *place, struct err *e)
{
	cleanup_credentials struct credentials who = CREDENTIALS_INIT;
	cleanup_free char *server = auth_key_of(place);
	int found = server ? auth_helper_get(helper, server, &who, e) : err_nomem(e);

	return found == 1 && auth_helper_erase(helper, server, e) == -1 ? -1 : found;
}

int auth_erase(const char *file, const char *place, struct err *e)
{
	struct change c = { .place = place, .remove = true };
	cleanup_free char *helper = NULL;
	int found = helper_of(file, place, &helper, e), had;

	if (found == 1)
		found = strchr(place, '/') ? 0 : erase_from_helper(helper, place, e);
	if (found == -1)
		return helper ? err_context(e, "%s", file) : -1;
	had = change_file(file, &c, e);
	return had == -1 ? -1 : had || found;
}
