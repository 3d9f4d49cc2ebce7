/*
 * Writing and copying whole files.
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

bool
write_copy(int from, int to)
{
	char block[65536];
	ssize_t length;

	while ((length = read(from, block, sizeof block)) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 || !write_whole(to, block, (size_t)length))
			return false;
	}
	return true;
}
