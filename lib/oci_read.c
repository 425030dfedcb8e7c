#include "oci_read.h"

#include "io.h"

#include <stdlib.h>
#include <string.h>

bool oci_has(struct json_value object, const char *key)
{
	enum json_type type = json_type(json_member(object, key));

	return type != JSON_NONE && type != JSON_NULL;
}

int oci_read_text(struct json_value object, const char *key, char **out, struct err *e)
{
	char *text;

	*out = NULL;
	if (!oci_has(object, key))
		return 0;
	text = json_string(json_member(object, key), e);
	if (!text)
		return err_context(e, "%s", key);
	if (*text)
		*out = text;
	else
		free(text);
	return 0;
}

int oci_value_digest(struct json_value v, struct digest *out, struct err *e)
{
	cleanup_free char *text = json_string(v, e);

	return text ? digest_parse(out, text, strlen(text), e) : -1;
}

int oci_read_digest(struct json_value object, const char *key, struct digest *out, struct err *e)
{
	return oci_value_digest(json_member(object, key), out, e) == -1 ? err_context(e, "%s", key) : 0;
}

int oci_read_platform(struct json_value object, struct platform *p, bool *has, struct err *e)
{
	cleanup_free char *os = NULL, *arch = NULL, *variant = NULL;

	*has = false;
	if (oci_read_text(object, "os", &os, e) == -1 || oci_read_text(object, "architecture", &arch, e) == -1 ||
	    oci_read_text(object, "variant", &variant, e) == -1)
		return -1;
	if (!os || !arch)
		return 0;
	if (platform_set(p, os, arch, variant ? variant : "", e) == -1)
		return -1;
	*has = true;
	return 0;
}
