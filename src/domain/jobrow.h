#ifndef KABUTO_JOBROW_H
#define KABUTO_JOBROW_H
/*
 * The row of a job.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "joboptions.h"
#include "secret.h"

struct job {
	int64_t id; /* 0: no job */
	int64_t pipeline;
	int64_t account;
	int64_t image;
	int64_t position; /* in its pipeline */
	char state[9];
	int64_t attempt;
	/* What the owner asked for. A text is NULL if it was not given. */
	JOBOPTIONS(JOBOPTION_MEMBER)
	char attachment_token[NAME_TEXT]; /* empty: no attachments */
	/* The result; a time is 0 if it has not come yet. */
	char results_token[NAME_TEXT]; /* empty: no results */
	int64_t created_at, queued_at, started_at, start_marked_at, finished_at;
	bool has_response;
	int64_t response;
	char *error;
	bool has_usage;
	bool has_io; /* used_io is known */
	double used_cpu;
	int64_t used_memory, used_io;
	int64_t retries_left;
	int64_t first_attempt; /* of the attempts since the submit; 0: none yet */
	int64_t retry_at;      /* in queue after a failure: when the next try may begin */
	bool cancel_requested;
	bool deleted;
	int64_t slot;                                /* the spooler's slot, while it runs */
	int64_t results_size, log_size;              /* bytes */
	int64_t results_removed_at, logs_removed_at; /* when retention did it */
	int64_t changed;                             /* number of its last change (changefeed.h) */
	int64_t rerun_of;                            /* the job that it is a copy of; 0: of none */
	int64_t build;                               /* that it waits for; 0: none */
	char *reruns;                     /* JSON array of the ids of its copies; only read */
	char *image_name, *pipeline_name; /* only read */
	char login[LOGIN_MOST + 1];       /* the account's; only read */
};

#endif
