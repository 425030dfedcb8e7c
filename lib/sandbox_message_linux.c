#include "sandbox_inside.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for what may come along with a message. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(SANDBOX_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

int sandbox_send(int to, enum sandbox_event event, const int *fds, size_t count, struct err *e)
{
	struct sandbox_message m = { .event = event };
	union control control = { 0 };
	struct iovec body = { &m, sizeof m };
	struct msghdr msg = { .msg_iov = &body, .msg_iovlen = 1 };
	struct cmsghdr *c = &control.header;

	if (count > SANDBOX_FDS_MAX)
		return err_set(e, ERR_IO, "too many descriptors for a message");
	if (count > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof *fds);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof *fds);
		memcpy(CMSG_DATA(c), fds, count * sizeof *fds);
	}
	if (sendmsg(to, &msg, MSG_NOSIGNAL) == -1)
		return err_errno(e, errno, "report to the supervisor");
	return 0;
}

bool sandbox_receive(int from, struct sandbox_received *r)
{
	union control control;
	struct iovec body = { &r->message, sizeof r->message };
	struct msghdr msg = { .msg_iov = &body, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct ucred sender;

	r->count = 0;
	r->sender = -1;
	if (recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof r->message)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			r->count = (c->cmsg_len - CMSG_LEN(0)) / sizeof *r->fds;
			memcpy(r->fds, CMSG_DATA(c), r->count * sizeof *r->fds);
		}
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&sender, CMSG_DATA(c), sizeof sender);
			r->sender = sender.pid;
		}
	}
	return true;
}
