#ifndef KABUTO_JOBSTATE_H
#define KABUTO_JOBSTATE_H
/*
 * A job's states: ready -> in_queue -> running -> done | failed. A new submit puts it in queue
 * again. Every change of a job's state is in this file. A ready job may wait for a build
 * (jobwait.h).
 */
#include "job.h"

/* Texts of job->error. */
#define JOB_KILLED        "killed by its owner"
#define JOB_CANCELLED     "cancelled by its owner"
#define JOB_OUT_OF_MEMORY "out of memory" /* the limit follows */

/*
 * Requests the end of a running job. A job that waits for its next try fails at once; one that
 * waits for a build waits no longer. ERROR_CONFLICT: the job neither runs nor waits for these.
 */
bool jobstate_kill(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct error *err);

/*
 * Deletes a job. No one sees it any more; the spooler ends it if it runs, and removes its files.
 * ERROR_CONFLICT: it is in queue.
 */
bool jobstate_delete(struct database *db, const struct account *viewer, int64_t pipeline,
    int64_t id, struct error *err);

/* Deletes the job if it still is the one that ended at finished_at (ms since 1970). */
bool jobstate_delete_ended(struct database *db, int64_t id, int64_t finished_at, struct error *err);

/*
 * Queues a job that is neither in queue nor running. If the first build of its image is pending,
 * the job waits for it instead. Must be called within a transaction, and queue_refresh after it.
 */
bool jobstate_queue(struct database *db, int64_t id, struct error *err);

/* After a build's success: queues the jobs that wait for it. Must be called within a transaction.
 */
bool jobstate_queue_waiting(struct database *db, int64_t build, struct error *err);

/*
 * The next four change all jobs of a pipeline. They must be called within a transaction, and
 * queue_refresh after them.
 *
 * Queues the jobs that are neither in queue nor running, or lets them wait for a build, as
 * jobstate_queue does.
 */
bool jobstate_queue_all(struct database *db, int64_t pipeline, struct error *err);
/* Takes jobs out of the queue, and ends their waiting for a build; `error` is the reason that they
 * show. */
bool jobstate_unqueue_all(struct database *db, int64_t pipeline, const char *error,
    struct error *err);
/* Requests the end of the running jobs. */
bool jobstate_cancel_all(struct database *db, int64_t pipeline, struct error *err);
/* Deletes the jobs. None of them may be running. */
bool jobstate_delete_all(struct database *db, int64_t pipeline, struct error *err);

/* The rest is for the spooler. */

/*
 * Claims the next job for a slot, in one transaction: in_queue -> running, attempt + 1. running_max
 * is for accounts without their own limit. On true the caller must call job_clear; job->id == 0
 * means that no job may run now.
 */
bool jobstate_claim(struct database *db, int64_t slot, int64_t running_max, struct job *job,
    struct error *err);

/* If the next try of a job is due, lets jobstate_claim take the job. */
bool jobstate_retry_due(struct database *db, struct error *err);

/* Sets *cancelled to whether the end of the job was requested. */
bool jobstate_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err);

/*
 * Records that the attempt's container exists. Must be called before the container is started.
 * ERROR_CONFLICT: the job is no longer running.
 */
bool jobstate_mark(struct database *db, struct job *job, struct error *err);

/*
 * Undoes jobstate_mark, before the container is made again. The caller must know that the container
 * was never started.
 */
bool jobstate_unmark(struct database *db, struct job *job, struct error *err);

/* Gets the id and slot of a running job. */
typedef bool jobstate_running_visit(int64_t job, int64_t slot, void *context, struct error *err);
/* Calls visit for each running job, in any order. */
bool jobstate_each_running(struct database *db, jobstate_running_visit *visit, void *context,
    struct error *err);
/* Calls visit for each running job that was requested to end. */
bool jobstate_each_cancelled(struct database *db, jobstate_running_visit *visit, void *context,
    struct error *err);

/* Gets the id and number of an attempt that is over. */
typedef bool jobstate_over_visit(int64_t job, int64_t attempt, void *context, struct error *err);
/*
 * Calls visit for the last attempts that are over, in any order: of the 100 jobs that ended last,
 * of those that wait for a retry, and of those that run again.
 */
bool jobstate_each_over(struct database *db, jobstate_over_visit *visit, void *context,
    struct error *err);

/* Sets *runs to whether a job runs in this slot. */
bool jobstate_runs_in_slot(struct database *db, int64_t slot, bool *runs, struct error *err);

/*
 * Ends a running attempt. The job is done if the response is 0 and it has no error, else failed. A
 * failed job goes back in queue, with job->retry_at set, if it has retries left and no one
 * requested its end. job->results_token replaces the former token, which old_results gets (empty:
 * none); the caller must remove that file. If the job failed and on_failure of its pipeline is
 * "stop", the jobs after it leave the queue.
 */
bool jobstate_end(struct database *db, struct job *job, char old_results[static NAME_TEXT],
    struct error *err);

/* Reads the next deleted job that does not run; job->id == 0: none. The caller calls job_clear. */
bool jobstate_next_deleted(struct database *db, struct job *job, struct error *err);
/*
 * Drops a deleted job's row. Its files must be removed before. Drops an empty deleted pipeline too.
 */
bool jobstate_erase(struct database *db, const struct job *job, struct error *err);

#endif
