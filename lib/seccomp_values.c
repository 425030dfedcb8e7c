#include "seccomp_read.h"

#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *keep(struct seccomp_profile *p, void *ptr, struct err *e)
{
	void **more;

	if (!ptr)
		return NULL;
	more = realloc(p->owned, (p->owned_count + 1) * sizeof *more);
	if (!more) {
		free(ptr);
		err_nomem(e);
		return NULL;
	}
	p->owned = more;
	p->owned[p->owned_count++] = ptr;
	return ptr;
}

void *seccomp_alloc(struct seccomp_profile *p, size_t n, size_t size, struct err *e)
{
	void *ptr = calloc(n + 1, size);

	if (!ptr)
		err_nomem(e);
	return keep(p, ptr, e);
}

int seccomp_read_uint64(struct json_value v, const char *name, uint64_t *out, struct err *e)
{
	size_t len = 0;
	const char *raw = json_type(v) == JSON_NUMBER ? json_raw(v, &len) : NULL;
	uint64_t n = 0;

	*out = 0;
	if (!json_exists(v) || json_type(v) == JSON_NULL)
		return 0;
	if (!raw)
		return err_set(e, ERR_CONTENT, "%s: not a number", name);
	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(raw[i] - '0');

		if (raw[i] < '0' || raw[i] > '9' || n > (UINT64_MAX - digit) / 10)
			return err_set(e, ERR_CONTENT, "%s: %.*s is not a number of 64 bits without a sign", name, (int)len, raw);
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

int seccomp_find(struct json_value v, const char *prefix, const char *const *words)
{
	char word[32];

	for (int i = 0; words[i]; i++) {
		snprintf(word, sizeof word, "%s%s", prefix, words[i]);
		if (json_equals(v, word))
			return i;
	}
	return -1;
}

int seccomp_unknown(struct json_value v, const char *name, struct err *e)
{
	size_t len = 0;
	const char *raw = json_exists(v) ? json_raw(v, &len) : "";

	return err_set(e, ERR_CONTENT, "%s: %.*s is unknown", name, (int)len, raw);
}

int seccomp_read_action(struct json_value v, const char *name, enum seccomp_action *out, struct err *e)
{
	int action = json_equals(v, "SCMP_ACT_KILL") ? SECCOMP_ACT_KILL_THREAD : seccomp_find(v, "SCMP_ACT_", seccomp_action_names);

	if (json_equals(v, "SCMP_ACT_NOTIFY"))
		return err_set(e, ERR_USAGE, "%s: SCMP_ACT_NOTIFY is not supported: crun or runc can run this bundle", name);
	if (action == -1)
		return seccomp_unknown(v, name, e);
	*out = (enum seccomp_action)action;
	return 0;
}

int seccomp_read_errno(struct json_value v, const char *name, int *out, struct err *e)
{
	uint64_t n;

	*out = EPERM;
	if (!json_exists(v) || json_type(v) == JSON_NULL)
		return 0;
	if (seccomp_read_uint64(v, name, &n, e) == -1)
		return -1;
	if (n > SECCOMP_ERRNO_MAX)
		return err_set(e, ERR_CONTENT, "%s: at most %d", name, SECCOMP_ERRNO_MAX);
	*out = (int)n;
	return 0;
}

int seccomp_add_words(struct buf *list, struct json_value v, const char *name, size_t max, struct err *e)
{
	if (json_count(v) > max)
		return err_set(e, ERR_CONTENT, "%s: more than %zu", name, max);
	if (json_exists(v) && json_type(v) != JSON_ARRAY && json_type(v) != JSON_NULL)
		return err_set(e, ERR_CONTENT, "%s: not an array", name);
	for (v = json_first(v); json_exists(v); v = json_next(v)) {
		cleanup_free char *word = json_string(v, e);

		if (!word)
			return err_context(e, "%s", name);
		if (*word)
			buf_add(list, word, strlen(word) + 1);
	}
	return 0;
}

int seccomp_keep_words(struct seccomp_profile *p, struct buf *list, const char **out, struct err *e)
{
	*out = NULL;
	if (buf_check(list, e) == -1)
		return -1;
	if (list->len == 0)
		return 0;
	*out = keep(p, buf_steal(list), e);
	return *out ? 0 : -1;
}

int seccomp_read_words(struct seccomp_profile *p, struct json_value v, const char *name, const char **out, struct err *e)
{
	cleanup_buf struct buf list = BUF_INIT;

	return seccomp_add_words(&list, v, name, SECCOMP_NAMES_MAX, e) == -1 ? -1 : seccomp_keep_words(p, &list, out, e);
}
