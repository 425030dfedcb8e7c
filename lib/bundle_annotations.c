#include "bundle_write.h"

#include <string.h>

#define PREFIX "org.opencontainers.image."

/* Unless the image says so itself, in a label. */
static void put(struct json_writer *w, const struct oci_config *image, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	for (char *const *label = image->label_names; label && *label; label++)
		if (strcmp(*label, name) == 0)
			return;
	json_put_string(w, name, value);
}

int bundle_put_annotations(struct json_writer *w, const struct oci_config *image, struct err *e)
{
	cleanup_buf struct buf ports = BUF_INIT;

	for (char *const *port = image->exposed_ports; port && *port; port++)
		buf_addf(&ports, "%s%s", ports.len ? "," : "", *port);
	json_begin_object(w, "annotations");
	put(w, image, PREFIX "os", image->platform.os);
	put(w, image, PREFIX "architecture", image->platform.arch);
	put(w, image, PREFIX "variant", image->platform.variant);
	put(w, image, PREFIX "author", image->author);
	put(w, image, PREFIX "created", image->created);
	put(w, image, PREFIX "stopSignal", image->stop_signal);
	put(w, image, PREFIX "exposedPorts", buf_text(&ports));
	for (size_t i = 0; image->label_names && image->label_names[i]; i++)
		if (*image->label_names[i]) /* no name at all is none for an annotation (config.md) */
			json_put_string(w, image->label_names[i], image->label_values[i]);
	json_end(w);
	return buf_check(&ports, e);
}
