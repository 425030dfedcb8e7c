/*
 * document - manifests and indexes: from the store where they are there, else from a registry, whence they are kept.
 *
 *	struct document_source from = { &store, registry, &ref, true };
 *	cleanup_document struct document doc = DOCUMENT_INIT;
 *	document_of_ref(&from, &doc, e);
 */
#ifndef CR_DOCUMENT_H
#define CR_DOCUMENT_H

#include "buf.h"
#include "err.h"
#include "oci.h"
#include "ref.h"
#include "registry.h"
#include "store.h"

/* A manifest or an index, and its bytes. */
struct document {
	struct descriptor descriptor;
	struct buf text;
};

#define DOCUMENT_INIT { { 0 }, BUF_INIT }

void document_clear(struct document *doc);
#define cleanup_document __attribute__((cleanup(document_clear)))

/* All borrowed. */
struct document_source {
	const struct store *store;
	struct registry *registry; /* NULL: nobody is asked; what is not in the store is ERR_NOT_FOUND */
	const struct ref *ref;	   /* the registry's and the repository's names, and what is wanted of it */
	bool keep;		   /* what comes is put into the store, after a look whether it is a manifest or an index */
};

/*
 * The document that the reference names: by its digest, else by its tag. A HEAD tells the tag's digest, and what the
 * store has under that is not sent again; where nobody is asked, the tag is a name of the store's layout. Fills an empty
 * *doc, bytes and digest agreeing. ERR_NOT_FOUND, ERR_DENIED, ERR_CONTENT, ERR_IO.
 */
int document_of_ref(const struct document_source *from, struct document *doc, struct err *e);

/*
 * The document that a descriptor of the same repository stands for, size compared. Several processes that want it have
 * it sent once: the others wait.
 */
int document_of_descriptor(const struct document_source *from, const struct descriptor *d, struct document *doc,
			   struct err *e);

#endif
