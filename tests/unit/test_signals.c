/* signals: names as people and images write them. */
#include "test.h"

#include "signals.h"

#include <signal.h>

static void test_names(void)
{
	CHECK_INT(signals_parse("TERM"), SIGTERM);
	CHECK_INT(signals_parse("SIGTERM"), SIGTERM);
	CHECK_INT(signals_parse("sigquit"), SIGQUIT);
	CHECK_INT(signals_parse("Usr1"), SIGUSR1);
	CHECK_INT(signals_parse("WINCH"), SIGWINCH);
}

static void test_numbers(void)
{
	CHECK_INT(signals_parse("9"), SIGKILL);
	CHECK_INT(signals_parse("15"), SIGTERM);
	CHECK_INT(signals_parse("0"), -1);
	CHECK_INT(signals_parse("-1"), -1);
	CHECK_INT(signals_parse("1000000"), -1);
	CHECK_INT(signals_parse("99999999999999999999"), -1);
	CHECK_INT(signals_parse("9x"), -1);
}

static void test_real_time(void)
{
	CHECK_INT(signals_parse("RTMIN"), SIGRTMIN);
	CHECK_INT(signals_parse("SIGRTMIN+3"), SIGRTMIN + 3);
	CHECK_INT(signals_parse("RTMAX-1"), SIGRTMAX - 1);
	CHECK_INT(signals_parse("RTMIN-1"), -1);
	CHECK_INT(signals_parse("RTMIN+1000"), -1);
	CHECK_INT(signals_parse("RTMIN+"), -1);
	CHECK_INT(signals_parse("RTMIN3"), -1);
}

static void test_what_is_none(void)
{
	CHECK_INT(signals_parse(""), -1);
	CHECK_INT(signals_parse("SIG"), -1);
	CHECK_INT(signals_parse("SIGSIGTERM"), -1);
	CHECK_INT(signals_parse("TERM "), -1);
	CHECK_INT(signals_parse("NONSENSE"), -1);
}

int main(void)
{
	RUN(test_names);
	RUN(test_numbers);
	RUN(test_real_time);
	RUN(test_what_is_none);
	return test_end();
}
