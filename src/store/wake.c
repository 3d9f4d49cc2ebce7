/*
 * The wake socket. Its address goes through /proc/self/fd, since an address has room for only 107
 * bytes.
 */
#include "wake.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "take.h"

static struct sockaddr_un
wake_address(int state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/wake", state);
	return address;
}

int
wake_listen(int state, struct error *err)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un to = wake_address(state);

	(void)unlinkat(state, "wake",
	    0); /* we hold the spooler's lock, so it is a dead spooler's */
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
	    fchmodat(state, "wake", 0660, 0) < 0) {
		error_errno(err, "make the wake socket");
		return -1;
	}
	return take_fd(&fd);
}

void
wake_drain(int socket)
{
	char byte;

	while (recv(socket, &byte, sizeof byte, MSG_DONTWAIT) >= 0 || errno == EINTR)
		continue;
}

void
wake_send(int state)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un to = wake_address(state);

	if (fd >= 0)
		(void)sendto(fd, "", 0, 0, (struct sockaddr *)&to, sizeof to);
}
