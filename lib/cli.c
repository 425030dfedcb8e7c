#include "cli.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

void cli_start(struct cli *c, const char *name, const char *usage, const char *argv0)
{
	*c = (struct cli){ .name = name, .usage = usage, .argv0 = argv0, .usage_status = 2 };
	open_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (getuid() != geteuid() || getgid() != getegid()) {
		cli_warn(c, "refusing to run setuid or setgid");
		exit(1);
	}
}

/* Appends the text with control characters as escapes; "\n" only where it ends. */
static void add_escaped(struct buf *line, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '\n' && p[1])
			buf_adds(line, "; ");
		else if ((*p < ' ' && *p != '\n') || *p == 0x7f)
			buf_addf(line, "\\x%02x", *p);
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* C1 controls in UTF-8 */
			buf_addf(line, "\\u00%02x", *++p);
		else
			buf_addc(line, (char)*p);
	}
}

void cli_error(const struct cli *c, const struct err *e)
{
	cli_warn(c, "%s", e->text);
}

void cli_warn(const struct cli *c, const char *fmt, ...)
{
	char text[2 * ERR_TEXT_MAX];
	cleanup_buf struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (c->make_way)
		c->make_way(c->ctx);
	buf_addf(&line, "%s: ", c->name);
	add_escaped(&line, text);
	buf_addc(&line, '\n');
	/* In one piece: the other programs of a pipe write there too. */
	io_write_full(STDERR_FILENO, line.failed ? "out of memory\n" : buf_text(&line), line.failed ? 14 : line.len);
}

int cli_fail(const struct cli *c, const struct err *e)
{
	cli_error(c, e);
	return err_exit_status(e);
}

int cli_usage(const struct cli *c, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	cli_warn(c, "%s", text);
	fprintf(stderr, "Try '%s --help'.\n", c->name);
	return c->usage_status;
}

long cli_number(const struct cli *c, const char *option, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(optarg, &end, 10);
	if (errno || *end || end == optarg || n < min || n > max)
		exit(cli_usage(c, "%s: %ld to %ld", option, min, max));
	return n;
}

void cli_option(struct cli *c, int option)
{
	switch (option) {
	case 'h':
		fputs(c->usage, stdout);
		exit(cli_end(c, 0));
	case 'V':
		printf("%s %s\n", c->name, CR_VERSION);
		exit(cli_end(c, 0));
	case 's':
		c->store = optarg;
		return;
	case 'v':
		c->verbose++;
		return;
	default: /* getopt_long has said why */
		fprintf(stderr, "Try '%s --help'.\n", c->name);
		exit(c->usage_status);
	}
}

/* The directory that holds the running program, symlinks resolved; false where that cannot be told. */
static bool program_directory(const struct cli *c, char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	if (n > 0)
		out[n] = '\0';
	else if (!strchr(c->argv0, '/') || !realpath(c->argv0, out))
		return false;
	slash = strrchr(out, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static bool store_beside_program(const struct cli *c, struct buf *out)
{
	char dir[PATH_MAX];
	struct stat st;
	char *slash;

	if (!program_directory(c, dir))
		return false;
	slash = strrchr(dir, '/');
	if (!slash || strcmp(slash, "/bin") != 0)
		return false;
	*slash = '\0';
	buf_addf(out, "%s/data", dir);
	if (stat(buf_text(out), &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	buf_reset(out);
	return false;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

int cli_store_path(const struct cli *c, struct buf *out, struct err *e)
{
	const char *base;

	if (c->store && !*c->store)
		return err_set(e, ERR_USAGE, "--store: the directory's name is empty");
	if (c->store)
		buf_adds(out, c->store);
	else if ((base = environment("CR_STORE")))
		buf_adds(out, base);
	else if (store_beside_program(c, out))
		;
	else if (geteuid() == 0)
		buf_adds(out, "/var/lib/container");
	else if ((base = environment("XDG_DATA_HOME")))
		buf_addf(out, "%s/container", base);
	else if ((base = environment("HOME")))
		buf_addf(out, "%s/.local/share/container", base);
	else
		return err_set(e, ERR_USAGE, "no store: give --store, or set CR_STORE or HOME");
	return buf_check(out, e);
}

char *cli_path(const char *variable, const char *home, const char *rest)
{
	const char *value = variable ? getenv(variable) : NULL;
	struct buf path = BUF_INIT;

	if (value && *value)
		buf_addf(&path, "%s%s", value, rest);
	else if (home && (value = getenv("HOME")) && *value)
		buf_addf(&path, "%s%s%s", value, home, rest);
	else
		return NULL;
	return buf_steal(&path);
}

int cli_end(const struct cli *c, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		cli_warn(c, "standard output: %s", strerror(errno));
	return status ? status : 1;
}
