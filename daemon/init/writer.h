#ifndef KABUTO_INIT_WRITER_H
#define KABUTO_INIT_WRITER_H
/*
 * The log's writer: two streams in, one text and one index out (src/joblog_record.h has the
 * format).
 *
 * What was read is written line by line as far as lines are whole. An unfinished line is held for
 * up to a second, so that two streams do not cut each other's lines.
 */
#include <stdbool.h>
#include <stdint.h>

#include "joblog_record.h"

struct stream {
	int fd; /* the pipe's end that is read; -1: it came to its end */
	enum joblog_stream name;
	char held[JOBLOG_LINE_MOST];
	uint32_t length;    /* bytes held */
	int64_t held_since; /* monotonic ms; of the oldest byte */
};

struct writer {
	int text;
	int index;
	int64_t offset;  /* bytes of text so far */
	int64_t limit;   /* bytes of text that are kept */
	int64_t dropped; /* bytes over it, or that the disk had no room for */
};

/*
 * Opens the log at its end. A log that cannot be opened drops everything, and the job runs all the
 * same.
 */
void writer_open(struct writer *writer, const char *text, const char *index, int64_t limit);

/*
 * Reads what has come, and writes whole lines. False at the stream's end, when all has been
 * written.
 */
bool writer_stream_read(struct stream *stream, struct writer *writer);

/* Writes what is held, a whole line or not. */
void writer_stream_flush(struct stream *stream, struct writer *writer);

/* The same, if it is held since a second. */
void writer_stream_flush_old(struct stream *stream, struct writer *writer);

/* How long poll(2) may wait before writer_stream_flush_old has to do; -1: for ever. */
int writer_stream_wait_ms(const struct stream *stream);

int64_t writer_monotonic_ms(void);

#endif
