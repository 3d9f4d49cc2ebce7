#ifndef KABUTO_JOBLOG_H
#define KABUTO_JOBLOG_H
/*
 * Reads a job's log line by line, and writes the spooler's own lines. joblog_record.h describes the
 * format. Readers trust nothing in the files, since a job can write to its own log.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "joblog_record.h"

#define JOBLOG_NAME      56     /* "<job>.<attempt>.usage" and NUL */
#define JOBLOG_TAIL_MOST 100000 /* the most lines for joblog_tail */

struct joblog {
	int text; /* descriptor; -1: the log does not exist, and reads as empty */
	int index;
	int64_t limit; /* bytes of text that are read at most */
	int64_t size;  /* bytes of text that can be read now */
	int64_t records;
	bool final; /* no one writes any more: a last line needs no newline */
	/* The parts of both files that are in memory, and two cursors in the index. */
	char *window;
	int64_t window_at;
	size_t window_length;
	unsigned char *record_window;
	int64_t record_window_at;
	size_t record_window_count;
	bool placed; /* the cursors are valid for reached, and only move forward */
	int64_t reached;
	int64_t covering; /* the record that covers the position; -1: none */
	int64_t changing; /* the first record after it that may have another stream */
};

struct joblog_line {
	int64_t id;
	/* Without "\n" or "\r\n", not NUL-terminated. It lasts until the next call. */
	const char *text;
	size_t length;
	enum joblog_stream stream;
	int64_t time_ns;
	bool partial; /* no line end: the next line of this stream, if any, continues it */
};

/*
 * The suffixes of an attempt's files in logs/: its text ("log"), its index ("idx"), and the samples
 * of its usage (samples_record.h).
 */
#define JOBLOG_USAGE "usage"
#define JOBLOG_FILES 3
extern const char *const joblog_suffixes[JOBLOG_FILES];

/* Writes the name of an attempt's file in logs/. Returns name. */
const char *joblog_name(char name[static JOBLOG_NAME], int64_t job, int64_t attempt,
    const char *suffix);

/*
 * Opens an attempt's log for reading. Bytes after `limit` are not read, except Kabuto's own lines.
 * A log that does not exist is empty. On true the caller must call joblog_close.
 */
bool joblog_open(struct joblog *log, int logs, int64_t job, int64_t attempt, bool final,
    int64_t limit, struct error *err);
void joblog_close(struct joblog *log);

/* Returns how many bytes of an attempt's text can be read; 0 if it does not exist. */
int64_t joblog_size(int logs, int64_t job, int64_t attempt, int64_t limit);

/* Updates size and records to the current lengths of the files. */
bool joblog_refresh(struct joblog *log, struct error *err);

/*
 * Reads the line that begins at *position (0 or a line's id), and sets *position to its id. Returns
 * 1; 0 if there is no further line, or not yet; -1 with err set. A position within a line gives the
 * rest of that line. A line that ends in "\r" alone keeps it.
 */
int joblog_next(struct joblog *log, int64_t *position, struct joblog_line *line, struct error *err);

/* Sets *position to where the last `lines` lines begin. lines is at most JOBLOG_TAIL_MOST. */
bool joblog_tail(struct joblog *log, int64_t lines, int64_t *position, struct error *err);

/*
 * The rest is for the spooler. Makes the files of an attempt, which any user in the container may
 * write. Existing files keep their content.
 */
bool joblog_create(int logs, int64_t job, int64_t attempt, struct error *err);

/*
 * Adds a remark, a line of Kabuto's own, at the beginning of an attempt's log. The container must
 * not exist yet. joblog_seal recognises, and so keeps, only the remark JOBLOG_PULLED.
 */
#define JOBLOG_PULLED "image pulled"
bool joblog_remark(int logs, int64_t job, int64_t attempt, const char *line, struct error *err);

/*
 * Whether an attempt's files are larger than kabuto-init makes them. If so, the job has written to
 * them directly.
 */
bool joblog_is_overgrown(int logs, int64_t job, int64_t attempt, int64_t limit);

/*
 * Finishes the log after the job's end. Cuts the text at limit bytes. Adds the lines (texts without
 * newlines) at the end, with the stream "system"; they replace such lines that a killed spooler
 * left there. Then only our users and the web server may read the files, even if a job that ran as
 * root changed their owner.
 */
bool joblog_seal(int logs, int64_t job, int64_t attempt, int64_t limit, char *const *lines,
    size_t count, struct error *err);

#endif
