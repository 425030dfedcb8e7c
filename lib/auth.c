#include "auth.h"

#include "io.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

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
	if (plain.data)
		explicit_bzero(plain.data, plain.len);
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

static int read_entry(struct json_value entry, struct credentials *out, struct err *e)
{
	cleanup_buf struct buf plain = BUF_INIT;
	cleanup_free char *encoded = NULL;

	if (json_exists(json_member(entry, "identitytoken")) && !json_equals(json_member(entry, "identitytoken"), "")) {
		out->identity_token = json_string(json_member(entry, "identitytoken"), e);
		return out->identity_token ? 1 : -1;
	}
	if (!json_exists(json_member(entry, "auth"))) /* docker leaves {} where a helper has the secret */
		return 0;
	if (!(encoded = json_string(json_member(entry, "auth"), e)))
		return -1;
	if (!*encoded)
		return 0;
	if (!decode_base64(encoded, &plain))
		return err_set(e, ERR_CONTENT, "not base64");
	return split(&plain, out, e) == -1 ? -1 : 1;
}

/* A key of the file as a host and a path: without scheme, and without the API version that docker writes. */
static void normalise_key(char *key)
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
		memcpy(key, "docker.io", sizeof "docker.io");
}

/* How well a key serves: its length when it is `name` or a prefix of whole components, else 0. */
static size_t fits(const char *key, const char *name)
{
	size_t n = strlen(key);

	return n && strncmp(key, name, n) == 0 && (name[n] == '\0' || name[n] == '/') ? n : 0;
}

static int find_in(const struct json *doc, const char *name, struct credentials *out, struct err *e)
{
	struct json_value v, best = { doc, -1 };
	size_t best_fit = 0;

	v = json_first(json_member(json_root(doc), "auths"));
	for (; json_exists(v); v = json_next(v)) {
		cleanup_free char *key = json_key(v, e);
		size_t fit;

		if (!key)
			return -1;
		normalise_key(key);
		fit = fits(key, name);
		if (fit > best_fit) {
			best_fit = fit;
			best = v;
		}
	}
	return best_fit ? read_entry(best, out, e) : 0;
}

static int find_in_file(const char *path, const char *name, struct credentials *out, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_json struct json *doc = NULL;
	int found;

	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : err_errno(e, errno, "%s", path);
	if (io_read_all(fd, AUTH_FILE_MAX, &text, e) == -1)
		return err_context(e, "%s", path);
	if (text.len == 0)
		return 0;
	doc = json_parse(buf_text(&text), text.len, e);
	found = doc ? find_in(doc, name, out, e) : -1;
	explicit_bzero(text.data, text.len);
	return found == -1 ? err_context(e, "%s", path) : found;
}

int auth_find(const char *const *files, const char *registry, const char *repository, struct credentials *out,
	      struct err *e)
{
	cleanup_buf struct buf name = BUF_INIT;

	buf_addf(&name, "%s/%s", registry, repository);
	if (buf_check(&name, e) == -1)
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
