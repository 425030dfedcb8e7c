/* probe_outside - the network, and the caller's terminal */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static bool can_connect(int family, struct sockaddr *address, size_t len)
{
	int fd = socket(family, SOCK_STREAM, 0);
	bool done = fd >= 0 && connect(fd, address, (socklen_t)len) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool can_set_flags(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool done;

	ioctl(fd, SIOCGIFFLAGS, &lo); /* as they are */
	done = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	close(fd);
	return done;
}

void try_network(void)
{
	struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	const char *name = host("socket");
	int fd;

	strncpy(local.sun_path + 1, name, sizeof local.sun_path - 2);
	loopback.sin_port = htons((uint16_t)host_number("port"));
	tell("X46", can_connect(AF_UNIX, (struct sockaddr *)&local, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)),
	     "an abstract socket of the host");
	tell("X47", can_connect(AF_INET, (struct sockaddr *)&loopback, sizeof loopback), "a port on loopback");
	tell("X48", can_set_flags(), "set an interface's flags");
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	tell("X49", fd >= 0, "a packet socket");
	if (fd >= 0)
		close(fd);
}

/* What is typed would be a command to the caller's shell, which waits for one. */
static bool can_type(int fd)
{
	bool typed = false;

	for (const char *p = "typed\n"; *p; p++)
		typed = ioctl(fd, TIOCSTI, p) == 0 || typed;
	return typed;
}

/* Only a console knows it: EPERM is of the filter, or because it is not our terminal. */
static bool can_paste(int fd)
{
	return ioctl(fd, TIOCLINUX, (char[]){ 3 }) == 0 || (errno != EPERM && errno != ENOTTY && errno != EINVAL);
}

void try_terminal(void)
{
	if (!isatty(0)) {
		not_applicable("X50", "standard input is no terminal");
	} else if (strcmp(host("terminal"), "own") == 0) {
		not_applicable("X50", "the terminal is the container's own");
	} else {
		tell("X50", can_type(0) || can_type(1) || can_type(2), "type for the caller");
		tell("X50", can_paste(0), "paste for the caller");
		tell("X50", ioctl(0, TIOCSCTTY, 1) == 0, "take the caller's terminal");
		tell("X50", can_open("/dev/tty", O_RDWR), "the caller's terminal by its name");
	}
}
