/*
 * oci_read - members of a JSON object taken into fields, the same way for all documents of oci. Used by nobody else.
 */
#ifndef CR_OCI_READ_H
#define CR_OCI_READ_H

#include "oci.h"

/*
 * The member's text, malloc'ed by *out, which is NULL where the member is missing, null or empty. Anything but a
 * string is ERR_CONTENT.
 */
int oci_read_text(struct json_value object, const char *key, char **out, struct err *e);

/* The member's digest. */
int oci_read_digest(struct json_value object, const char *key, struct digest *out, struct err *e);

/* The members os, architecture and variant; false in *has unless os and architecture are there. */
int oci_read_platform(struct json_value object, struct platform *p, bool *has, struct err *e);

/* Digest from a JSON string. */
int oci_value_digest(struct json_value v, struct digest *out, struct err *e);

/* Whether the member is neither missing nor null. */
bool oci_has(struct json_value object, const char *key);

#endif
