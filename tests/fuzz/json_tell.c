/*
 * json_tell - what json.h makes of files, in lines that another reader can be held against (differential_json.py)
 *
 *	json_tell FILE...
 *
 * A line for each: the word "refused", or the value: n, t, f; iNUMBER for an integer that fits, dTEXT for other
 * numbers; sHEX for strings, z for one with a NUL; [ values ]; { sHEX value … }, a blank between all of them.
 */
#include "io.h"
#include "json.h"

#include <fcntl.h>

static void tell_text(const char *text)
{
	if (!text) {
		printf("z ");
		return;
	}
	printf("s");
	for (; *text; text++)
		printf("%02x", (unsigned char)*text);
	printf(" ");
}

static void tell_string(char *text)
{
	tell_text(text);
	free(text);
}

static void tell_number(struct json_value v)
{
	struct err e = ERR_INIT;
	int64_t n;
	size_t len;
	const char *raw = json_raw(v, &len);

	if (json_int64(v, &n, &e) == 0)
		printf("i%lld ", (long long)n);
	else
		printf("d%.*s ", (int)len, raw);
}

static void tell(struct json_value v)
{
	struct err e = ERR_INIT;
	enum json_type type = json_type(v);

	switch (type) {
	case JSON_NULL: printf("n "); return;
	case JSON_BOOL: printf(json_bool(v, false) ? "t " : "f "); return;
	case JSON_NUMBER: tell_number(v); return;
	case JSON_STRING: tell_string(json_string(v, &e)); return;
	default: break;
	}
	printf(type == JSON_OBJECT ? "{ " : "[ ");
	for (v = json_first(v); json_exists(v); v = json_next(v)) {
		if (type == JSON_OBJECT)
			tell_string(json_key(v, &e));
		tell(v);
	}
	printf(type == JSON_OBJECT ? "} " : "] ");
}

static void tell_file(const char *name)
{
	cleanup_fd int fd = open(name, O_RDONLY | O_CLOEXEC);
	cleanup_buf struct buf text = BUF_INIT;
	cleanup_json struct json *doc = NULL;
	struct err e = ERR_INIT;

	if (fd == -1 || io_read_all(fd, 2 * JSON_BYTES_MAX, &text, &e) == -1) {
		perror(name);
		exit(2);
	}
	doc = json_parse(buf_text(&text), text.len, &e);
	if (doc)
		tell(json_root(doc));
	else
		printf("refused");
	printf("\n");
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		tell_file(argv[i]);
	return 0;
}
