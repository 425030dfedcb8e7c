/* bundle: a config.json written for an image, read back; and what is refused by name. */
#include "test.h"

#include "bundle.h"
#include "sandbox_defaults.h"
#include "seccomp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test-bundle-XXXXXX";

static void put_config(const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/config.json", dir);
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static char words[][24] = { "/entry", "a b", "\"q\"\n", "A=1", "PATH=/image", "A=2", "B=3", "cmd" };
static char *entrypoint[] = { words[0], NULL }, *image_cmd[] = { words[1], NULL }, *image_env[] = { words[3], words[4], NULL };
static char *user_env[] = { words[5], words[6], NULL }, *user_cmd[] = { words[7], NULL };
static char dir_word[] = "srv";

static struct oci_config image(void)
{
	return (struct oci_config){ .entrypoint = entrypoint, .cmd = image_cmd, .env = image_env, .working_dir = dir_word };
}

static struct userns ids; /* of who makes the bundle; root unless a test says otherwise */

/* The sandbox that a written config.json describes, or NULL. */
static struct bundle *round_trip(const struct oci_config *c, const struct user *u, const struct bundle_overrides *over,
				 const struct bundle_overlay *overlay)
{
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	struct bundle *b = NULL;

	if (bundle_write_config(c, u, over, overlay, &ids, &text, &e) == 0) {
		put_config(text.data, text.len);
		b = bundle_open(dir, &e);
	}
	if (!b)
		fprintf(stderr, "%s\n", e.text);
	buf_clear(&text);
	return b;
}

static bool env_is(const struct sandbox *s, const char *entry)
{
	int found = 0;

	for (char *const *p = s->env; p && *p; p++)
		found += strcmp(*p, entry) == 0;
	return found == 1;
}

static void test_defaults(void)
{
	const struct user u = { .uid = 5, .gid = 6, .groups = { 7, 8 }, .group_count = 2, .home = "/home/five" };
	const struct bundle_overrides none = { 0 };
	struct oci_config c = image();
	struct bundle *b = round_trip(&c, &u, &none, NULL);
	const struct sandbox *s = b ? bundle_sandbox(b) : NULL;

	CHECK(s != NULL);
	if (!s)
		return;
	CHECK_STR(s->args[0], "/entry");
	CHECK_STR(s->args[1], "a b");
	CHECK(s->args[2] == NULL);
	CHECK_STR(s->cwd, "/srv");
	CHECK_INT(s->uid, 5);
	CHECK_INT(s->gid, 6);
	CHECK_INT(s->group_count, 2);
	CHECK_INT(s->groups[1], 8);
	CHECK(env_is(s, "PATH=/image"));
	CHECK(env_is(s, "A=1"));
	CHECK(env_is(s, "HOME=/home/five"));
	CHECK(s->no_new_privs);
	CHECK(s->caps_bounding == sandbox_default_caps);
	CHECK_INT(s->caps_inheritable, 0);
	CHECK_INT(s->caps_ambient, 0);
	CHECK_INT(s->mount_count, sandbox_default_mount_count);
	CHECK_STR(s->mounts[0].destination, "/proc");
	CHECK_STR(s->masked[0], sandbox_default_masked[0]);
	CHECK_STR(s->readonly[0], sandbox_default_readonly[0]);
	CHECK_INT(s->lower_count, 0);
	CHECK(!s->terminal);
	/* What we wrote is what was built in: nothing is composed. */
	CHECK(seccomp_native_table == NULL || s->filter == &seccomp_native_table->program);
	bundle_free(b);
}

static void test_overrides(void)
{
	const struct user root = { .home = "/root" };
	struct bundle_overrides over = { .env = user_env, .cmd = user_cmd, .working_dir = "/w", .hostname = "box",
					 .terminal = true, .readonly_root = true };
	struct oci_config c = image();
	struct bundle *b = round_trip(&c, &root, &over, NULL);
	const struct sandbox *s = b ? bundle_sandbox(b) : NULL;

	CHECK(s != NULL);
	if (!s)
		return;
	CHECK_STR(s->args[0], "/entry");
	CHECK_STR(s->args[1], "cmd");
	CHECK_STR(s->cwd, "/w");
	CHECK_STR(s->hostname, "box");
	CHECK(env_is(s, "A=2"));
	CHECK(env_is(s, "B=3"));
	CHECK(env_is(s, "TERM=xterm"));
	CHECK(env_is(s, "HOSTNAME=box"));
	CHECK(!env_is(s, "A=1"));
	CHECK(s->terminal && s->readonly_root);
	bundle_free(b);

	over.entrypoint = words[2];
	over.cmd = NULL;
	b = round_trip(&c, &root, &over, NULL);
	CHECK(b != NULL);
	if (b) {
		CHECK_STR(bundle_sandbox(b)->args[0], "\"q\"\n");
		CHECK(bundle_sandbox(b)->args[1] == NULL);
	}
	bundle_free(b);
}

/* Whoever runs the bundle has to give one: cr-exec says so. */
static void test_no_command(void)
{
	const struct bundle_overrides none = { 0 }, cleared = { .entrypoint = "" };
	const struct user root = { 0 };
	struct oci_config empty = { 0 }, c = image();
	struct bundle *without = round_trip(&empty, &root, &none, NULL), *dropped = round_trip(&c, &root, &cleared, NULL);

	CHECK(without && bundle_sandbox(without)->args == NULL);
	CHECK(dropped && bundle_sandbox(dropped)->args == NULL);
	bundle_free(without);
	bundle_free(dropped);
}

static void test_overlay(void)
{
	static char odd[] = "/a:b\\c", plain[] = "/plain";
	char *lower[] = { odd, plain, NULL };
	const struct bundle_overlay overlay = { lower, 2, "/up:per", "/wo\\rk" };
	const struct bundle_overrides none = { 0 };
	const struct user root = { 0 };
	struct oci_config c = image();
	struct bundle *b = round_trip(&c, &root, &none, &overlay);
	const struct sandbox *s = b ? bundle_sandbox(b) : NULL;

	CHECK(s != NULL);
	if (!s)
		return;
	CHECK_INT(s->lower_count, 2);
	CHECK_STR(s->lower[0], odd);
	CHECK_STR(s->lower[1], plain);
	CHECK_STR(s->upper, "/up:per");
	CHECK_STR(s->work, "/wo\\rk");
	CHECK_INT(s->mount_count, sandbox_default_mount_count);
	bundle_free(b);
}

/* A config.json with one thing in it that must be refused, and the words that say so. */
static const struct {
	const char *members, *says;
} refused[] = {
	{ "\"hooks\":{\"prestart\":[{\"path\":\"/bin/true\"}]}", "hooks" },
	{ "\"domainname\":1", "domainname" },
	{ "\"linux\":{\"namespaces\":[{\"type\":\"network\"}]}", "network" },
	{ "\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}]}", "path" },
	{ "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}}", "SCMP_ACT_NOTIFY" },
	{ "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}}", "listenerPath" },
	{ "\"linux\":{\"sysctl\":{\"a\":\"b\"}}", "linux.sysctl: \"a\"" },
	{ "\"linux\":{\"sysctl\":{\"net.core.somaxconn\":\"1\"}}", "net.core.somaxconn" },
	{ "\"linux\":{\"sysctl\":{\"kernel.shmmax\":1}}", "linux.sysctl" },
	{ "\"linux\":{\"cgroupsPath\":\"/x\"}", "cgroupsPath" },
	{ "\"linux\":{\"devices\":[{\"path\":\"/dev/sda\",\"type\":\"b\",\"major\":8,\"minor\":0}]}", "/dev/sda" },
	{ "\"linux\":{\"devices\":[{\"path\":\"/dev/../x\",\"type\":\"c\",\"major\":1,\"minor\":3}]}", "'..'" },
	{ "\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}", "no user namespace" },
	{ "\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}",
	  "gidMappings is missing" },
	{ "\"linux\":{\"rootfsPropagation\":\"rshared\"}", "rootfsPropagation" },
	{ "\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/etc\"}]", "a bind of /etc" },
	{ "\"mounts\":[{\"destination\":\"/etc/hosts\",\"type\":\"bind\"}]", "no source" },
	{ "\"mounts\":[{\"destination\":\"/./\",\"type\":\"tmpfs\"}]", "in place of the root" },
	{ "\"mounts\":[{\"destination\":\"/x/../y\",\"type\":\"tmpfs\"}]", "'..'" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"oomScoreAdj\":1001}", "oomScoreAdj" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":1}}",
	  "height" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,"
	  "\"hard\":18446744073709551616}]}", "out of range" },
	{ "\"linux\":{\"resources\":{\"memory\":{\"limit\":1}}}", "memory" },
	{ "\"linux\":{\"resources\":{\"devices\":[{\"allow\":true}]}}", "devices" },
	{ "\"linux\":{\"rootfsPropagation\":\"shared\"}", "rootfsPropagation" },
	{ "\"mounts\":[{\"destination\":\"/x\",\"type\":\"cgroup\",\"source\":\"cgroup\"}]", "cgroup" },
	{ "\"mounts\":[{\"destination\":\"x\",\"type\":\"tmpfs\"}]", "absolute" },
	{ "\"mounts\":[{\"destination\":\"/\",\"type\":\"overlay\",\"options\":[\"upperdir=/x\"]}]", "lowerdir" },
	{ "\"mounts\":[{\"destination\":\"/\",\"type\":\"overlay\",\"options\":[\"l=/x\"]}]", "l=/x" },
	{ "\"process\":{\"cwd\":\"x\",\"user\":{\"uid\":0,\"gid\":0}}", "absolute" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":-1,\"gid\":0}}", "uid" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":4294967295,\"gid\":0}}", "uid" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"gid\":0}}", "uid" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"args\":[1]}", "args" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"a\\u0000b\"]}", "args" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"capabilities\":{\"bounding\":[\"CAP_X\"]}}", "CAP_X" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"apparmorProfile\":\"x\"}", "apparmorProfile" },
	{ "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"rlimits\":[{\"type\":\"RLIMIT_X\"}]}", "RLIMIT_X" },
};

static void test_refused_by_name(void)
{
	char text[512];

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct err e = ERR_INIT;
		int n = snprintf(text, sizeof text, "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},%s}",
				 refused[i].members);
		struct bundle *b;

		put_config(text, (size_t)n);
		b = bundle_open(dir, &e);
		if (b || !strstr(e.text, refused[i].says)) {
			fprintf(stderr, "%s: %s\n", refused[i].members, b ? "accepted" : e.text);
			CHECK(false);
		}
		bundle_free(b);
	}
}

/* Reads a config.json of these members; NULL with a message where it is refused. */
static struct bundle *read_members(const char *members)
{
	char text[2048];
	struct err e = ERR_INIT;
	int n = snprintf(text, sizeof text, "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},%s}", members);
	struct bundle *b;

	put_config(text, (size_t)n);
	b = bundle_open(dir, &e);
	if (!b)
		fprintf(stderr, "%s: %s\n", members, e.text);
	CHECK(b != NULL);
	return b;
}

static void test_kernel_values(void)
{
	struct bundle *b = read_members(
		"\"domainname\":\"d\",\"linux\":{\"sysctl\":{\"kernel.shm_rmid_forced\":\"1\",\"fs/mqueue/msg_max\":\"2\","
		"\"kernel.domainname\":\"d\"},\"devices\":[{\"path\":\"/dev/null\",\"type\":\"c\",\"major\":1,\"minor\":3},"
		"{\"path\":\"/dev//z\",\"type\":\"c\",\"major\":1,\"minor\":5}]}");
	const struct sandbox *s = b ? bundle_sandbox(b) : NULL;

	if (!s)
		return;
	CHECK_STR(s->domainname, "d");
	CHECK_INT(s->sysctl_count, 2);
	CHECK_STR(s->sysctls[0].name, "kernel/shm_rmid_forced");
	CHECK_STR(s->sysctls[1].name, "fs/mqueue/msg_max");
	CHECK_STR(s->sysctls[1].value, "2");
	CHECK_INT(s->device_count, 1);
	CHECK_STR(s->devices[0].path, "/dev/z");
	CHECK_INT(s->devices[0].minor, 5);
	bundle_free(b);
}

static void test_process_values(void)
{
	struct bundle *b = read_members(
		"\"process\":{\"cwd\":\"/\",\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
		"\"user\":{\"uid\":1,\"gid\":2,\"umask\":63},\"oomScoreAdj\":-7,\"capabilities\":{\"inheritable\":"
		"[\"CAP_CHOWN\"],\"ambient\":[\"CAP_KILL\"]},"
		"\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":18446744073709551615}]}");
	const struct sandbox *s = b ? bundle_sandbox(b) : NULL;

	if (!s)
		return;
	CHECK_INT(s->rows, 24);
	CHECK_INT(s->columns, 80);
	CHECK_INT(s->umask, 077);
	CHECK(s->set_oom_score_adj);
	CHECK_INT(s->oom_score_adj, -7);
	CHECK_INT(s->caps_inheritable, 1);
	CHECK_INT(s->caps_ambient, 1 << 5);
	CHECK(s->rlimits[0].hard == UINT64_MAX);
	bundle_free(b);
}

static void test_mounts(void)
{
	struct bundle *b = read_members(
		"\"mounts\":[{\"destination\":\"//a/./b/\",\"type\":\"tmpfs\"},{\"destination\":\"/sys\",\"type\":\"none\","
		"\"source\":\"/sys\",\"options\":[\"rbind\",\"ro\"]},"
		"{\"destination\":\"/etc/hosts\",\"type\":\"bind\",\"source\":\"h\"},"
		"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup2\",\"options\":[\"rw\",\"ro\"]}]");
	const struct sandbox *s = b ? bundle_sandbox(b) : NULL;
	char source[128];

	if (!s)
		return;
	snprintf(source, sizeof source, "%s/h", dir);
	CHECK_INT(s->mount_count, 4);
	CHECK_STR(s->mounts[0].destination, "/a/b");
	CHECK_STR(s->mounts[1].type, "sysfs");
	CHECK_STR(s->mounts[2].type, "bind");
	CHECK_STR(s->mounts[2].source, source);
	CHECK_STR(s->mounts[3].type, "cgroup");
	bundle_free(b);
}

/* What an ordinary user writes is what he reads: his own ids, and what goes with them. */
static void test_user_namespace(void)
{
	const struct user u = { .groups = { 7 }, .group_count = 1 };
	const struct bundle_overrides none = { 0 };
	struct oci_config c = image();
	struct bundle *b;
	const struct sandbox *s;

	if (sandbox_isolation_default == SANDBOX_CHROOT)
		SKIP("no user namespaces");
	ids = (struct userns){ .kind = USERNS_SINGLE, .uids = { { 0, geteuid(), 1 } }, .gids = { { 0, getegid(), 1 } },
			       .uid_count = 1, .gid_count = 1 };
	b = round_trip(&c, &u, &none, NULL);
	ids = (struct userns){ 0 };
	CHECK(b != NULL);
	if (!b)
		return;
	s = bundle_sandbox(b);
	CHECK_INT(s->userns.kind, geteuid() == 0 ? USERNS_GIVEN : USERNS_SINGLE);
	CHECK_INT(s->userns.uids[0].outside, geteuid());
	CHECK_INT(s->group_count, 0);
	for (size_t i = 0; i < s->mount_count; i++) {
		for (char *const *p = s->mounts[i].options; p && *p; p++)
			CHECK(strcmp(*p, "gid=5") != 0);
		CHECK(strcmp(s->mounts[i].destination, "/sys") != 0 || strcmp(s->mounts[i].options[0], "rbind") == 0);
	}
	bundle_free(b);
}

static void test_annotations(void)
{
	static char name[] = "org.opencontainers.image.author", other[] = "k", value[] = "label", port[] = "80/tcp";
	static char signal_name[] = "SIGQUIT";
	char *names[] = { name, other, NULL }, *values[] = { value, value, NULL }, *ports[] = { port, NULL };
	const struct bundle_overrides none = { 0 };
	const struct user root = { 0 };
	struct oci_config c = image();
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	c.label_names = names;
	c.label_values = values;
	c.exposed_ports = ports;
	c.stop_signal = signal_name;
	c.author = other;
	CHECK_INT(bundle_write_config(&c, &root, &none, NULL, &ids, &text, &e), 0);
	CHECK(strstr(buf_text(&text), "\"org.opencontainers.image.author\": \"label\"") != NULL);
	CHECK(strstr(buf_text(&text), "\"k\": \"label\"") != NULL);
	CHECK(strstr(buf_text(&text), "\"org.opencontainers.image.stopSignal\": \"SIGQUIT\"") != NULL);
	CHECK(strstr(buf_text(&text), "\"org.opencontainers.image.exposedPorts\": \"80/tcp\"") != NULL);
	CHECK(strstr(buf_text(&text), "\"author\": \"k\"") == NULL);
	buf_clear(&text);
}

static void test_security(void)
{
	struct security sec = SECURITY_INIT;
	const struct bundle_overrides over = { .security = &sec };
	const struct user root = { 0 };
	struct oci_config c = image();
	struct err e = ERR_INIT;
	struct bundle *b;

	CHECK_INT(security_drop_cap(&sec, "all", &e), 0);
	CHECK_INT(security_add_cap(&sec, "cap_kill", &e), 0);
	CHECK_INT(security_option(&sec, "systempaths=unconfined", &e), 0);
	CHECK_INT(security_option(&sec, "no-new-privileges=false", &e), 0);
	CHECK_INT(security_option(&sec, "seccomp=unconfined", &e), 0);
	b = round_trip(&c, &root, &over, NULL);
	CHECK(b != NULL);
	if (!b)
		return;
	CHECK_INT(bundle_sandbox(b)->caps_bounding, 1 << 5);
	CHECK_INT(bundle_sandbox(b)->caps_effective, 1 << 5);
	CHECK(!bundle_sandbox(b)->no_new_privs);
	CHECK(!bundle_sandbox(b)->masked || !*bundle_sandbox(b)->masked);
	CHECK(bundle_sandbox(b)->filter == NULL);
	bundle_free(b);
}

static void test_absent_is_nothing(void)
{
	static const char text[] = "{\"ociVersion\":\"1.1.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/\","
				   "\"user\":{\"uid\":0,\"gid\":0}},\"hooks\":{},\"unknown\":{\"x\":1}}";
	struct err e = ERR_INIT;
	struct bundle *b;

	put_config(text, sizeof text - 1);
	b = bundle_open(dir, &e);
	CHECK_STR(e.text, "");
	CHECK(b != NULL);
	if (!b)
		return;
	CHECK(bundle_sandbox(b)->args == NULL);
	CHECK_INT(bundle_sandbox(b)->caps_bounding, 0);
	CHECK(!bundle_sandbox(b)->no_new_privs);
	bundle_free(b);
}

/* A root filesystem may bring a config.json of its maker's: it is not taken for a bundle. */
static void test_root_filesystem(void)
{
	static const char text[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"/\"}}";
	struct err e = ERR_INIT;
	struct bundle *b;
	char path[128];

	snprintf(path, sizeof path, "%s/etc", dir);
	put_config(text, sizeof text - 1);
	CHECK_INT(mkdir(path, 0755), 0);
	b = bundle_open(dir, &e);
	CHECK(b == NULL);
	CHECK_INT(e.kind, ERR_USAGE);
	b = bundle_open_rootfs(dir, &e);
	CHECK(b != NULL);
	if (b)
		CHECK_STR(bundle_sandbox(b)->rootfs, dir);
	bundle_free(b);
	rmdir(path);
}

static void clean(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/config.json", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(test_defaults);
	RUN(test_overrides);
	RUN(test_no_command);
	RUN(test_overlay);
	RUN(test_refused_by_name);
	RUN(test_kernel_values);
	RUN(test_process_values);
	RUN(test_mounts);
	RUN(test_user_namespace);
	RUN(test_annotations);
	RUN(test_security);
	RUN(test_absent_is_nothing);
	RUN(test_root_filesystem);
	clean();
	return test_end();
}
