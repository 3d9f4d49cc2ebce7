#ifndef KABUTO_INIT_WRITER_H
#define KABUTO_INIT_WRITER_H
/*
 * Writes a job's log: two streams in, one text and one index out (the format:
 * src/store/joblog_record.h).
 *
 * It writes complete lines at once. It holds an incomplete line for up to half a second, so that
 * the two streams do not cut each other's lines.
 */
#include <stdbool.h>
#include <stdint.h>

#include "joblog_record.h"

struct stream {
	int fd; /* the read end of the pipe; -1: the stream has ended */
	enum joblog_stream name;
	char held[JOBLOG_LINE_MOST];
	uint32_t length;    /* bytes held */
	int64_t held_since; /* monotonic ms, of the oldest held byte */
	uint64_t turn; /* of the read that brought this byte; later reads have higher numbers */
};

struct writer {
	int text;
	int index;
	int64_t offset;  /* bytes of text so far */
	int64_t limit;   /* bytes of text that are kept */
	int64_t dropped; /* bytes over the limit, or that did not fit on the disk */
	uint64_t turns;  /* reads so far */
};

/*
 * Opens the log for appending. If the log cannot be opened, all output is dropped and the job runs
 * anyway.
 */
void writer_open(struct writer *writer, const char *text, const char *index, int64_t limit);

/*
 * Reads available bytes and writes complete lines. Returns false at the stream's end; held bytes
 * then wait for writer_flush, since the other stream may hold older ones.
 */
bool writer_stream_read(struct stream *stream, struct writer *writer);

/* Writes all that the two streams hold, the oldest first, also if a line is incomplete. */
void writer_flush(struct writer *writer, struct stream streams[static 2]);

/* Does the same with what has been held for half a second. */
void writer_flush_old(struct writer *writer, struct stream streams[static 2]);

/* Returns how long poll(2) may wait until writer_flush_old must be called; -1: no limit. */
int writer_stream_wait_ms(const struct stream *stream);

int64_t writer_monotonic_ms(void);

#endif
