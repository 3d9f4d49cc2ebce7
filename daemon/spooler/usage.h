#ifndef KABUTO_USAGE_H
#define KABUTO_USAGE_H
/*
 * Reads kabuto-init's report at a job's end: lines "key value" in the file usage. The job can write
 * to the file too, so it is not trusted, like the job's log. A line that is not valid is ignored.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_MOST 4096 /* bytes of the file that are read */
#define USAGE_TEXT 256  /* bytes of a text in it, with NUL */

struct usage {
	bool complete;       /* kabuto-init finished its report */
	int64_t cpu_ns;      /* CPU time */
	int64_t memory;      /* peak, in bytes */
	int64_t io;          /* bytes read and written on block devices */
	int64_t io_unknown;  /* 1: the kernel does not count them */
	int64_t log_dropped; /* bytes of output over the log's limit */
	int64_t exec_errno;  /* why the program could not be started; 0: it was started */
	int64_t signal;      /* the signal that ended the job; 0: none */
	int64_t written;     /* bytes that the job wrote to files */
	int64_t code;        /* the exit code of the container */
	int64_t oom_kills;   /* processes that the kernel killed because memory was short */
	int64_t stopped;     /* 1: the engine stopped the container, asked by Kabuto or not */
	/* Why a program could not be started (daemon/init/diagnosis.h); empty: nothing was found.
	 */
	char exec_reason[USAGE_TEXT];
	char exec_file[USAGE_TEXT];
	char exec_detail[USAGE_TEXT];
};

/*
 * Parses text (length bytes, not terminated). Ignores negative numbers, numbers with more than 18
 * digits, and texts that are empty, too long, not UTF-8 or contain control characters.
 */
void usage_parse(struct usage *usage, const char *text, size_t length);

/* Reads the file name in the folder dir. All values are zero if it cannot be read. */
void usage_read(struct usage *usage, int dir, const char *name);

/* Whether kabuto-init is running: it locks that file. */
bool usage_is_held(int dir, const char *name);

/* Whether kabuto-init has never written to that file, so the job did not begin. */
bool usage_is_untouched(int dir, const char *name);

#endif
