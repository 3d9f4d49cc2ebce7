#ifndef KABUTO_QUEUE_H
#define KABUTO_QUEUE_H
/*
 * Who is next. The queue table has a row for each pipeline of which a job may start now, so that
 * choosing never looks at the jobs that wait behind others.
 */
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "database.h"
#include "error.h"
#include "job.h"

/*
 * To be called in the transaction that changed a job's state or a pipeline: mends the pipeline's
 * row.
 */
bool queue_refresh(struct database *db, int64_t pipeline, struct error *err);

/*
 * The pipeline whose next job starts: of the account with the fewest running jobs the one that
 * waited longest. Of accounts with equally many, the one that has waited longest since its first
 * job in queue or since it was served last: so that with a single slot, too, one account's hundred
 * jobs do not go before another's first. Accounts without a limit of their own have running_max
 * jobs at a time at most. True with *pipeline == 0: nothing may start.
 */
bool queue_pick(struct database *db, int64_t running_max, int64_t *pipeline, struct error *err);

/* Where a job in queue stands, and why it waits. */
struct queue_place {
	int64_t position;  /* in its pipeline: 1 is next */
	char reason[1100]; /* in words */
	int64_t
	    eta_s; /* seconds until it may start, by the last runs of its image; -1: nobody knows */
};
/*
 * Who asks for the places of many jobs keeps marks, zeroed at first: from the last one of a
 * pipeline only those between it and the next are counted.
 */
#define QUEUE_MARKS 64
struct queue_mark {
	int64_t pipeline; /* 0: none yet */
	int64_t order;    /* the job's position in it, as its row has it */
	int64_t place;
};
bool queue_place(struct database *db, const struct job *job, struct queue_mark marks[QUEUE_MARKS],
    const struct config *config, struct queue_place *place, struct error *err);

#endif
