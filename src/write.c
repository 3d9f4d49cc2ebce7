/*
 * write(2) to its end.
 */
#include "write.h"

#include <errno.h>
#include <unistd.h>

bool
write_whole(int fd, const void *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		data = (const char *)data + written;
		length -= (size_t)written;
	}
	return true;
}
