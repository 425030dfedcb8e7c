/*
 * layer_state - a layer while it is applied, and what the parts of the module offer one another. Private to layer*.c.
 */
#ifndef CR_LAYER_STATE_H
#define CR_LAYER_STATE_H

#include "beneath.h"
#include "buf.h"
#include "layer.h"
#include "layer_paths.h"
#include "spool.h"

#include <sys/stat.h>

#define LAYER_BUFFER (256u << 10)	      /* bytes written at once */
#define LAYER_FREE_CHECK_BYTES (INT64_C(64) << 20) /* how often that is looked at */
#define LAYER_FREE_CHECK_ENTRIES 4096
#define LAYER_IMPLIED_MODE 0755

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

	struct layer_paths paths;
	struct spool notes;	/* that wait for the end, when it is known whether what they tell of still stands */
	struct timespec implied_mtime; /* of the directory that one is being made in */
	bool acls;		/* some directory may have a default ACL */

	bool unprivileged;	/* modes of directories bind us */
	struct buf odd_modes;	/* those that wait for the end: "MODE PATH", a NUL after each */

	/* the parent of the last entry, so that a directory is walked to once for all that lies in it */
	int parent; /* -1: none */
	bool parent_known; /* as long as its paths still lead there */
	bool parent_acl; /* it has a default ACL, which what is made in it takes over */
	struct timespec parent_mtime; /* to be put back */
	char parent_path[BENEATH_PATH_MAX]; /* as the archive has it */
	char parent_where[BENEATH_PATH_MAX];
	char *data; /* LAYER_BUFFER bytes */
};

/* layer.c */
uint32_t layer_number(const struct layer *l);			/* of the entry at hand */
int layer_clean_path(const char *path, char out[BENEATH_PATH_MAX], struct err *e);
int layer_set_flags(struct layer *l, const char *path, uint32_t flags, struct err *e);
uint32_t layer_flags(struct layer *l, const char *path);
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
bool layer_has_default_acl(int dir);
int layer_drop_acls(struct layer *l, const char *path, int fd, struct err *e); /* that came from the parent */
bool layer_keeps_xattr(const char *name, const void *value, size_t n, enum tar_type type);

/* layer_whiteout.c */
bool layer_is_whiteout(const char *name);
int layer_whiteout(struct layer *l, const struct layer_spot *s, struct err *e);
bool layer_is_covered(struct layer *l, const char *path); /* a directory above is opaque (LAYER_ALONE) */
int layer_make_opaque(struct layer *l, int dir, const char *path, struct err *e); /* LAYER_ALONE */
int layer_hide(struct layer *l, const char *path, struct err *e); /* a whiteout, unless an entry comes (LAYER_ALONE) */
int layer_make_whiteout(struct layer *l, const char *path, struct err *e); /* 1 when it was made, 0 when it is needless */

/* layer_visit.c: directories while something is put into them */
int layer_enter(struct layer *l, const char *path, const char *above, const struct beneath_maker *maker, struct err *e);
int layer_leave(struct layer *l, struct err *e);
void layer_forget_parent(struct layer *l); /* its paths may lead elsewhere from now on */
int layer_set_mode(struct layer *l, const char *path, int fd, mode_t mode, struct err *e); /* of a directory */
int layer_modes_finish(struct layer *l, struct err *e);

/* layer_notes.c */
int layer_note(struct layer *l, enum layer_note note, const char *path, const char *link,
	       const struct tar_entry *entry, struct err *e);
int layer_notes_finish(struct layer *l, struct err *e);

#endif
