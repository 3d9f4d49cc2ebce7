#ifndef KABUTO_JOBSTATE_H
#define KABUTO_JOBSTATE_H
/*
 * A job's states: ready -> in_queue -> running -> done | failed, and back in queue by another
 * submit. Every change of a job's state is in this file.
 */
#include "job.h"

#define JOB_KILLED    "killed by its owner"
#define JOB_CANCELLED "cancelled by its owner"

/*
 * Asks for the end of a job that runs; a job that waits for its next try fails. ERROR_CONFLICT: it
 * does neither.
 */
bool jobstate_kill(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct error *err);

/*
 * Deletes a job: nobody sees it from now on, and the spooler ends it if it runs and removes its
 * files. ERROR_CONFLICT: it is in queue.
 */
bool jobstate_delete(struct database *db, const struct account *viewer, int64_t pipeline,
    int64_t id, struct error *err);

/*
 * The next four change all jobs of a pipeline. They must be called within a transaction, and
 * queue_refresh after them.
 *
 * Queues the jobs that are neither in queue nor running.
 */
bool jobstate_queue_all(struct database *db, int64_t pipeline, struct error *err);
/* Takes the jobs in queue out of it; error says why. */
bool jobstate_unqueue_all(struct database *db, int64_t pipeline, const char *error,
    struct error *err);
/* Asks for the end of the jobs that run. */
bool jobstate_cancel_all(struct database *db, int64_t pipeline, struct error *err);
/* Deletes the jobs, none of which may run. */
bool jobstate_delete_all(struct database *db, int64_t pipeline, struct error *err);

/* The rest is for the spooler. */

/*
 * Claims the next job that may run, for that slot: in_queue -> running, attempt + 1, in one
 * transaction. Accounts without a limit of their own run running_max jobs at most. On true *job is
 * the caller's to clear; job->id == 0 means that no job may run now.
 */
bool jobstate_claim(struct database *db, int64_t slot, int64_t running_max, struct job *job,
    struct error *err);

/* Lets the jobs be claimed whose time for another try has come. */
bool jobstate_retry_due(struct database *db, struct error *err);

/* Sets *cancelled to whether the end of the job was asked for. */
bool jobstate_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err);

/*
 * Records, before the start is asked for, that the attempt's container exists. ERROR_CONFLICT: the
 * job does not run any more.
 */
bool jobstate_mark(struct database *db, struct job *job, struct error *err);

/*
 * Takes that back, before the container is made anew. The caller knows that the attempt's job never
 * began.
 */
bool jobstate_unmark(struct database *db, struct job *job, struct error *err);

/* Called with the id and slot of a job that runs. */
typedef bool jobstate_running_visit(int64_t job, int64_t slot, void *context, struct error *err);
/* Calls visit with each job that runs, in no order. */
bool jobstate_each_running(struct database *db, jobstate_running_visit *visit, void *context,
    struct error *err);
/* Calls visit with each job that runs and whose end was asked for. */
bool jobstate_each_cancelled(struct database *db, jobstate_running_visit *visit, void *context,
    struct error *err);

/* Sets *runs to whether a job runs in that slot. */
bool jobstate_runs_in_slot(struct database *db, int64_t slot, bool *runs, struct error *err);

/*
 * Ends a running attempt: done if the response is 0 and there is no error, else failed; or in queue
 * again, with job->retry_at set, if it has retries left and nobody asked for its end. The job's
 * results_token replaces the former one, which old_results gets (empty: none) so that the caller
 * can remove its file. If the job failed and its pipeline says "stop", the jobs in queue behind it
 * leave the queue.
 */
bool jobstate_end(struct database *db, struct job *job, char old_results[static NAME_TEXT],
    struct error *err);

/* Reads the next deleted job that does not run; job->id == 0: there is none. The caller clears it.
 */
bool jobstate_next_deleted(struct database *db, struct job *job, struct error *err);
/* Drops a deleted job's row, once its files are gone, and its pipeline's with the last one. */
bool jobstate_erase(struct database *db, const struct job *job, struct error *err);

#endif
