#include "auth_helper.h"

#include "buf.h"
#include "io.h"
#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define WORDS_MAX 200 /* bytes of a helper's that an error repeats */
#define LOOK_AROUND 100 /* milliseconds between two looks whether it has ended */

static const char not_found[] = "credentials not found in native keychain";

extern char **environ;

/* One helper at work. */
struct run {
	pid_t pid;
	int in, out; /* our ends of its standard input and output; -1: closed */
	const char *send;
	size_t left; /* of what is to be sent */
	char *said;  /* AUTH_HELPER_MAX + 1 bytes: one that would grow leaves secrets behind it */
	size_t have;
	bool ended, known; /* known: `status` is that of waitpid */
	int status;
};

static void close_end(int *fd)
{
	io_cleanup_fd(fd);
}

/* Whatever comes: no process stays, and no secret. */
static void run_end(struct run *r)
{
	close_end(&r->in);
	close_end(&r->out);
	if (r->pid > 0 && !r->ended) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) == -1 && errno == EINTR)
			;
	}
	if (r->said)
		explicit_bzero(r->said, r->have);
	free(r->said);
}

static int spawn(struct run *r, const char *program, const char *verb, int in, int out, struct err *e)
{
	char *const argv[] = { (char *)program, (char *)verb, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int failed;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE); /* which we ignore, and it need not */
	sigaddset(&defaults, SIGXFSZ);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return err_nomem(e);
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return err_nomem(e);
	}
	failed = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	failed = failed ? failed : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	failed = failed ? failed : posix_spawnp(&r->pid, program, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!failed)
		return 0;
	r->pid = -1;
	return err_errno(e, failed, "the helper cannot be run");
}

static int run_start(struct run *r, const char *program, const char *verb, struct err *e)
{
	int to[2], from[2], status;

	if (!(r->said = malloc(AUTH_HELPER_MAX + 1)))
		return err_nomem(e);
	if (pipe2(to, O_CLOEXEC) == -1)
		return err_errno(e, errno, "pipe");
	if (pipe2(from, O_CLOEXEC) == -1) {
		close(to[0]);
		close(to[1]);
		return err_errno(e, errno, "pipe");
	}
	status = spawn(r, program, verb, to[0], from[1], e);
	close(to[0]);
	close(from[1]);
	r->in = to[1];
	r->out = from[0];
	fcntl(r->in, F_SETFL, O_NONBLOCK);
	fcntl(r->out, F_SETFL, O_NONBLOCK);
	return status;
}

/* It need not read what it is sent. */
static void send_some(struct run *r)
{
	ssize_t n = write(r->in, r->send, r->left);

	if (n > 0) {
		r->send += n;
		r->left -= (size_t)n;
	}
	if (r->left == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		close_end(&r->in);
}

static int take_some(struct run *r, struct err *e)
{
	ssize_t n = read(r->out, r->said + r->have, AUTH_HELPER_MAX + 1 - r->have);

	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return err_errno(e, errno, "read");
	if (n == 0)
		close_end(&r->out);
	if (n > 0)
		r->have += (size_t)n;
	if (r->have > AUTH_HELPER_MAX)
		return err_set(e, ERR_CONTENT, "it says more than %d bytes", AUTH_HELPER_MAX);
	return 0;
}

static void look_for_end(struct run *r, int flags)
{
	pid_t pid = r->ended ? 0 : waitpid(r->pid, &r->status, flags);

	r->known = r->known || pid == r->pid;
	r->ended = r->ended || pid == r->pid || (pid == -1 && errno == ECHILD);
}

/* Until it closes its output, or has ended: what it left running may hold that open. */
static int converse(struct run *r, struct err *e)
{
	while (r->out != -1) {
		struct pollfd ends[2] = { { r->out, POLLIN, 0 }, { r->in, POLLOUT, 0 } };
		int ready;

		look_for_end(r, WNOHANG);
		ready = poll(ends, 2, r->ended ? 0 : LOOK_AROUND);
		if (ready == -1 && errno != EINTR)
			return err_errno(e, errno, "poll");
		if (ready == -1)
			continue;
		if (ends[1].revents)
			send_some(r);
		if (ends[0].revents && take_some(r, e) == -1)
			return -1;
		if (r->ended && !ends[0].revents)
			break;
	}
	close_end(&r->in);
	while (!r->ended)
		look_for_end(r, 0);
	return 0;
}

/* What it said, without blanks around it. */
static void trim(struct run *r)
{
	size_t from = 0, end = r->have;

	while (end > 0 && isspace((unsigned char)r->said[end - 1]))
		end--;
	while (from < end && isspace((unsigned char)r->said[from]))
		from++;
	memmove(r->said, r->said + from, end - from);
	r->said[end - from] = '\0';
}

/* 0 when it did what it should, 1 when it has nothing of that name, -1. A helper that repeats a secret is not repeated. */
static int judge(struct run *r, const char *secret, struct err *e)
{
	char words[WORDS_MAX + 1];

	trim(r);
	if (!r->known)
		return err_set(e, ERR_IO, "how it ended is not known");
	if (WIFSIGNALED(r->status))
		return err_set(e, ERR_IO, "killed by signal %d", WTERMSIG(r->status));
	if (WEXITSTATUS(r->status) == 0)
		return 0;
	if (strcmp(r->said, not_found) == 0)
		return 1;
	if (secret && strstr(r->said, secret))
		*r->said = '\0';
	snprintf(words, sizeof words, "%s", r->said);
	for (char *p = words; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = ' ';
	return err_set(e, ERR_IO, "exit status %d%s%s", WEXITSTATUS(r->status), *words ? ": " : "", words);
}

/*
 * Has the helper do something with `text`, and takes its answer (a NUL-terminated text that take sees, or NULL). As
 * judge, or what take says.
 */
static int run(const char *name, const char *verb, const char *text, const char *secret,
	       int (*take)(const char *said, struct credentials *out, struct err *e), struct credentials *out, struct err *e)
{
	struct run r = { .pid = -1, .in = -1, .out = -1, .send = text, .left = strlen(text) };
	char program[256];
	int status;

	snprintf(program, sizeof program, "docker-credential-%s", name);
	status = run_start(&r, program, verb, e);
	if (status == 0)
		status = converse(&r, e);
	if (status == 0)
		status = judge(&r, secret, e);
	if (status == 0 && take)
		status = take(r.said, out, e);
	run_end(&r);
	return status == -1 ? err_context(e, "%s %s", program, verb) : status;
}

/* The user "<token>" has an identity token for a password; no user and no password are no credentials. */
static int take_credentials(const char *said, struct credentials *out, struct err *e)
{
	cleanup_json struct json *doc = json_parse(said, strlen(said), e);
	struct json_value root, user, secret;

	if (!doc)
		return -1;
	root = json_root(doc);
	user = json_member(root, "Username");
	secret = json_member(root, "Secret");
	if (json_type(user) != JSON_STRING || json_type(secret) != JSON_STRING)
		return err_set(e, ERR_CONTENT, "it names no Username and Secret");
	if (json_equals(user, "") && json_equals(secret, ""))
		return 1;
	if (json_equals(user, "<token>"))
		return (out->identity_token = json_string(secret, e)) ? 0 : -1;
	out->user = json_string(user, e);
	out->password = out->user ? json_string(secret, e) : NULL;
	return out->password ? 0 : -1;
}

int auth_helper_get(const char *name, const char *server, struct credentials *out, struct err *e)
{
	int status = run(name, "get", server, NULL, take_credentials, out, e);

	if (status == -1)
		credentials_clear(out);
	return status == -1 ? -1 : !status;
}

/* What was written says what was meant: the writer puts U+FFFD for what is not UTF-8. */
static int check_written(const struct buf *text, const struct credentials *who, struct err *e)
{
	cleanup_json struct json *doc = json_parse(buf_text(text), text->len, e);
	struct json_value root;

	if (!doc)
		return -1;
	root = json_root(doc);
	if (json_equals(json_member(root, "Username"), who->user) && json_equals(json_member(root, "Secret"), who->password))
		return 0;
	return err_set(e, ERR_CONTENT, "user and password must be UTF-8 for a helper to keep them");
}

int auth_helper_store(const char *name, const char *server, const struct credentials *who, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;
	struct json_writer w;
	int status;

	json_writer_init(&w, &text, 0);
	json_begin_object(&w, NULL);
	json_put_string(&w, "ServerURL", server);
	json_put_string(&w, "Username", who->user);
	json_put_string(&w, "Secret", who->password);
	json_end(&w);
	status = buf_check(&text, e) == -1 || check_written(&text, who, e) == -1 ? -1 : 0;
	if (status == 0)
		status = run(name, "store", buf_text(&text), who->password, NULL, NULL, e);
	buf_wipe(&text);
	if (status == 1) /* "not found" is no answer to this */
		return err_set(e, ERR_IO, "docker-credential-%s store: %s", name, not_found);
	return status;
}

int auth_helper_erase(const char *name, const char *server, struct err *e)
{
	return run(name, "erase", server, NULL, NULL, NULL, e) == -1 ? -1 : 0;
}
