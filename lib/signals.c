#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	int number;
} table[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },   { "QUIT", SIGQUIT }, { "ILL", SIGILL },	 { "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT },	 { "IOT", SIGABRT },  { "BUS", SIGBUS },   { "FPE", SIGFPE },	 { "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },	 { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE },	 { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },	 { "CHLD", SIGCHLD }, { "CLD", SIGCHLD },  { "CONT", SIGCONT },	 { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },	 { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },	 { "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },	 { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "SYS", SIGSYS },
#ifdef SIGIO
	{ "IO", SIGIO },	 { "POLL", SIGIO },
#endif
#ifdef SIGPWR
	{ "PWR", SIGPWR },
#endif
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
#ifdef SIGINFO
	{ "INFO", SIGINFO },
#endif
};

/* The whole text as a number from 0 to max; -1 for anything else. */
static int number(const char *text, int max)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	return errno || *end || n > max ? -1 : (int)n;
}

#ifdef SIGRTMIN
/* What stands behind RTMIN or RTMAX. */
static int real_time(int base, char sign, const char *offset)
{
	const int range = SIGRTMAX - SIGRTMIN;
	int n = *offset == sign ? number(offset + 1, range) : *offset ? -1 : 0;

	if (n == -1)
		return -1;
	return sign == '+' ? base + n : base - n;
}
#endif

int signals_parse(const char *text)
{
	int n = number(text, NSIG - 1);

	if (n != -1)
		return n > 0 ? n : -1;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strcasecmp(text, table[i].name) == 0)
			return table[i].number;
#ifdef SIGRTMIN
	if (strncasecmp(text, "RTMIN", 5) == 0)
		return real_time(SIGRTMIN, '+', text + 5);
	if (strncasecmp(text, "RTMAX", 5) == 0)
		return real_time(SIGRTMAX, '-', text + 5);
#endif
	return -1;
}

void signals_passed_on(sigset_t *set)
{
	static const int own[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGTTIN, SIGTTOU, SIGPIPE,
				   SIGXFSZ };

	sigfillset(set);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		sigdelset(set, own[i]);
}
