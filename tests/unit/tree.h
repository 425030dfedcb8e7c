/*
 * tree - layers and trees for tests, told in lines:
 *
 *	d PATH MODE	f PATH CONTENT	l PATH TARGET	h PATH TARGET	p PATH -	c PATH -
 *
 * tree_layer makes a tar of such lines, tree_list tells of a directory in them (sorted, "f" with mode and owner).
 */
#ifndef CR_TEST_TREE_H
#define CR_TEST_TREE_H

#include "buf.h"
#include "io.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Ends a 512-byte header with its checksum and appends it, and the content behind it. */
static inline void tree_add(struct buf *out, char header[512], const char *content, size_t n)
{
	static const char zeros[512];
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	buf_add(out, header, 512);
	buf_add(out, content, n);
	buf_add(out, zeros, (512 - n % 512) % 512);
}

/* A header of plain ustar. */
static inline void tree_header(char header[512], char type, const char *path, const char *link, size_t size, unsigned mode)
{
	memset(header, 0, 512);
	snprintf(header, 100, "%s", path);
	snprintf(header + 100, 8, "%07o", mode & 07777);
	snprintf(header + 108, 8, "%07o", 0u);
	snprintf(header + 116, 8, "%07o", 0u);
	snprintf(header + 124, 12, "%011zo", size);
	snprintf(header + 136, 12, "%011o", 1000u);
	header[156] = type;
	snprintf(header + 157, 100, "%s", link);
	memcpy(header + 257, "ustar\00000", 8);
}

static inline void tree_member(struct buf *out, const char *line)
{
	char kind, path[100], value[100] = "", header[512];
	unsigned mode = 0644;
	size_t n = 0;

	sscanf(line, "%c %99s %99[^\n]", &kind, path, value);
	if (kind == 'd')
		sscanf(value, "%o", &mode);
	if (kind == 'f')
		n = strlen(value);
	tree_header(header, kind == 'd' ? '5' : kind == 'l' ? '2' : kind == 'h' ? '1' : kind == 'p' ? '6' : kind == 'c' ? '3' : '0',
		    path, kind == 'l' || kind == 'h' ? value : "", n, mode);
	tree_add(out, header, value, n);
}

/* lines: one member each, NULL after the last. */
static inline void tree_layer(struct buf *out, const char *const *lines)
{
	static const char end[1024];

	for (; *lines; lines++)
		tree_member(out, *lines);
	buf_add(out, end, sizeof end);
}

static inline void tree_tell(struct buf *out, int dir, const char *name, const char *path)
{
	char text[256] = "";
	struct stat st;
	int fd;

	fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(dir, name, text, sizeof text - 1);
		text[n > 0 ? n : 0] = '\0';
	} else if (S_ISREG(st.st_mode)) {
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		ssize_t n = io_read_full(fd, text, sizeof text - 1);
		text[n > 0 ? n : 0] = '\0';
		close(fd);
	}
	buf_addf(out, "%06o %u:%u %lld %s %s\n", (unsigned)st.st_mode, st.st_uid, st.st_gid, (long long)st.st_mtime, path, text);
}

static inline int tree_by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Appends a line for everything below the directory. */
static inline void tree_list(struct buf *out, int dir, const char *prefix)
{
	struct dirent **names;
	int n = scandirat(dir, ".", &names, NULL, tree_by_name);

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char path[4096];
		int sub;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			snprintf(path, sizeof path, "%s%s", prefix, name);
			tree_tell(out, dir, name, path);
			strncat(path, "/", sizeof path - strlen(path) - 1);
			sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (sub != -1)
				tree_list(out, sub, path);
			if (sub != -1)
				close(sub);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* An empty directory for a test, its path to `path`; the test removes it with beneath. */
static inline int tree_temp(char path[64])
{
	snprintf(path, 64, "/tmp/cr-test-XXXXXX");
	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

#endif
