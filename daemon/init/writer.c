/*
 * Writes a job's log. The index record is written before its text. So a reader that sees the text
 * finds its record.
 */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOLD_MS 500

static int64_t
writer_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
writer_monotonic_ms(void)
{
	return writer_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

void
writer_open(struct writer *writer, const char *text, const char *index, int64_t limit)
{
	*writer = (struct writer){ .limit = limit };
	writer->text = open(text, O_WRONLY | O_APPEND | O_CLOEXEC);
	writer->index = open(index, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (writer->text >= 0)
		writer->offset = lseek(writer->text, 0, SEEK_END);
}

/* Returns how many bytes were written; fewer than length if the disk is full. */
static int64_t
writer_write_some(int fd, const char *data, int64_t length)
{
	int64_t done = 0;

	while (done < length) {
		ssize_t written = write(fd, data + done, (size_t)(length - done));

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		done += written;
	}
	return done;
}

static void
writer_put(struct writer *writer, const struct stream *stream, int64_t length, bool unfinished)
{
	const struct joblog_record record = { writer->offset, writer_clock_ns(CLOCK_REALTIME),
		stream->name, unfinished };
	const char *data = stream->held;
	unsigned char bytes[JOBLOG_RECORD];
	int64_t room = writer->limit - writer->offset, kept = length < room ? length : room,
		written = 0;

	if (kept < length) {
		const char *newline = kept > 0 ? memrchr(data, '\n', (size_t)kept) : NULL;

		if (newline != NULL)
			kept = newline + 1 - data;
		writer->limit = writer->offset + kept; /* keep only the beginning, without gaps */
	}
	if (kept > 0 && writer->text >= 0 && writer->index >= 0) {
		joblog_record_encode(bytes, &record);
		if (writer_write_some(writer->index, (const char *)bytes, sizeof bytes) ==
		    sizeof bytes)
			written = writer_write_some(writer->text, data, kept);
	}
	writer->offset += written;
	writer->dropped += length - written;
}

/* Writes the first length held bytes and moves the rest to the front. */
static void
writer_stream_write(struct stream *stream, struct writer *writer, uint32_t length, bool unfinished)
{
	if (length == 0)
		return;
	writer_put(writer, stream, length, unfinished);
	stream->length -= length;
	memmove(stream->held, stream->held + length, stream->length);
	stream->held_since = writer_monotonic_ms();
	stream->turn = writer->turns;
}

static void
writer_stream_flush(struct stream *stream, struct writer *writer)
{
	writer_stream_write(stream, writer, stream->length, true);
}

/*
 * Returns the length of the complete lines among the held bytes. A "\r" ends a line, too; one that
 * is held last does not yet, since a "\n" may follow.
 */
static uint32_t
writer_stream_complete(const struct stream *stream)
{
	for (uint32_t i = stream->length; i > 0; i--)
		if (stream->held[i - 1] == '\n' ||
		    (stream->held[i - 1] == '\r' && i < stream->length))
			return i;
	return 0;
}

bool
writer_stream_read(struct stream *stream, struct writer *writer)
{
	uint32_t old = stream->length;
	ssize_t got = read(stream->fd, stream->held + old, sizeof stream->held - old);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	if (got == 0)
		return false;
	writer->turns++;
	if (old == 0) {
		stream->held_since = writer_monotonic_ms();
		stream->turn = writer->turns;
	}
	stream->length += (uint32_t)got;
	writer_stream_write(stream, writer, writer_stream_complete(stream), false);
	if (stream->length == sizeof stream->held)
		writer_stream_write(stream, writer, stream->length, false);
	return true;
}

void
writer_flush(struct writer *writer, struct stream streams[static 2])
{
	int first = streams[1].length > 0 && streams[1].turn < streams[0].turn;

	writer_stream_flush(&streams[first], writer);
	writer_stream_flush(&streams[!first], writer);
}

static void
writer_stream_flush_old(struct stream *stream, struct writer *writer)
{
	if (stream->length > 0 && writer_monotonic_ms() - stream->held_since >= HOLD_MS)
		writer_stream_flush(stream, writer);
}

void
writer_flush_old(struct writer *writer, struct stream streams[static 2])
{
	int first = streams[1].length > 0 && streams[1].turn < streams[0].turn;

	writer_stream_flush_old(&streams[first], writer);
	writer_stream_flush_old(&streams[!first], writer);
}

int
writer_stream_wait_ms(const struct stream *stream)
{
	int64_t left = stream->held_since + HOLD_MS - writer_monotonic_ms();

	if (stream->length == 0)
		return -1;
	return left < 0 ? 0 : (int)left;
}
