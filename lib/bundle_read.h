/*
 * bundle_read - how bundle.h reads a config.json, a file a section. Everything a struct sandbox points at is kept by
 * the bundle and freed with it.
 */
#ifndef CR_BUNDLE_READ_H
#define CR_BUNDLE_READ_H

#include "bundle.h"
#include "json.h"

struct bundle {
	struct sandbox sandbox;
	char *dir;	/* absolute */
	bool built_in_policy; /* the filter is the default one for these capabilities */
	void **owned;	/* what bundle_keep was given */
	size_t owned_count;
};

/* Takes ownership of `ptr`, which may be NULL after an error that is set. Returns it, or NULL with the error set. */
void *bundle_keep(struct bundle *b, void *ptr, struct err *e);

/* Zeroed memory of the bundle's: n + 1 elements, so that a list is NULL-terminated and never empty. */
void *bundle_alloc(struct bundle *b, size_t n, size_t size, struct err *e);

/* A string of the bundle's. `name` is what the message calls it. NULL with ERR_CONTENT for anything but a string. */
char *bundle_string(struct bundle *b, struct json_value v, const char *name, struct err *e);

/* A list of strings, NULL-terminated; *out is NULL where v does not exist. */
int bundle_strings(struct bundle *b, struct json_value v, const char *name, char ***out, struct err *e);

/* An integer of 0 to `max`. */
int bundle_number(struct json_value v, const char *name, int64_t max, int64_t *out, struct err *e);

/* Whether it is that integer. */
bool bundle_is_number(struct json_value v, int64_t n);

/*
 * Drops what says nothing from an absolute path, in place: "//a/./b/" is "/a/b". ".." is ERR_USAGE, as symlinks decide what
 * it is.
 */
int bundle_clean_path(char *path, const char *name, struct err *e);

/*
 * ERR_USAGE when `object` has a member of that name which asks for something: not null, false, 0, "", empty, or an object of
 * such.
 */
int bundle_refuse(struct json_value object, const char *section, const char *const *names, struct err *e);

/* The sections "process", "mounts" and "linux". */
int bundle_read_process(struct bundle *b, struct json_value process, struct err *e);
int bundle_read_mounts(struct bundle *b, struct json_value mounts, struct err *e);
int bundle_read_linux(struct bundle *b, struct json_value v, struct err *e);

#endif
