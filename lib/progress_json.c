/* progress_json - the arrival of blobs for programs: an object a line. */
#include "progress_state.h"

#include "json.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Waits for a slow reader, and also when the descriptor is one that would not. 0, or -1 with errno. */
static int write_patiently(int fd, const char *data, size_t n)
{
	while (n > 0) {
		struct pollfd room = { .fd = fd, .events = POLLOUT };
		ssize_t put = write(fd, data, n);

		if (put == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			poll(&room, 1, -1);
		else if (put == -1 && errno != EINTR)
			return -1;
		data += put > 0 ? put : 0;
		n -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static void put_blob(struct json_writer *w, const struct progress_blob *b)
{
	static const char *const states[] = { "waiting", "running", "there", "done", "failed" };

	json_begin_object(w, NULL);
	json_put_string(w, "digest", digest_str(&b->digest).text);
	json_put_string(w, "state", states[b->state]);
	json_put_int64(w, "bytes", b->bytes);
	if (b->total < 0)
		json_put_null(w, "total");
	else
		json_put_int64(w, "total", b->total);
	json_end(w);
}

void json_line(struct progress_blob *b, int64_t now)
{
	struct progress *p = b->progress;
	struct json_writer w;

	b->json_at = now;
	b->json_due = false;
	if (p->options.json == -1)
		return;
	buf_reset(&p->line);
	json_writer_init(&w, &p->line, 0);
	put_blob(&w, b);
	buf_addc(&p->line, '\n');
	if (p->line.failed)
		errno = ENOMEM;
	else if (write_patiently(p->options.json, p->line.data, p->line.len) == 0)
		return;
	p->json_error = errno;
	p->options.json = -1;
}

int64_t json_due(const struct progress *p)
{
	int64_t due = PROGRESS_NEVER;

	if (p->options.json == -1)
		return due;
	for (const struct progress_blob *b = p->first; b; b = b->next)
		if (b->json_due && b->json_at + PROGRESS_STEP < due)
			due = b->json_at + PROGRESS_STEP;
	return due;
}

void json_flush(struct progress *p, int64_t now)
{
	if (p->options.json == -1)
		return;
	for (struct progress_blob *b = p->first; b; b = b->next)
		if (b->json_due && now - b->json_at >= PROGRESS_STEP)
			json_line(b, now);
}

int progress_json_error(const struct progress *p)
{
	return p->json_error;
}
