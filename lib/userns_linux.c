#include "userns.h"

#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define LINE_TEXT_MAX 256 /* of /etc/subuid and passwd: longer lines are nobody's */
#define HELPER_SAYS_MAX 512 /* bytes of a helper's complaint that are kept */
#define HELPER_PATH_MAX 64
#define CHILD_FAILED 125

/* Looked for where distributions put them, never in $PATH: they are setuid. */
static const char *const helper_dirs[] = { "/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin",
					   "/run/wrappers/bin" };

static bool find_helper(const char *name, char out[HELPER_PATH_MAX])
{
	for (size_t i = 0; i < sizeof helper_dirs / sizeof *helper_dirs; i++) {
		snprintf(out, HELPER_PATH_MAX, "%s/%s", helper_dirs[i], name);
		if (access(out, X_OK) == 0)
			return true;
	}
	return false;
}

/* A helper that runs; what it writes to one of its descriptors comes from `says`. */
struct helper {
	pid_t pid;
	int says;
};

static int helper_start(struct helper *h, char *const argv[], int fd, struct err *e)
{
	static char *const no_environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], failed;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_errno(e, errno, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], fd);
	failed = posix_spawn(&h->pid, argv[0], &actions, NULL, argv, no_environment);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	h->says = ends[0];
	if (!failed)
		return 0;
	io_cleanup_fd(&h->says);
	return err_errno(e, failed, "%s", argv[0]);
}

/* Waits for its end, and keeps the beginning of what it wrote: text in `text`, of `size` bytes. False when it failed. */
static bool helper_end(struct helper *h, char *text, size_t size)
{
	ssize_t n = io_read_full(h->says, text, size - 1);
	int status;

	text[n > 0 ? n : 0] = '\0';
	io_cleanup_fd(&h->says);
	while (waitpid(h->pid, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Reads "OWNER:START:COUNT"; false for any other line and for another owner. subuid(5) */
static bool parse_grant(const char *line, const char *user, uint32_t id, uint32_t *start, uint32_t *count)
{
	const char *colon = strchr(line, ':');
	uint64_t first, n;
	char number[16], end;
	size_t len;

	if (!colon)
		return false;
	len = (size_t)(colon - line);
	snprintf(number, sizeof number, "%" PRIu32, id);
	if (!(user && strlen(user) == len && strncmp(user, line, len) == 0) &&
	    !(strlen(number) == len && strncmp(number, line, len) == 0))
		return false;
	if (sscanf(colon, ":%10" SCNu64 ":%10" SCNu64 "%c", &first, &n, &end) < 2)
		return false;
	if (first == 0 || n == 0 || first + n > UINT32_MAX)
		return false;
	*start = (uint32_t)first;
	*count = (uint32_t)n;
	return true;
}

/* Appends the ranges that `file` grants, one after another from 1 up. */
static void add_grants(const char *file, const char *user, uint32_t id, struct userns_extent *map, size_t *count)
{
	cleanup_file FILE *f = fopen(file, "re");
	char line[LINE_TEXT_MAX];
	uint32_t inside = 1, start, n;

	while (f && *count < USERNS_EXTENTS_MAX && fgets(line, sizeof line, f)) {
		if (!parse_grant(line, user, id, &start, &n) || n > UINT32_MAX - inside)
			continue;
		map[(*count)++] = (struct userns_extent){ inside, start, n };
		inside += n;
	}
}

void userns_plan_own(struct userns *ns)
{
	ns->kind = USERNS_SINGLE;
	ns->uid_count = ns->gid_count = 1;
	ns->uids[0] = (struct userns_extent){ 0, geteuid(), 1 };
	ns->gids[0] = (struct userns_extent){ 0, getegid(), 1 };
}

/* "NAME:x:ID:…" of that id: cuts the line to its name. passwd(5) */
static bool is_entry_of(char *line, uint32_t id)
{
	char *password = strchr(line, ':'), *number = password ? strchr(password + 1, ':') : NULL, *end;

	if (!number || number[1] < '0' || number[1] > '9' || strtoul(number + 1, &end, 10) != id || *end != ':')
		return false;
	*password = '\0';
	return password > line;
}

/*
 * Our user's name, which the files of grants may have instead of the id; false where it has none. Not by getpwuid(3): it
 * loads what the system's accounts come from into this process, which a static program cannot, and only who has no line
 * in /etc/passwd needs that.
 */
static bool own_name(uint32_t id, char line[LINE_TEXT_MAX])
{
	cleanup_file FILE *f = fopen("/etc/passwd", "re");
	char getent[HELPER_PATH_MAX], number[16], *argv[] = { getent, (char[]){ "passwd" }, number, NULL };
	struct err ignored = ERR_INIT;
	struct helper h;

	while (f && fgets(line, LINE_TEXT_MAX, f))
		if (is_entry_of(line, id))
			return true;
	snprintf(number, sizeof number, "%" PRIu32, id);
	return find_helper("getent", getent) && helper_start(&h, argv, STDOUT_FILENO, &ignored) == 0 &&
	       helper_end(&h, line, LINE_TEXT_MAX) && is_entry_of(line, id);
}

static void plan_unprivileged(struct userns *ns)
{
	char uid_helper[HELPER_PATH_MAX], gid_helper[HELPER_PATH_MAX], name[LINE_TEXT_MAX];
	const char *user;

	userns_plan_own(ns);
	if (!find_helper("newuidmap", uid_helper) || !find_helper("newgidmap", gid_helper))
		return;
	user = own_name(geteuid(), name) ? name : NULL;
	add_grants("/etc/subuid", user, geteuid(), ns->uids, &ns->uid_count);
	add_grants("/etc/subgid", user, geteuid(), ns->gids, &ns->gid_count);
	if (ns->uid_count > 1 && ns->gid_count > 1)
		ns->kind = USERNS_SUBIDS;
	else
		userns_plan_own(ns);
}

int userns_plan(struct userns *ns, struct err *e)
{
	(void)e;
	*ns = (struct userns){ .kind = USERNS_NONE };
	if (geteuid() != 0)
		plan_unprivileged(ns);
	return 0;
}

/* Maps every id that exists in our own namespace to itself: what /proc/self/uid_map lists in its first column. */
static int identity_map(const char *file, struct userns_extent *map, size_t *count, struct err *e)
{
	cleanup_file FILE *f = fopen(file, "re");
	uint32_t inside, outside, n;

	if (!f)
		return err_errno(e, errno, "%s", file);
	*count = 0;
	while (fscanf(f, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &n) == 3) {
		if (*count == USERNS_EXTENTS_MAX)
			return err_set(e, ERR_IO, "%s: more than %d ranges", file, USERNS_EXTENTS_MAX);
		map[(*count)++] = (struct userns_extent){ inside, inside, n };
	}
	if (*count == 0)
		return err_set(e, ERR_IO, "%s: no ids", file);
	return 0;
}

int userns_plan_container(struct userns *ns, struct err *e)
{
	if (userns_plan(ns, e) == -1)
		return -1;
	if (ns->kind != USERNS_NONE)
		return 0;
	ns->kind = USERNS_IDENTITY;
	if (identity_map("/proc/self/uid_map", ns->uids, &ns->uid_count, e) == -1)
		return -1;
	return identity_map("/proc/self/gid_map", ns->gids, &ns->gid_count, e);
}

/* Whether the map is of one id, and that the caller's: what the kernel grants to everybody. */
static bool is_own_alone(const struct userns_extent *map, size_t count, uint32_t own)
{
	return count == 1 && map[0].count == 1 && map[0].outside == own;
}

int userns_plan_given(struct userns *ns, struct err *e)
{
	ns->kind = USERNS_GIVEN;
	if (!userns_maps(ns, false, 0) || !userns_maps(ns, true, 0))
		return err_set(e, ERR_USAGE, "a user namespace without the ids 0 is not supported");
	if (geteuid() == 0)
		return 0;
	ns->kind = is_own_alone(ns->uids, ns->uid_count, geteuid()) && is_own_alone(ns->gids, ns->gid_count, getegid()) ?
			   USERNS_SINGLE :
			   USERNS_SUBIDS;
	return 0;
}

bool userns_can_chown(const struct userns *ns)
{
	switch (ns->kind) {
	case USERNS_NONE: return geteuid() == 0;
	case USERNS_SINGLE: return false;
	case USERNS_IDENTITY:
	case USERNS_SUBIDS:
	case USERNS_GIVEN: return true;
	}
	return false;
}

bool userns_maps(const struct userns *ns, bool group, uint32_t id)
{
	const struct userns_extent *map = group ? ns->gids : ns->uids;
	size_t count = group ? ns->gid_count : ns->uid_count;

	if (ns->kind == USERNS_NONE)
		return true;
	for (size_t i = 0; i < count; i++)
		if (id >= map[i].inside && id - map[i].inside < map[i].count)
			return true;
	return false;
}

/* Writes /proc/PID/FILE in one write(2), as the kernel wants it. */
static int write_proc(pid_t pid, const char *file, const char *text, struct err *e)
{
	cleanup_fd int fd = -1;
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		return err_errno(e, errno, "%s", path);
	return 0;
}

static int write_map(pid_t pid, const char *file, const struct userns_extent *map, size_t count, struct err *e)
{
	cleanup_buf struct buf text = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		buf_addf(&text, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", map[i].inside, map[i].outside, map[i].count);
	if (buf_check(&text, e) == -1)
		return -1;
	return write_proc(pid, file, buf_text(&text), e);
}

static int start_mapping(struct helper *h, const char *name, pid_t pid, const struct userns_extent *map, size_t count,
			 struct err *e)
{
	char path[HELPER_PATH_MAX], words[1 + 3 * USERNS_EXTENTS_MAX][16], *argv[3 + 3 * USERNS_EXTENTS_MAX];
	size_t n = 0;

	if (!find_helper(name, path))
		return err_set(e, ERR_NOT_FOUND, "%s is not installed", name);
	snprintf(words[n++], sizeof *words, "%ld", (long)pid);
	for (size_t i = 0; i < count; i++) {
		snprintf(words[n++], sizeof *words, "%" PRIu32, map[i].inside);
		snprintf(words[n++], sizeof *words, "%" PRIu32, map[i].outside);
		snprintf(words[n++], sizeof *words, "%" PRIu32, map[i].count);
	}
	argv[0] = path;
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = words[i];
	argv[n + 1] = NULL;
	return helper_start(h, argv, STDERR_FILENO, e);
}

static int end_mapping(struct helper *h, const char *name, struct err *e)
{
	char says[HELPER_SAYS_MAX];

	if (helper_end(h, says, sizeof says))
		return 0;
	says[strcspn(says, "\n")] = '\0';
	return err_set(e, ERR_IO, "%s failed: %s", name, says);
}

/* Both at once: they take longer than anything else that a container's start does. */
static int map_with_helpers(const struct userns *ns, pid_t pid, struct err *e)
{
	struct err ignored = ERR_INIT;
	struct helper uids, gids;
	bool started, gids_done, uids_done;

	if (start_mapping(&gids, "newgidmap", pid, ns->gids, ns->gid_count, e) == -1)
		return -1;
	started = start_mapping(&uids, "newuidmap", pid, ns->uids, ns->uid_count, e) == 0;
	gids_done = end_mapping(&gids, "newgidmap", started ? e : &ignored) == 0;
	uids_done = started && end_mapping(&uids, "newuidmap", gids_done ? e : &ignored) == 0;
	return uids_done && gids_done ? 0 : -1;
}

static int write_maps(const struct userns *ns, pid_t pid, struct err *e)
{
	if (ns->kind == USERNS_SUBIDS)
		return map_with_helpers(ns, pid, e);
	/* A group that denies must not be shed by one who was granted nothing (CVE-2014-8989). */
	if (ns->kind == USERNS_SINGLE && write_proc(pid, "setgroups", "deny", e) == -1)
		return -1;
	if (write_map(pid, "gid_map", ns->gids, ns->gid_count, e) == -1)
		return -1;
	return write_map(pid, "uid_map", ns->uids, ns->uid_count, e);
}

/* fork(2) has no flags, and clone(3) wants a stack; nobody has threads here. */
static pid_t raw_clone(int flags)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)(unsigned int)flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void become_root_inside(int go)
{
	char byte;

	/* The end of the file instead of the byte: the parent failed, or is dead. */
	if (io_read_full(go, &byte, 1) != 1)
		_exit(CHILD_FAILED);
	if (setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1)
		_exit(CHILD_FAILED);
}

static int explain_clone(const struct userns *ns, int errnum, struct err *e)
{
	if (errnum == ENOSPC || errnum == EUSERS)
		return err_set(e, ERR_IO, "no more namespaces are allowed (/proc/sys/user/max_*_namespaces)");
	if ((errnum == EPERM || errnum == EACCES) && ns->kind == USERNS_IDENTITY)
		return err_set(e, ERR_IO, "user namespaces are not allowed here, as in a chroot (--userns=host does without)");
	if (errnum == EPERM || errnum == EACCES)
		return err_set(e, ERR_IO, "user namespaces are not allowed here (see sysctl kernel.unprivileged_userns_clone, "
					  "kernel.apparmor_restrict_unprivileged_userns)");
	return err_errno(e, errnum, "new namespaces");
}

/* Lets the child go on, with its maps. */
static int release(const struct userns *ns, pid_t pid, int go, struct err *e)
{
	if (write_maps(ns, pid, e) == -1)
		return err_context(e, "user namespace");
	if (io_write_full(go, "", 1) == -1)
		return err_errno(e, errno, "user namespace");
	return 0;
}

pid_t userns_fork(const struct userns *ns, int flags, struct err *e)
{
	cleanup_fd int go = -1, wait_end = -1;
	int ends[2];
	pid_t pid;

	if (ns->kind == USERNS_NONE) {
		pid = raw_clone(flags);
		return pid == -1 ? err_errno(e, errno, "new process") : pid;
	}
	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_errno(e, errno, "pipe");
	wait_end = ends[0];
	go = ends[1];
	pid = raw_clone(flags | CLONE_NEWUSER);
	if (pid == -1)
		return explain_clone(ns, errno, e);
	if (pid == 0) {
		io_cleanup_fd(&go);
		become_root_inside(wait_end);
		return 0;
	}
	if (release(ns, pid, go, e) == -1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	return pid;
}
