#include "store.h"

#include "buf.h"
#include "hash.h"
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char root[] = "/tmp/test_store.XXXXXX";
static struct store store;

static struct digest digest_of(const void *data, size_t n)
{
	struct err e = ERR_INIT;
	struct digest d;

	CHECK_INT(hash_bytes(data, n, &d, &e), 0);
	return d;
}

static int entries(int dir)
{
	char command[64];
	FILE *f;
	int n = 0;

	snprintf(command, sizeof command, "ls /proc/%d/fd/%d | wc -l", (int)getpid(), dir);
	f = popen(command, "r");
	if (!f || fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		pclose(f);
	return n;
}

static void test_put_and_read(void)
{
	cleanup_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	struct digest d = digest_of("hello", 5);
	struct stat st;
	int fd;

	CHECK(!store_has_blob(&store, &d, 5));
	CHECK_INT(store_put_blob(&store, &d, "hello", 5, &e), 0);
	CHECK(store_has_blob(&store, &d, 5));
	CHECK(!store_has_blob(&store, &d, 6));
	CHECK_INT(store_read_blob(&store, &d, 5, 100, &out, &e), 0);
	CHECK_STR(buf_text(&out), "hello");
	fd = store_open_blob(&store, &d, -1, &e);
	CHECK(fd != -1 && fstat(fd, &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0444);
	close(fd);
	CHECK_INT(store_put_blob(&store, &d, "hello", 5, &e), 0); /* again: nothing to do */
	CHECK_INT(entries(store.tmp), 0);
}

/* Promise 1: nothing has its name in blobs/ unless its bytes hash to it. */
static void test_wrong_bytes_get_no_name(void)
{
	struct err e = ERR_INIT;
	struct digest d = digest_of("right", 5);

	CHECK_INT(store_put_blob(&store, &d, "wrong", 5, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	CHECK(!store_has_blob(&store, &d, -1));
	CHECK_INT(entries(store.tmp), 0);
}

static void test_too_many_bytes(void)
{
	struct err e = ERR_INIT;
	struct digest d = digest_of("four", 4);
	struct ingest *in = ingest_open(&store, &d, 4, &e);

	CHECK(in != NULL);
	CHECK_INT(ingest_write(in, "fourX", 5, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	ingest_close(in);
	CHECK_INT(entries(store.tmp), 0);
}

/* Promise 6: what had arrived is continued. */
static void test_continues_after_a_kill(void)
{
	struct err e = ERR_INIT;
	struct digest d = digest_of("abcdefgh", 8);
	struct ingest *in;
	int status;

	if (fork() == 0) {
		in = ingest_open(&store, &d, 8, &e);
		if (ingest_write(in, "abcd", 4, &e) == 0)
			_exit(0); /* as a kill: nothing is closed in order */
		_exit(1);
	}
	wait(&status);
	CHECK_INT(status, 0);
	in = ingest_open(&store, &d, 8, &e);
	CHECK(in != NULL);
	CHECK_INT(ingest_offset(in), 4);
	CHECK_INT(ingest_write(in, "efgh", 4, &e), 0);
	CHECK_INT(ingest_commit(in, &e), 0);
	ingest_close(in);
	CHECK_INT(store_verify_blob(&store, &d, 8, &e), 0);
	CHECK_INT(entries(store.tmp), 0);
}

static void test_continued_garbage_is_found_out(void)
{
	struct err e = ERR_INIT;
	struct digest d = digest_of("12345678", 8);
	struct ingest *in = ingest_open(&store, &d, 8, &e);

	CHECK_INT(ingest_write(in, "XXXX", 4, &e), 0);
	ingest_close(in);
	in = ingest_open(&store, &d, 8, &e);
	CHECK_INT(ingest_offset(in), 4);
	CHECK_INT(ingest_write(in, "5678", 4, &e), 0);
	CHECK_INT(ingest_commit(in, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	ingest_close(in);
	CHECK_INT(entries(store.tmp), 0);
	e = (struct err)ERR_INIT;
	CHECK_INT(store_put_blob(&store, &d, "12345678", 8, &e), 0);
}

/* Promise 7: a second process does not write into the first one's file. */
static void test_one_at_a_time(void)
{
	struct err e = ERR_INIT;
	struct digest d = digest_of("shared", 6);
	struct ingest *in = ingest_open(&store, &d, 6, &e);
	bool busy;
	int status;

	CHECK(in != NULL);
	if (fork() == 0) {
		struct ingest *second = ingest_try(&store, &d, 6, &busy, &e);
		_exit(second == NULL && busy ? 0 : 1);
	}
	wait(&status);
	CHECK_INT(status, 0);
	CHECK_INT(ingest_write(in, "shared", 6, &e), 0);
	CHECK_INT(ingest_commit(in, &e), 0);
	ingest_close(in);
	CHECK(ingest_try(&store, &d, 6, &busy, &e) == NULL && !busy && e.kind == ERR_NONE);
}

static void test_planted_files_are_refused(void)
{
	struct err e = ERR_INIT;
	struct digest d = digest_of("planted", 7);
	char hex[DIGEST_HEX];

	digest_hex(&d, hex);
	CHECK_INT(symlinkat("/etc/passwd", store.blobs, hex), 0);
	CHECK_INT(store_open_blob(&store, &d, -1, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
	unlinkat(store.blobs, hex, 0);
	CHECK_INT(mkfifoat(store.blobs, hex, 0600), 0);
	CHECK_INT(store_open_blob(&store, &d, -1, &e), -1); /* and does not hang */
	CHECK_INT(e.kind, ERR_CONTENT);
	unlinkat(store.blobs, hex, 0);
}

static void test_a_changed_blob_is_noticed(void)
{
	struct err e = ERR_INIT;
	struct digest d = digest_of("constant", 8);
	char hex[DIGEST_HEX];
	int fd;

	digest_hex(&d, hex);
	CHECK_INT(store_put_blob(&store, &d, "constant", 8, &e), 0);
	CHECK_INT(fchmodat(store.blobs, hex, 0644, 0), 0);
	fd = openat(store.blobs, hex, O_WRONLY);
	CHECK_INT(pwrite(fd, "C", 1, 0), 1);
	close(fd);
	CHECK_INT(store_verify_blob(&store, &d, 8, &e), -1);
	CHECK_INT(e.kind, ERR_CONTENT);
}

static void test_locks(void)
{
	struct err e = ERR_INIT;
	bool busy = false;
	int fd = store_lock(&store, "a.lock", &e), status;

	CHECK(fd != -1);
	if (fork() == 0)
		_exit(store_try_lock(&store, "a.lock", &busy, &e) == -1 && busy ? 0 : 1);
	wait(&status);
	CHECK_INT(status, 0);
	store_unlock(&store, "a.lock", &fd);
	CHECK_INT(entries(store.tmp), 0);
	fd = store_try_lock(&store, "a.lock", &busy, &e);
	CHECK(fd != -1 && !busy);
	store_unlock(&store, "a.lock", &fd);
}

int main(void)
{
	struct err e = ERR_INIT;
	char command[64];
	int status;

	if (!mkdtemp(root) || store_open(&store, root, &e) == -1)
		return 1;
	RUN(test_put_and_read);
	RUN(test_wrong_bytes_get_no_name);
	RUN(test_too_many_bytes);
	RUN(test_continues_after_a_kill);
	RUN(test_continued_garbage_is_found_out);
	RUN(test_one_at_a_time);
	RUN(test_planted_files_are_refused);
	RUN(test_a_changed_blob_is_noticed);
	RUN(test_locks);
	status = test_end();
	store_close(&store);
	snprintf(command, sizeof command, "rm -rf %s", root);
	return system(command) == 0 ? status : 1;
}
