#ifndef KABUTO_JOBLOG_RECORD_H
#define KABUTO_JOBLOG_RECORD_H
/*
 * The format of a job's log. kabuto-init writes it while the job runs; the spooler writes before
 * and after. Each attempt has two append-only files:
 *
 *   <job>.<attempt>.log   the text, byte for byte as the job printed it
 *   <job>.<attempt>.idx   records of 16 bytes, one for each chunk of text:
 *                         bytes 0-6   offset of the chunk in the text, little-endian
 *                         byte  7     stream: 1 stdout, 2 stderr, 3 Kabuto's own lines;
 *                                     plus 128 if the chunk ends within a line on purpose
 *                         bytes 8-15  arrival in ns since 1970, little-endian
 *
 * A record is written before its text, so that a reader that sees the text finds the record. After
 * a crash between the two, the record has no text; it has no effect, since the next record has the
 * same offset. Text without a record belongs to the record before it; only a job that writes to its
 * own log can make such text.
 *
 * A line ends at "\n" or "\r\n", after a "\r" (a progress bar is written so), after 64 KiB, or at a
 * change of the stream. Its id is the offset of the byte after it, so that a reader continues from
 * an id with one seek. Its stream and time are those of the record that covers its first byte.
 *
 * While the job runs, the text may end within a line. A reader shows this line so far if
 * kabuto-init has marked the last chunk so: it has held the chunk back for a while, in vain. Of
 * other chunks only a part may be in the file yet. A "\r" at the end is left for later, since a
 * "\n" may follow.
 */
#include <stdbool.h>
#include <stdint.h>

#define JOBLOG_RECORD    16
#define JOBLOG_LINE_MOST 65536

enum joblog_stream { JOBLOG_STDOUT = 1, JOBLOG_STDERR = 2, JOBLOG_SYSTEM = 3 };

struct joblog_record {
	int64_t offset;
	int64_t time_ns;
	enum joblog_stream stream;
	bool unfinished; /* the chunk ends within a line, which was held back for a while */
};

#define JOBLOG_UNFINISHED 0x80 /* in byte 7 */

static inline void
joblog_record_put(unsigned char *to, int64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (unsigned char)((uint64_t)value >> (8 * i));
}

static inline int64_t
joblog_record_get(const unsigned char *from, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << (8 * i);
	return (int64_t)value;
}

static inline void
joblog_record_encode(unsigned char to[static JOBLOG_RECORD], const struct joblog_record *record)
{
	joblog_record_put(to, record->offset, 7);
	to[7] = (unsigned char)(record->stream | (record->unfinished ? JOBLOG_UNFINISHED : 0));
	joblog_record_put(to + 8, record->time_ns, 8);
}

/* An unknown stream counts as stdout: the job can write anything to its own index. */
static inline struct joblog_record
joblog_record_decode(const unsigned char from[static JOBLOG_RECORD])
{
	unsigned char stream = from[7] & (JOBLOG_UNFINISHED - 1);

	return (struct joblog_record){
		.offset = joblog_record_get(from, 7),
		.time_ns = joblog_record_get(from + 8, 8),
		.stream = stream == JOBLOG_STDERR || stream == JOBLOG_SYSTEM
		    ? (enum joblog_stream)stream
		    : JOBLOG_STDOUT,
		.unfinished = (from[7] & JOBLOG_UNFINISHED) != 0,
	};
}

#endif
