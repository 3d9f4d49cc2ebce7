/*
 * Writes to a descriptor that may block, without missing a signal.
 */
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_MS 200 /* how late a signal may be noticed that came just before poll(2) */

/* Returns how many bytes a write that does not block may have. 0: none yet. -1: errno. */
static ssize_t
output_write_some(const struct output *output, const char *bytes, size_t length)
{
	struct pollfd fd = { .fd = output->fd, .events = POLLOUT };
	int ready = poll(&fd, 1, CHECK_MS);
	ssize_t written;

	if (ready <= 0)
		return ready < 0 && errno != EINTR ? -1 : 0;
	/* A pipe that is ready takes PIPE_BUF bytes at once (pipe(7)). */
	written = write(output->fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
	return written < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : written;
}

static bool
output_write(struct output *output, const char *bytes, size_t length, struct error *err)
{
	while (length > 0) {
		ssize_t written = output_write_some(output, bytes, length);

		if (output->stop != NULL && *output->stop)
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		if (written < 0 && errno == EPIPE) {
			output->closed = true;
			return error_set(err, ERROR_INTERRUPTED,
			    "nobody reads the output any more");
		}
		if (written < 0)
			return error_errno(err, "write to %s",
			    output->fd == STDERR_FILENO ? "stderr" : "stdout");
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

bool
output_flush(struct output *output, struct error *err)
{
	size_t length = output->length;

	output->length = 0;
	return output_write(output, output->bytes, length, err);
}

bool
output_add(struct output *output, const char *bytes, size_t length, struct error *err)
{
	if (length > OUTPUT_ROOM - output->length && !output_flush(output, err))
		return false;
	if (length > OUTPUT_ROOM)
		return output_write(output, bytes, length, err);
	memcpy(output->bytes + output->length, bytes, length);
	output->length += length;
	return true;
}
