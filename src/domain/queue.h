#ifndef KABUTO_QUEUE_H
#define KABUTO_QUEUE_H
/*
 * Chooses the next job. The queue table has a row for each pipeline that has a job that may start
 * now, so that choosing never reads the jobs that wait for others.
 */
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "database.h"
#include "error.h"
#include "job.h"

/*
 * Updates the pipeline's row in the queue table. Must be called in each transaction that changed
 * the pipeline or the state of one of its jobs.
 */
bool queue_refresh(struct database *db, int64_t pipeline, struct error *err);

/*
 * Chooses the pipeline of the next job to start: *pipeline gets its id; 0: no job may start. Takes
 * the account with the fewest running jobs, and of its pipelines the one that has waited longest.
 * Of accounts with equally many running jobs, takes the one that has waited longest, since its
 * first job in queue or since a job of it last started. So a hundred jobs of one account do not
 * start before another account's first, even with a single slot. running_max is the limit of
 * running jobs for accounts without their own.
 */
bool queue_pick(struct database *db, int64_t running_max, int64_t *pipeline, struct error *err);

/* The place of a job in queue, and why it waits. */
struct queue_place {
	int64_t position;  /* in its pipeline: 1 is next */
	char reason[1100]; /* in words */
	int64_t
	    eta_s; /* estimated seconds until it may start, by its image's last runs; -1: unknown */
};
/*
 * A caller that needs the places of many jobs passes the same marks each time, zeroed at first.
 * queue_place then counts only the jobs between it and the last one of the same pipeline.
 */
#define QUEUE_MARKS 64
struct queue_mark {
	int64_t pipeline; /* 0: not used yet */
	int64_t order;    /* the position in the row of the last job */
	int64_t place;
};
bool queue_place(struct database *db, const struct job *job, struct queue_mark marks[QUEUE_MARKS],
    const struct config *config, struct queue_place *place, struct error *err);

#endif
