#ifndef KABUTO_SUBMISSION_H
#define KABUTO_SUBMISSION_H
/*
 * Submits, cancels, changes and deletes a pipeline with its jobs. Each call is one transaction.
 */
#include "config.h"
#include "pipeline.h"

/*
 * Queues the pipeline's jobs. Jobs that are in queue or running stay as they are. visit (may be
 * NULL) gets every job in its new state; others see the new states only after this returns true.
 * ERROR_TOO_MANY: the owner would have more than queued_max jobs in queue. ERROR_TOO_LARGE: the
 * owner stores more than it may. ERROR_CONFLICT: a job's image was deleted, or never built.
 */
bool submission_submit(struct database *db, const struct account *viewer, int64_t id,
    const struct config *config, pipeline_job_visit *visit, void *context, struct error *err);

/*
 * Checks that the account may have `more` further jobs in queue. Jobs that wait for a build count,
 * since they will be in queue when it has ended. queued_max is for accounts without
 * their own limit. ERROR_TOO_MANY: it may not.
 */
bool submission_check_queued(struct database *db, int64_t account, int64_t more, int64_t queued_max,
    struct error *err);

/*
 * Takes the pipeline's jobs out of the queue, and requests the end of those that run. visit (may be
 * NULL) gets every job in its new state.
 */
bool submission_cancel(struct database *db, const struct account *viewer, int64_t id,
    pipeline_job_visit *visit, void *context, struct error *err);

/* Changes the pipeline as `change` says. */
bool submission_change(struct database *db, const struct account *viewer, int64_t id,
    const struct pipeline_change *change, struct error *err);

/*
 * Deletes the pipeline with its jobs. No one sees them any more, and the spooler removes their
 * files. ERROR_CONFLICT: one of its jobs runs.
 */
bool submission_delete(struct database *db, const struct account *viewer, int64_t id,
    struct error *err);

#endif
