#include "sandbox_process.h"

#include "beneath.h"
#include "io.h"
#include "sandbox_defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

_Noreturn void sandbox_fail(int fd, int status, const struct err *e)
{
	struct sandbox_message m = { .event = SANDBOX_EVENT_FAILED, .status = status, .err = *e };

	/* If even this fails, the status is all that is left to say. */
	(void)!write(fd, &m, sizeof m);
	_exit(status);
}

/* -1 for a file that is not there, which is none of our errors. */
static int open_database(int root, const char *path, int *fd, struct err *e)
{
	struct err why = ERR_INIT;

	*fd = beneath_open(root, path, O_RDONLY, &why);
	if (*fd == -1 && why.kind != ERR_NOT_FOUND) {
		*e = why;
		return err_context(e, "%s", path);
	}
	return 0;
}

static int look_up(const char *spec, int root, struct user *u, struct err *e)
{
	cleanup_fd int passwd = -1, group = -1;

	if (open_database(root, "/etc/passwd", &passwd, e) == -1 || open_database(root, "/etc/group", &group, e) == -1)
		return -1;
	return user_resolve(u, spec, passwd, group, e);
}

static int check_mapped(const struct userns *ns, bool group, uint32_t id, struct err *e)
{
	if (userns_maps(ns, group, id))
		return 0;
	return err_set(e, ERR_USAGE, "%s %u does not exist in the container's user namespace%s", group ? "group" : "user", id,
		       ns->kind == USERNS_SINGLE ? ": /etc/subuid and /etc/subgid grant you no further ids" : "");
}

int sandbox_find_user(const struct sandbox *s, int root, struct user *u, struct err *e)
{
	*u = (struct user){ .uid = s->uid, .gid = s->gid };
	if (s->user) {
		if (look_up(s->user, root, u, e) == -1)
			return -1;
	} else {
		if (s->group_count > USER_GROUPS_MAX)
			return err_set(e, ERR_USAGE, "more than %d supplementary groups", USER_GROUPS_MAX);
		for (; u->group_count < s->group_count; u->group_count++)
			u->groups[u->group_count] = s->groups[u->group_count];
		if (s->userns.kind == USERNS_SINGLE && u->group_count > 0)
			return err_set(e, ERR_USAGE, "supplementary group %u: with a single id nobody can choose groups", u->groups[0]);
	}
	if (check_mapped(&s->userns, false, u->uid, e) == -1 || check_mapped(&s->userns, true, u->gid, e) == -1)
		return -1;
	if (s->userns.kind == USERNS_SINGLE)
		u->group_count = 0; /* those of a name are what can be had: the kernel lets nobody choose groups there */
	for (size_t i = 0; i < u->group_count; i++)
		if (check_mapped(&s->userns, true, u->groups[i], e) == -1)
			return -1;
	return 0;
}

int sandbox_make_cwd(const struct sandbox *s, int root, struct err *e)
{
	const char *cwd = s->cwd ? s->cwd : "/";
	cleanup_fd int parent = -1;
	char name[BENEATH_NAME_MAX];

	if (*cwd != '/')
		return err_set(e, ERR_USAGE, "working directory %s: not an absolute path", cwd);
	parent = beneath_parent(root, cwd, &beneath_silent_maker, name, e);
	if (parent == -1)
		return err_context(e, "working directory %s", cwd);
	/* A symlink that leads nowhere is found out when we go there. */
	if (*name && mkdirat(parent, name, 0755) == -1 && errno != EEXIST)
		return err_errno(e, errno, "working directory %s", cwd);
	return 0;
}

int sandbox_become(const struct sandbox *s, const struct user *u, struct err *e)
{
	gid_t groups[USER_GROUPS_MAX];

	for (size_t i = 0; i < u->group_count; i++)
		groups[i] = u->groups[i];
	/* In a user namespace the kernel may deny this: an ordinary user keeps the groups that deny him things. */
	if (setgroups(u->group_count, groups) == -1 &&
	    (errno != EPERM || s->userns.kind == USERNS_NONE || u->group_count > 0))
		return err_errno(e, errno, "set the supplementary groups");
	if (setgid(u->gid) == -1)
		return err_errno(e, errno, "become group %u", u->gid);
	if (setuid(u->uid) == -1)
		return err_errno(e, errno, "become user %u", u->uid);
	return 0;
}

static rlim_t limit_value(uint64_t value)
{
	return value == UINT64_MAX ? RLIM_INFINITY : (rlim_t)value;
}

int sandbox_limit(const struct sandbox *s, struct err *e)
{
	const struct rlimit none = { 0, 0 };
	bool core = false;

	for (size_t i = 0; i < s->rlimit_count; i++) {
		const struct sandbox_rlimit *r = &s->rlimits[i];
		const struct rlimit limit = { limit_value(r->soft), limit_value(r->hard) };

		if (setrlimit(r->resource, &limit) == -1)
			return err_errno(e, errno, "resource limit %s", r->name);
		core = core || r->resource == RLIMIT_CORE;
	}
	if (!core && setrlimit(RLIMIT_CORE, &none) == -1)
		return err_errno(e, errno, "switch core dumps off");
	return 0;
}

int sandbox_enter_cwd(const struct sandbox *s, struct err *e)
{
	const char *cwd = s->cwd ? s->cwd : "/";
	char where[PATH_MAX];

	if (chdir(cwd) == -1)
		return err_errno(e, errno, "working directory %s", cwd);
	/* Of a directory outside the root the kernel says "(unreachable)", and libc that there is none. */
	if (!getcwd(where, sizeof where) || *where != '/')
		return err_set(e, ERR_CONTENT, "working directory %s: lies outside the container", cwd);
	return 0;
}

void sandbox_default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void sandbox_pass_on(pid_t leader, int sig)
{
	/* Who leads a session does not stop for SIGTSTP: nobody could continue it. */
	if (sig == SIGTSTP)
		kill(-leader, SIGSTOP);
	else if (sig == SIGCONT)
		kill(-leader, SIGCONT);
	else
		kill(leader, sig);
}

int sandbox_exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static bool is_home(const char *entry)
{
	return strncmp(entry, "HOME=", 5) == 0;
}

/* s->env, with HOME as passwd has it where the user was looked up. The process is about to execute: nobody frees it. */
static char **environment(const struct sandbox *s, const struct user *u)
{
	static char home[5 + sizeof u->home] = "HOME=/";
	size_t n = 0;
	char **env;

	for (char *const *p = s->env; p && *p; p++)
		n++;
	env = calloc(n + 2, sizeof *env);
	if (!env)
		return NULL;
	n = 0;
	for (char *const *p = s->env; p && *p; p++)
		if (!s->user || s->keep_home || !is_home(*p))
			env[n++] = *p;
	if (s->user && !s->keep_home) {
		if (u->home[0])
			memcpy(home + 5, u->home, strlen(u->home) + 1);
		env[n++] = home;
	}
	return env;
}

static const char *search_path(char *const *env)
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return SANDBOX_DEFAULT_PATH + 5;
}

/* What an exec that failed means (DESIGN §2); `errnum` is its errno. */
static int explain_exec(const char *path, int errnum, struct err *e)
{
	struct stat st;

	if (errnum == ENOENT && lstat(path, &st) == 0) {
		err_set(e, ERR_IO, "%s: found, but its interpreter is not", path);
		return SANDBOX_CANNOT_EXECUTE;
	}
	if (errnum == ENOENT || errnum == ENOTDIR) {
		err_errno(e, errnum, "%s", path);
		return SANDBOX_NOT_FOUND;
	}
	if (errnum == EACCES && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		errnum = EISDIR;
	err_errno(e, errnum, "%s", path);
	return SANDBOX_CANNOT_EXECUTE;
}

/* Tries each directory of PATH. The first file that is there but will not run decides what is reported. */
static int search(char *const *args, char **env, struct err *e)
{
	const char *dir = search_path(env);
	int status = SANDBOX_NOT_FOUND;
	char path[PATH_MAX];
	struct stat st;

	err_set(e, ERR_IO, "%s: not found in %s", args[0], dir);
	for (;;) {
		size_t len = strcspn(dir, ":");
		int n = snprintf(path, sizeof path, "%.*s/%s", len ? (int)len : 1, len ? dir : ".", args[0]);

		if (n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
			execve(path, args, env);
			if (status == SANDBOX_NOT_FOUND)
				status = explain_exec(path, errno, e);
		}
		if (!dir[len])
			return status;
		dir += len + 1;
	}
}

int sandbox_execute(const struct sandbox *s, const struct user *u, struct err *e)
{
	char **env = environment(s, u);

	if (!env) {
		err_nomem(e);
		return SANDBOX_FAILED;
	}
	if (!*s->args[0]) {
		err_set(e, ERR_USAGE, "the command is an empty word");
		return SANDBOX_NOT_FOUND;
	}
	if (!strchr(s->args[0], '/'))
		return search(s->args, env, e);
	execve(s->args[0], s->args, env);
	return explain_exec(s->args[0], errno, e);
}
