#include "auth.h"

#include "auth_file.h"
#include "auth_helper.h"
#include "buf.h"
#include "io.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void credentials_clear(struct credentials *c)
{
	wipe(&c->user);
	wipe(&c->password);
	wipe(&c->identity_token);
}

/* Appends what the base64 text stands for; false when it is none. */
static bool decode_base64(const char *text, struct buf *out)
{
	size_t n = strcspn(text, "=");
	unsigned bits = 0, have = 0;

	if (strspn(text + n, "=") != strlen(text + n) || strlen(text + n) > 2 || n % 4 == 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(alphabet, text[i]);
		if (!at)
			return false;
		bits = bits << 6 | (unsigned)(at - alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(out, (char)(bits >> have & 0xff));
		}
	}
	return !out->failed;
}

static void encode_base64(const unsigned char *p, size_t n, struct buf *out)
{
	for (; n > 0; p += 3, n = n > 3 ? n - 3 : 0) {
		unsigned bits = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
		buf_addc(out, alphabet[bits >> 18]);
		buf_addc(out, alphabet[bits >> 12 & 63]);
		buf_addc(out, n > 1 ? alphabet[bits >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? alphabet[bits & 63] : '=');
	}
}

void auth_basic(const struct credentials *c, struct buf *out)
{
	cleanup_buf struct buf plain = BUF_INIT;

	buf_addf(&plain, "%s:%s", c->user, c->password);
	buf_adds(out, "Basic ");
	encode_base64((const unsigned char *)buf_text(&plain), plain.len, out);
	buf_wipe(&plain);
}

#define SHORT 4 /* bytes of a password that would strike out half of any text */

static void strike_out(const char *secret, struct buf *text)
{
	size_t n = strlen(secret);

	for (char *at = text->data; at && n > 0 && (at = strstr(at, secret)); at += n)
		memset(at, '*', n);
}

void auth_strike_out(const char *authorization, struct buf *text)
{
	const char *secret = strchr(authorization, ' '), *password;
	cleanup_buf struct buf plain = BUF_INIT;

	if (!secret)
		return;
	strike_out(++secret, text);
	if (strncasecmp(authorization, "Basic ", 6) == 0 && decode_base64(secret, &plain)) {
		strike_out(buf_text(&plain), text);
		password = strchr(buf_text(&plain), ':');
		if (password && strlen(password + 1) >= SHORT)
			strike_out(password + 1, text);
	}
	buf_wipe(&plain);
}

/* "user:password", with NULs behind it at times; the user "<token>" has an identity token for a password. */
static int split(const struct buf *plain, struct credentials *out, struct err *e)
{
	const char *text = buf_text(plain), *colon = strchr(text, ':');

	if (!colon)
		return err_set(e, ERR_CONTENT, "not a user and a password");
	for (size_t i = strlen(text); i < plain->len; i++)
		if (text[i])
			return err_set(e, ERR_CONTENT, "not a user and a password");
	if (strncmp(text, "<token>:", 8) == 0) {
		out->identity_token = strdup(colon + 1);
		return out->identity_token ? 0 : err_nomem(e);
	}
	out->user = strndup(text, (size_t)(colon - text));
	out->password = strdup(colon + 1);
	return out->user && out->password ? 0 : err_nomem(e);
}

static bool has_text(struct json_value v)
{
	return json_exists(v) && json_type(v) != JSON_NULL && !json_equals(v, "");
}

/* docker leaves {} where a helper has the secret. */
static bool holds_secret(struct json_value entry)
{
	return has_text(json_member(entry, "identitytoken")) || has_text(json_member(entry, "auth"));
}

static int read_entry(struct json_value entry, struct credentials *out, struct err *e)
{
	cleanup_buf struct buf plain = BUF_INIT;
	char *encoded;
	int status;

	if (has_text(json_member(entry, "identitytoken"))) {
		out->identity_token = json_string(json_member(entry, "identitytoken"), e);
		return out->identity_token ? 1 : -1;
	}
	if (!(encoded = json_string(json_member(entry, "auth"), e)))
		return -1;
	if (decode_base64(encoded, &plain))
		status = split(&plain, out, e);
	else
		status = err_set(e, ERR_CONTENT, "not base64");
	wipe(&encoded);
	buf_wipe(&plain);
	return status == -1 ? -1 : 1;
}

/* How well a key serves: its length when it is `name` or a prefix of whole components, else 0. */
static size_t fits(const char *key, const char *name)
{
	size_t n = strlen(key);

	return n && strncmp(key, name, n) == 0 && (name[n] == '\0' || name[n] == '/') ? n : 0;
}

static int find_entry(const struct json *doc, const char *name, struct credentials *out, struct err *e)
{
	struct json_value v, best = { doc, -1 };
	size_t best_fit = 0;

	v = json_first(json_member(json_root(doc), "auths"));
	for (; json_exists(v); v = json_next(v)) {
		cleanup_free char *key = json_key(v, e);
		size_t fit;

		if (!key)
			return -1;
		auth_normalise(key);
		fit = fits(key, name);
		if (fit > best_fit && holds_secret(v)) {
			best_fit = fit;
			best = v;
		}
	}
	return best_fit ? read_entry(best, out, e) : 0;
}

static int ask_helper(const char *helper, const char *name, struct credentials *out, struct err *e)
{
	cleanup_free char *host = strndup(name, strcspn(name, "/")), *server = host ? auth_key_of(host) : NULL;

	return server ? auth_helper_get(helper, server, out, e) : err_nomem(e);
}

static int find_in(const struct json *doc, const char *name, struct credentials *out, struct err *e)
{
	cleanup_auth_helpers struct auth_helpers helpers = { NULL, NULL };
	int found;

	if (auth_file_helpers(doc, name, &helpers, e) == -1)
		return -1;
	if (helpers.own && *helpers.own)
		return ask_helper(helpers.own, name, out, e);
	found = find_entry(doc, name, out, e);
	if (found || helpers.own || !helpers.common)
		return found;
	return ask_helper(helpers.common, name, out, e);
}

static int find_in_file(const char *path, const char *name, struct credentials *out, struct err *e)
{
	cleanup_json struct json *doc = NULL;
	int found;

	if (auth_file_open(path, &doc, e) == -1)
		return -1;
	found = doc ? find_in(doc, name, out, e) : 0;
	return found == -1 ? err_context(e, "%s", path) : found;
}

/* "registry/repository", the registry as keys have it. */
static int full_name(const char *registry, const char *repository, struct buf *out, struct err *e)
{
	cleanup_free char *host = strdup(registry);

	if (!host)
		return err_nomem(e);
	auth_normalise(host);
	buf_addf(out, "%s/%s", host, repository);
	return buf_check(out, e);
}

int auth_find(const char *const *files, const char *registry, const char *repository, struct credentials *out,
	      struct err *e)
{
	cleanup_buf struct buf name = BUF_INIT;

	if (full_name(registry, repository, &name, e) == -1)
		return -1;
	for (; files && *files; files++) {
		int found = find_in_file(*files, buf_text(&name), out, e);

		if (found == -1)
			credentials_clear(out);
		if (found)
			return found;
	}
	return 0;
}
