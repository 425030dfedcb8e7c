/* user: who a container's process is. U01 to U12 are the hostile cases of the User field. */
#include "test.h"

#include "user.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char passwd_text[] = "root:x:0:0:root:/root:/bin/sh\n"
				  "bob:x:1000:1001:Bob:/home/bob:/bin/sh\n"
				  "99999999999:x:0:0::/root:/bin/sh\n"
				  "4294967296:x:0:0::/root:/bin/sh\n"
				  "-1:x:0:0::/root:/bin/sh\n"
				  "0x0:x:0:0::/root:/bin/sh\n"
				  "+0:x:0:0::/root:/bin/sh\n"
				  "short:x:0\n"
				  "over:x:4294967296:0::/:/bin/sh\n"
				  "neg:x:-1:0::/:/bin/sh\n"
				  ":x:0:0::/:/bin/sh\n"
				  "nohome:x:7:8:::\n";
static const char group_text[] = "root:x:0:\n"
				 "bob:x:1001:\n"
				 "wheel:x:10:root,bob\n"
				 "audio:x:29:bob,alice\n"
				 "bobby:x:30:bobby\n"
				 "big:x:4294967296:bob\n"
				 "4294967296:x:0:\n";

static int file_of(const char *text, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd == -1 || write(fd, text, len) != (ssize_t)len)
		abort();
	return fd;
}

/* Returns the kind of the error, ERR_NONE when it was resolved. */
static enum err_kind resolve(struct user *u, const char *spec)
{
	struct err e = ERR_INIT;
	int passwd = file_of(passwd_text, sizeof passwd_text - 1), group = file_of(group_text, sizeof group_text - 1);
	int status = user_resolve(u, spec, passwd, group, &e);

	close(passwd);
	close(group);
	CHECK((status == 0) == (e.kind == ERR_NONE));
	return e.kind;
}

static enum err_kind resolve_in(const char *spec, int passwd)
{
	struct err e = ERR_INIT;
	struct user u;

	user_resolve(&u, spec, passwd, -1, &e);
	return e.kind;
}

static void test_forms(void)
{
	struct user u;

	CHECK_INT(resolve(&u, NULL), ERR_NONE);
	CHECK_INT(u.uid, 0);
	CHECK_INT(u.gid, 0);
	CHECK_STR(u.home, "/root");
	CHECK_INT(resolve(&u, "bob"), ERR_NONE);
	CHECK_INT(u.uid, 1000);
	CHECK_INT(u.gid, 1001);
	CHECK_INT(u.group_count, 2);
	CHECK_INT(u.groups[0], 10);
	CHECK_INT(u.groups[1], 29);
	CHECK_STR(u.home, "/home/bob");
	CHECK_INT(resolve(&u, "1000"), ERR_NONE);
	CHECK_INT(u.gid, 1001);
	CHECK_INT(u.group_count, 2);
	CHECK_INT(resolve(&u, "bob:wheel"), ERR_NONE);
	CHECK_INT(u.gid, 10);
	CHECK_INT(u.group_count, 0);
	CHECK_INT(resolve(&u, "bob:77"), ERR_NONE);
	CHECK_INT(u.gid, 77);
	CHECK_INT(resolve(&u, "4711"), ERR_NONE);
	CHECK_INT(u.uid, 4711);
	CHECK_INT(u.gid, 0);
	CHECK_STR(u.home, "");
	CHECK_INT(resolve(&u, "5:6"), ERR_NONE);
	CHECK_INT(u.uid, 5);
	CHECK_INT(u.gid, 6);
	CHECK_INT(resolve(&u, "nohome"), ERR_NONE);
	CHECK_STR(u.home, "");
}

static void test_u01_to_u04_numbers(void)
{
	static const char *const refused[] = { "4294967296", "-1", "2147483648", "0x0", " 0", "+0", "0 ", "1e3", "1.0",
					       "99999999999999999999999999", "bob:4294967296", "0:-1", "0:2147483648" };
	struct user u;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (resolve(&u, refused[i]) == ERR_NONE) {
			fprintf(stderr, "accepted: %s\n", refused[i]);
			CHECK(false);
		}
	CHECK_INT(resolve(&u, "2147483647"), ERR_NONE);
	CHECK_INT(u.uid, 2147483647);
}

static void test_u05_to_u08_files(void)
{
	int zero = open("/dev/zero", O_RDONLY), ends[2], sparse = file_of("", 0);

	CHECK_INT(resolve_in("bob", zero), ERR_CONTENT);
	CHECK_INT(pipe(ends), 0);
	CHECK_INT(resolve_in("bob", ends[0]), ERR_CONTENT);
	CHECK_INT(ftruncate(sparse, 1 << 30), 0);
	CHECK_INT(resolve_in("bob", sparse), ERR_CONTENT);
	CHECK_INT(resolve_in("bob", -1), ERR_NOT_FOUND);
	CHECK_INT(resolve_in("12", -1), ERR_NONE);
	close(zero);
	close(ends[0]);
	close(ends[1]);
	close(sparse);
}

static void test_u09_digits_are_no_name(void)
{
	struct user u;

	CHECK_INT(resolve(&u, "99999999999"), ERR_USAGE);
	CHECK_INT(resolve(&u, "bob:4294967296"), ERR_USAGE);
}

static void test_u10_lines(void)
{
	static const char nul[] = "root:x:0:0:\0:/:\nbob:x:0:0::/:\n";
	size_t len = USER_FILE_MAX;
	char *line = malloc(len);
	struct user u;
	int fd;

	CHECK_INT(resolve(&u, "short"), ERR_NOT_FOUND);
	CHECK_INT(resolve(&u, "over"), ERR_NOT_FOUND);
	CHECK_INT(resolve(&u, "neg"), ERR_NOT_FOUND);
	CHECK_INT(resolve(&u, "bob:big"), ERR_NOT_FOUND);
	fd = file_of(nul, sizeof nul - 1);
	CHECK_INT(resolve_in("bob", fd), ERR_CONTENT);
	close(fd);
	if (!line)
		abort();
	memset(line, ':', len);
	fd = file_of(line, len);
	CHECK_INT(resolve_in("bob", fd), ERR_NOT_FOUND);
	close(fd);
	free(line);
}

static void test_u11_u12_forms_refused(void)
{
	static const char *const refused[] = { "bob:wheel:x", ":", "bob:", ":wheel", "a/b", "bo\nb", "bob:whe\nel", "bob ",
					       "\t", "bob:.." "/x" };
	struct user u;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		CHECK_INT(resolve(&u, refused[i]), ERR_USAGE);
	CHECK_INT(resolve(&u, "alice"), ERR_NOT_FOUND);
	CHECK_INT(resolve(&u, "bob:nosuch"), ERR_NOT_FOUND);
}

static void test_too_many_groups(void)
{
	int group = memfd_create("test", MFD_CLOEXEC), passwd = file_of(passwd_text, sizeof passwd_text - 1);
	struct err e = ERR_INIT;
	struct user u;

	for (int i = 0; i <= USER_GROUPS_MAX; i++)
		dprintf(group, "g%d:x:%d:bob\n", i, 100 + i);
	CHECK_INT(user_resolve(&u, "bob", passwd, group, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	close(group);
	close(passwd);
}

int main(void)
{
	RUN(test_forms);
	RUN(test_u01_to_u04_numbers);
	RUN(test_u05_to_u08_files);
	RUN(test_u09_digits_are_no_name);
	RUN(test_u10_lines);
	RUN(test_u11_u12_forms_refused);
	RUN(test_too_many_groups);
	return test_end();
}
