/*
 * show - drives lib/progress by words on stdin, for tests/progress.bats.
 *
 *	show [-t] [-d] [-j FD]	-t: bars on stderr; -d: on a dumb terminal; -j: JSON lines on FD
 *
 * add N TOTAL | run N BYTES | wait N | there N | done N | fail N	blob N, whose digest is N over and over
 * say TEXT	a message on stderr, as a program prints it
 * fast N	adds, runs and finishes N blobs
 * end		ends, having taken the bars off
 */
#include "progress.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOBS 1000

static struct progress *progress;
static struct progress_blob *blobs[BLOBS];

static struct digest digest_of(int n)
{
	struct digest d;

	memset(d.bytes, n, sizeof d.bytes);
	return d;
}

static void add(int n, int64_t total)
{
	struct digest d = digest_of(n);
	struct err e = ERR_INIT;

	blobs[n] = progress_add(progress, &d, total, &e);
	if (!blobs[n])
		exit(9);
}

static void fast(int n)
{
	for (int i = 0; i < n; i++) {
		add(0, 1000);
		progress_update(blobs[0], PROGRESS_RUNNING, 0);
		progress_update(blobs[0], PROGRESS_DONE, 1000);
	}
}

static void say(const char *text)
{
	progress_clear(progress);
	fprintf(stderr, "show: %s\n", text);
	progress_draw(progress);
}

/* Whether there is to be an end. */
static int obey(char *line)
{
	static const char *const states[] = { "wait", "run", "there", "done", "fail" };
	char word[8] = "";
	int n = 0;
	int64_t bytes = 0;

	line[strcspn(line, "\n")] = '\0';
	sscanf(line, "%7s %d %" SCNd64, word, &n, &bytes);
	if (strcmp(word, "end") == 0)
		return 1;
	if (strcmp(word, "say") == 0)
		say(line + 4);
	else if (strcmp(word, "add") == 0)
		add(n, bytes);
	else if (strcmp(word, "fast") == 0)
		fast(n);
	for (int s = 0; s < 5; s++)
		if (strcmp(word, states[s]) == 0)
			progress_update(blobs[n], (enum progress_state)s, bytes);
	return 0;
}

/* Bytes one by one: a line may come in pieces. Whether there is a whole one. */
static int next_line(char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && read(STDIN_FILENO, line + n, 1) == 1)
		if (line[n++] == '\n')
			break;
	line[n] = '\0';
	return n > 0;
}

int main(int argc, char **argv)
{
	struct progress_options o = { .terminal = -1, .json = -1 };
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct err e = ERR_INIT;
	char line[500];
	int option, why;

	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt(argc, argv, "tdj:")) != -1) {
		if (option == 't')
			o.terminal = STDERR_FILENO;
		else if (option == 'd')
			o.dumb = true;
		else if (option == 'j')
			o.json = atoi(optarg);
	}
	progress = progress_new(&o, &e);
	if (!progress)
		return 9;
	for (;;) {
		if (poll(&in, 1, progress_wait(progress)) > 0 && (!next_line(line, sizeof line) || obey(line)))
			break;
		progress_draw(progress);
	}
	why = progress_json_error(progress);
	progress_free(progress);
	return why ? 8 : 0;
}
