#ifndef KABUTO_JOBLOG_H
#define KABUTO_JOBLOG_H
/*
 * Reading a job's log by lines, and the spooler's part in writing it. The format stands in
 * joblog_record.h. Readers trust nothing of the files, since the job can reach its own.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "joblog_record.h"

#define JOBLOG_NAME      56     /* "<job>.<attempt>.log" and NUL */
#define JOBLOG_TAIL_MOST 100000 /* lines that joblog_tail goes back */

struct joblog {
	int text; /* descriptor; -1: there is no log, which reads as an empty one */
	int index;
	int64_t limit; /* bytes of text past it are not read */
	int64_t size;  /* of the text, bytes, as far as it is read */
	int64_t records;
	bool final; /* nobody writes any more: a last line without newline is one */
	/* Windows on both files, and where the last line stood between the records. */
	char *window;
	int64_t window_at;
	size_t window_length;
	unsigned char *record_window;
	int64_t record_window_at;
	size_t record_window_count;
	bool placed; /* the cursors stand at reached, and go only forward */
	int64_t reached;
	int64_t covering; /* the record that covers the position; -1: none does */
	int64_t changing; /* the first one behind it that may be of another stream */
};

struct joblog_line {
	int64_t id;
	const char *text; /* without its newline, not NUL-terminated; lasts until the next call */
	size_t length;
	enum joblog_stream stream;
	int64_t time_ns;
};

/* The name of an attempt's text ("log") or index ("idx") in logs/. */
const char *joblog_name(char name[static JOBLOG_NAME], int64_t job, int64_t attempt,
    const char *suffix);

/*
 * Opens an attempt's log for reading; bytes past limit are left out. One that is not there is
 * empty.
 */
bool joblog_open(struct joblog *log, int logs, int64_t job, int64_t attempt, bool final,
    int64_t limit, struct error *err);
void joblog_close(struct joblog *log);

/* How many bytes of an attempt's text are read, without opening it; 0 where there is none. */
int64_t joblog_size(int logs, int64_t job, int64_t attempt, int64_t limit);

/* Looks how long the files are now. */
bool joblog_refresh(struct joblog *log, struct error *err);

/*
 * The line that begins at *position (0 or a line's id), which moves on to its id. 1: there is one;
 * 0: none yet, or no more; -1: err is set. A position that is no line's beginning gives the rest of
 * the line it is in.
 */
int joblog_next(struct joblog *log, int64_t *position, struct joblog_line *line, struct error *err);

/* Finds the position from which the last lines are read. lines is at most JOBLOG_TAIL_MOST. */
bool joblog_tail(struct joblog *log, int64_t lines, int64_t *position, struct error *err);

/*
 * The spooler's. Makes the two files of an attempt, writable by any user of the container; what is
 * there stays.
 */
bool joblog_create(int logs, int64_t job, int64_t attempt, struct error *err);

/*
 * Puts a line of our own at the beginning of an attempt's log, before its container is there.
 * joblog_seal takes no line for one of these but JOBLOG_PULLED.
 */
#define JOBLOG_PULLED "image pulled"
bool joblog_note(int logs, int64_t job, int64_t attempt, const char *line, struct error *err);

/*
 * Whether an attempt's files are larger than kabuto-init ever makes them: the job has written into
 * them by itself.
 */
bool joblog_is_overgrown(int logs, int64_t job, int64_t attempt, int64_t limit);

/*
 * After the end: cuts text over limit, puts the lines (each a text without newline) at the end as
 * the stream "system", in place of such lines that a killed spooler left there, and closes the
 * files to all but us and the web server, whatever a job that is root has made of their owner.
 */
bool joblog_seal(int logs, int64_t job, int64_t attempt, int64_t limit, char *const *lines,
    size_t count, struct error *err);

#endif
