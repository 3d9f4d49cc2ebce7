#ifndef KABUTO_JOBWAIT_H
#define KABUTO_JOBWAIT_H
/*
 * Jobs that wait for a build of their image. Such a job is ready and names the build (job.build).
 * The transaction that ends the build queues it (jobstate_queue_waiting), or deletes it if the
 * build has failed (jobwait_drop). All functions must be called within a transaction.
 */
#include "database.h"
#include "error.h"

/* Makes a ready job wait for a build that is pending. */
bool jobwait_begin(struct database *db, int64_t job, int64_t build, struct error *err);

/*
 * Make a job, or those of a pipeline, wait if a submit cannot queue them yet, because the first
 * build of their image is pending.
 */
bool jobwait_begin_unbuilt(struct database *db, int64_t job, struct error *err);
bool jobwait_begin_all_unbuilt(struct database *db, int64_t pipeline, struct error *err);

/* Finds the first job that waits for a build, and its pipeline. *job is 0 if none does. */
bool jobwait_first(struct database *db, int64_t build, int64_t *job, int64_t *pipeline,
    struct error *err);

/*
 * After a build that did not succeed: deletes the jobs that wait for it, and their pipelines if
 * POST /run made them and they have no other job.
 */
bool jobwait_drop(struct database *db, int64_t build, struct error *err);

/*
 * End the waiting of a job, or of all jobs of a pipeline. The jobs stay ready. `error` is the
 * reason that they show; NULL: none.
 */
bool jobwait_end(struct database *db, int64_t job, const char *error, struct error *err);
bool jobwait_end_all(struct database *db, int64_t pipeline, const char *error, struct error *err);

#endif
