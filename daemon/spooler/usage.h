#ifndef KABUTO_USAGE_H
#define KABUTO_USAGE_H
/*
 * What kabuto-init reports of a job at its end: lines "key value" in the file usage. The job can
 * write it too, so that it is read with the same distrust as its log: what is not understood is as
 * if it were not there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_MOST 4096 /* bytes of the file that are read */

struct usage {
	bool complete;       /* kabuto-init came to its end */
	int64_t cpu_ns;      /* CPU time */
	int64_t memory;      /* bytes at the peak */
	int64_t io;          /* bytes read and written on block devices */
	int64_t log_dropped; /* bytes of output over the log's limit */
	int64_t exec_errno;  /* why the program could not be started; 0: it was */
	int64_t signal;      /* that ended the job; 0: none */
	int64_t written;     /* bytes that the job wrote into files */
	int64_t code;        /* the exit code, as the container's */
	int64_t oom_kills;   /* processes that the kernel killed for want of memory */
};

/*
 * Reads text (length bytes, not terminated); numbers below 0 or of more than 18 digits count for
 * nothing.
 */
void usage_parse(struct usage *usage, const char *text, size_t length);

/* Reads the file name in the folder dir; one that cannot be read gives zeros. */
void usage_read(struct usage *usage, int dir, const char *name);

/* Whether kabuto-init lives, which locks that file. */
bool usage_is_held(int dir, const char *name);

/* Whether kabuto-init has never written to that file: the job did not begin. */
bool usage_is_untouched(int dir, const char *name);

#endif
