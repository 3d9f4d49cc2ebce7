/*
 * The raw text of a run's attempts.
 */
#include "runtext.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/param.h>
#include <unistd.h>

#include "cleanup.h"

#define PART_BYTES 60000 /* about one FastCGI record */

/* Adds bytes of the attempt from text->offset to end. */
static bool
runtext_add(struct runtext *text, int64_t job, int logs, int64_t end, struct textbuffer *to,
    struct error *err)
{
	char name[JOBLOG_NAME], part[PART_BYTES];
	cleanup_close int fd = openat(logs, joblog_name(name, job, text->attempt, "log"),
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t length = fd < 0
	    ? -1
	    : pread(fd, part, (size_t)MIN(end - text->offset, PART_BYTES), (off_t)text->offset);

	if (length < 0)
		return errno == ENOENT || error_errno(err, "read a log");
	text->offset += length;
	return textbuffer_add(to, part, (size_t)length, err);
}

bool
runtext_read(struct runtext *text, const struct logspan *span, int logs, int64_t limit,
    struct textbuffer *to, struct error *err)
{
	if (text->attempt < span->first || text->attempt > span->last)
		*text = (struct runtext){ .attempt = span->first };
	for (;;) {
		/* Nobody writes to an attempt's log when the next one has begun. */
		int64_t size = joblog_size(logs, span->job, text->attempt, limit);

		if (text->offset < size)
			return runtext_add(text, span->job, logs, size, to, err);
		if (text->attempt >= span->last)
			return true;
		*text = (struct runtext){ .attempt = text->attempt + 1 };
	}
}
