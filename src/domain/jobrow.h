#ifndef KABUTO_JOBROW_H
#define KABUTO_JOBROW_H
/*
 * What the row of a job holds.
 */
#include <stdbool.h>
#include <stdint.h>

#include "secret.h"

struct job {
	int64_t id; /* 0: none */
	int64_t pipeline;
	int64_t account;
	int64_t image;
	int64_t position; /* in its pipeline */
	char state[9];
	int64_t attempt;
	/* What the owner asked for; NULL: not given. */
	char *name;
	char *command; /* a shell line, or a JSON array of strings */
	char *env;     /* JSON array of "KEY=VALUE" */
	char *workdir;
	char *user;
	char *network;
	int64_t timeout; /* seconds */
	int64_t grace;   /* seconds */
	int64_t memory;  /* bytes */
	double cpus;
	int64_t pids;
	int64_t disk; /* bytes */
	int64_t retries;
	char attachment_token[NAME_TEXT]; /* empty: it has none */
	/* What became of it; times are 0 where they have not come. */
	char results_token[NAME_TEXT]; /* empty: none */
	int64_t created_at, queued_at, started_at, start_marked_at, finished_at;
	bool has_response;
	int64_t response;
	char *error;
	bool has_usage;
	double used_cpu;
	int64_t used_memory, used_io;
	int64_t retries_left;
	int64_t first_attempt; /* since the submit; 0: none has begun since there are retries */
	int64_t retry_at;      /* in queue after a failure: not before then */
	bool cancel_requested;
	bool deleted;
	int64_t slot;                                /* of the spooler's, while it runs */
	int64_t results_size, log_size;              /* bytes */
	int64_t results_removed_at, logs_removed_at; /* by retention */
};

#endif
