#ifndef KABUTO_LOGPRINTER_H
#define KABUTO_LOGPRINTER_H
/*
 * Prints a job's log: what it wrote to stdout on stdout, everything else on stderr.
 *
 * On stdout are the bytes that the job printed, as they were. Events and lists of lines have U+FFFD
 * in place of bytes that are not UTF-8, and no line ends; so a line that was changed is read again
 * from the raw log, where its id says its place. The raw log is that of the last attempt alone:
 * with retries, lines keep their U+FFFD.
 */
#include <jansson.h>
#include <stdbool.h>

#include "error.h"
#include "follower.h"
#include "http.h"
#include "output.h"

struct logprinter {
	struct http *http;
	int64_t job;
	bool times; /* each line begins with its time */
	bool json;  /* prints each line's object on stdout, with a newline */
	bool quiet; /* leaves out lines of the stream "system" */
	bool exact; /* the ids are places in the raw log: the job has no retries */
	/* The rest is the printer's own. */
	bool known;          /* logprinter_set_job was called */
	bool within;         /* the last line had no end */
	struct output *last; /* where it went */
	struct output out, error;
	struct http reader; /* for raw */
	char *raw;          /* a part of the raw log */
	int64_t raw_at;
	size_t raw_length;
};

/* Returns a printer; NULL: not enough memory. logprinter_free must follow. */
struct logprinter *logprinter_new(struct http *http, int64_t job);
void logprinter_free(struct logprinter *printer);

/*
 * Tells the printer the job as the server shows it. Until then, the printer asks the server if it
 * needs it: an ended job's `state` comes after its lines.
 */
void logprinter_set_job(struct logprinter *printer, const json_t *job);

/* Sets the flag that ends a write that waits; at first it is interrupt_first's. */
void logprinter_set_stop(struct logprinter *printer, const volatile sig_atomic_t *stop);

/*
 * Prints a line, which may stay in memory until logprinter_flush. Both are callbacks for a
 * follower, whose context is the printer. Errors: output.h.
 */
bool logprinter_line(void *printer, const struct follower_line *line, struct error *err);
bool logprinter_flush(void *printer, struct error *err);

/*
 * Ends a line without an end on a terminal, so that what kabuto says next begins at the margin.
 * Prints nothing in a pipe or file.
 */
void logprinter_finish(struct logprinter *printer);

/* Whether the reader of stdout is gone (kabuto logs | head). */
bool logprinter_closed(const struct logprinter *printer);

#endif
