/*
 * Changes of all jobs of a pipeline, each in one transaction.
 */
#include "submission.h"

#include "image.h"
#include "jobstate.h"
#include "queue.h"
#include "transaction.h"

#define RETRY_S 60 /* an estimate of when a full queue has room again */

static bool
submission_take_account(const struct pipeline *pipeline, void *context, struct error *err)
{
	(void)err;
	*(int64_t *)context = pipeline->account;
	return true;
}

/* Checks that each job that a submit would queue has its image, or will have it. */
static bool
submission_check_images(struct database *db, int64_t pipeline, struct error *err)
{
	int64_t job = 0, unbuilt = 0;

	if (database_integer(db, &job, err,
		"SELECT job.id FROM job JOIN image ON image.id = job.image WHERE pipeline = ?"
		" AND state IN ('ready', 'done', 'failed') AND NOT job.deleted AND image.deleted LIMIT 1",
		VALUES(I(pipeline))) < 0 ||
	    database_integer(db, &unbuilt, err,
		"SELECT job.id FROM job JOIN image ON image.id = job.image WHERE pipeline = ?"
		" AND job.state = 'ready' AND NOT job.deleted AND job.build IS NULL"
		" AND image.build IS NULL AND NOT " IMAGE_IS_BEING_BUILT " LIMIT 1",
		VALUES(I(pipeline))) < 0)
		return false;
	if (job == 0 && unbuilt == 0)
		return true;
	return error_set(err, ERROR_CONFLICT,
	    "the image of job %lld was %s: give the job another one (PUT image_id), or delete the job",
	    (long long)(job != 0 ? job : unbuilt), job != 0 ? "deleted" : "not built");
}

bool
submission_check_queued(struct database *db, int64_t account, int64_t more, int64_t queued_max,
    struct error *err)
{
	int64_t queued = 0;

	if (database_integer(db, &queued, err,
		"SELECT (SELECT count(*) FROM job WHERE account = ?1 AND state = 'in_queue') +"
		" (SELECT count(*) FROM job WHERE account = ?1 AND build IS NOT NULL)",
		VALUES(I(account))) < 0 ||
	    database_integer(db, &queued_max, err,
		"SELECT coalesce(queued_max, ?) FROM account WHERE id = ?",
		VALUES(I(queued_max), I(account))) < 0)
		return false;
	if (queued + more <= queued_max)
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have at most %lld jobs in queue; wait until some have run",
	    (long long)queued_max);
	err->retry_after_s = RETRY_S;
	return false;
}

bool
submission_submit(struct database *db, const struct account *viewer, int64_t id,
    const struct config *config, pipeline_job_visit *visit, void *context, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t account = 0;

	if (!transaction_begin(&t, db, err) ||
	    !pipeline_show(db, viewer, id, submission_take_account, &account, err) ||
	    !submission_check_images(db, id, err) ||
	    !account_storage_check(db, account, config->storage_max, err))
		return false;
	return jobstate_queue_all(db, id, err) &&
	    submission_check_queued(db, account, 0, config->queued_max, err) &&
	    queue_refresh(db, id, err) &&
	    (visit == NULL || pipeline_jobs(db, id, visit, context, err)) &&
	    transaction_commit(&t, err);
}

bool
submission_cancel(struct database *db, const struct account *viewer, int64_t id,
    pipeline_job_visit *visit, void *context, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) && pipeline_show(db, viewer, id, NULL, NULL, err) &&
	    jobstate_unqueue_all(db, id, JOB_CANCELLED, err) && jobstate_cancel_all(db, id, err) &&
	    queue_refresh(db, id, err) &&
	    (visit == NULL || pipeline_jobs(db, id, visit, context, err)) &&
	    transaction_commit(&t, err);
}

static bool
submission_delete_jobs(struct database *db, const struct account *viewer, int64_t id,
    const struct ids *jobs, struct error *err)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (!jobstate_delete(db, viewer, id, jobs->items[i], err))
			return false;
	return true;
}

bool
submission_change(struct database *db, const struct account *viewer, int64_t id,
    const struct pipeline_change *change, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) && pipeline_show(db, viewer, id, NULL, NULL, err) &&
	    pipeline_write(db, id, change, err) &&
	    submission_delete_jobs(db, viewer, id, &change->remove, err) &&
	    (change->rearrange.items == NULL ||
		pipeline_rearrange(db, id, &change->rearrange, err)) &&
	    queue_refresh(db, id, err) && transaction_commit(&t, err);
}

bool
submission_delete(struct database *db, const struct account *viewer, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t running = 0;

	if (!transaction_begin(&t, db, err) || !pipeline_show(db, viewer, id, NULL, NULL, err) ||
	    database_integer(db, &running, err,
		"SELECT count(*) FROM job WHERE pipeline = ? AND state = 'running'",
		VALUES(I(id))) < 0)
		return false;
	if (running > 0)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot delete a pipeline while one of its jobs runs: POST /pipeline/%lld/cancel first",
		    (long long)id);
	return jobstate_unqueue_all(db, id, JOB_CANCELLED, err) &&
	    jobstate_delete_all(db, id, err) && pipeline_delete(db, id, err) &&
	    queue_refresh(db, id, err) && transaction_commit(&t, err);
}
