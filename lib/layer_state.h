/*
 * layer_state - a layer while it is applied, and what the parts of the module offer one another. Private to layer*.c.
 */
#ifndef CR_LAYER_STATE_H
#define CR_LAYER_STATE_H

#include "beneath.h"
#include "buf.h"
#include "layer.h"
#include "layer_paths.h"

#include <sys/stat.h>

#define LAYER_BUFFER (256u << 10)	      /* bytes written at once */
#define LAYER_FREE_MIN_PERCENT 3	      /* of the target's filesystem, below which unpacking stops */
#define LAYER_FREE_CHECK_BYTES (INT64_C(64) << 20) /* how often that is looked at */
#define LAYER_FREE_CHECK_ENTRIES 4096
#define LAYER_IMPLIED_MODE 0755

/* A directory whose mode and times are set at the end. */
struct layer_dir {
	char *path; /* owned */
	ino_t ino;
	mode_t mode;
	bool set_mode; /* false: it was there before and is only touched, so its times are put back */
	struct timespec mtime;
};

struct layer_dirs {
	struct layer_dir *items; /* owned */
	size_t count, room;
	struct layer_paths index;
};

/* A note that waits for the end, when it is known whether what it tells of still stands. */
struct layer_noted {
	enum layer_note note;
	uint32_t number; /* of the entry */
	char *path, *link; /* owned */
	bool has_entry;
	struct tar_entry entry; /* its path and link are the ones above */
};

struct layer_notes {
	struct layer_noted *items; /* owned */
	size_t count, room;
};

/* Where an entry goes. */
struct layer_spot {
	int dir;	   /* the parent; borrowed from the layer */
	const char *where; /* its path; borrowed */
	const char *name;
	char path[BENEATH_PATH_MAX]; /* of the entry itself, without symlinks */
};

struct layer {
	struct tar *tar;
	int root;
	const struct layer_options *options;
	bool alone;
	int64_t entries_max, bytes_max, entries, bytes, unchecked;

	struct layer_paths paths;   /* value: the number of the last entry there */
	struct layer_paths removed; /* directories that gave way to something else; value: the entry's number */
	struct layer_dirs dirs;
	struct layer_notes notes;
	struct buf whiteouts; /* paths to be whited out at the end, NUL after each (LAYER_ALONE) */

	/* the parent of the last entry, so that a directory is walked to once for all that lies in it */
	int parent;
	bool parent_known;
	char parent_path[BENEATH_PATH_MAX]; /* as the archive has it */
	char parent_where[BENEATH_PATH_MAX];
	char *data; /* LAYER_BUFFER bytes */
};

/* layer.c */
uint32_t layer_number(const struct layer *l);			/* of the entry at hand */
int layer_clean_path(const char *path, char out[BENEATH_PATH_MAX], struct err *e);
void layer_forget_parent(struct layer *l);
int layer_set_flags(struct layer *l, const char *path, uint32_t set, uint32_t unset, struct err *e);
int layer_check_space(struct layer *l, int64_t written, struct err *e);
int layer_fault(int errnum, const char *path, struct err *e);	/* ERR_CONTENT where the layer is to blame */

/* layer_put.c: one entry */
int layer_put(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e);
int layer_put_root(struct layer *l, const struct tar_entry *entry, struct err *e);
int layer_clear(struct layer *l, const struct layer_spot *s, struct err *e); /* removes what stands there */

/* layer_link.c */
int layer_put_hardlink(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e);

/* layer_meta.c: owner, mode, attributes and times, in that order */
int layer_set_file(struct layer *l, const struct layer_spot *s, int fd, const struct tar_entry *entry, struct err *e);
int layer_set_dir(struct layer *l, const char *path, int fd, bool was_there, const struct tar_entry *entry,
		  struct err *e);
int layer_set_other(struct layer *l, const struct layer_spot *s, const struct tar_entry *entry, struct err *e);
bool layer_keeps_xattr(const char *name, const void *value, size_t n, enum tar_type type);

/* layer_whiteout.c */
bool layer_is_whiteout(const char *name);
int layer_whiteout(struct layer *l, const struct layer_spot *s, struct err *e);
int layer_make_opaque(struct layer *l, int dir, const char *path, struct err *e); /* LAYER_ALONE */
int layer_hide(struct layer *l, const char *path, struct err *e); /* a whiteout, unless an entry comes (LAYER_ALONE) */
int layer_whiteouts_finish(struct layer *l, struct err *e);

/* layer_dirs.c */
void layer_dirs_clear(struct layer_dirs *d);
int layer_dirs_touch(struct layer *l, const char *path, int fd, struct err *e); /* before it is written to */
int layer_dirs_set(struct layer *l, const char *path, ino_t ino, mode_t mode, struct timespec mtime, struct err *e);
int layer_dirs_finish(struct layer *l, struct err *e);

/* layer_notes.c */
void layer_notes_clear(struct layer_notes *n);
int layer_note(struct layer *l, enum layer_note note, const char *path, const char *link,
	       const struct tar_entry *entry, struct err *e);
int layer_notes_finish(struct layer *l, struct err *e);

#endif
