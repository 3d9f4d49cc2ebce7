/*
 * Rows of pipelines, and the submit that moves a pipeline's jobs into the queue.
 */
#include "pipeline.h"

#include "job.h"
#include "quantity.h"
#include "queue.h"

#define RETRY_S 60 /* a guess at when a full queue has room again */

#define PIPELINE_COLUMNS                                                                           \
	"SELECT id, account, name, on_failure, max_parallel, created_at FROM pipeline"

bool
pipeline_create(struct database *db, const struct pipeline *pipeline, int64_t *id,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, NULL, err,
		"INSERT INTO pipeline (account, name, on_failure, max_parallel, created_at)"
		" VALUES (?, ?, ?, ?, ?)",
		"ittii", (long long)pipeline->account, pipeline->name, pipeline->on_failure,
		(long long)pipeline->max_parallel, (long long)time_now_ms()))
		return false;
	*id = database_inserted(db);
	return transaction_commit(&t, err);
}

static bool
visit_row(struct statement *st, pipeline_visit *visit, void *context, struct error *err)
{
	const struct pipeline pipeline = {
		.id = statement_integer(st, 0),
		.account = statement_integer(st, 1),
		.name = statement_text(st, 2),
		.on_failure = statement_text(st, 3),
		.max_parallel = statement_integer(st, 4),
		.created_at = statement_integer(st, 5),
	};

	return visit == NULL || visit(&pipeline, context, err);
}

bool
pipeline_each(struct database *db, const struct account *viewer, int64_t after, int64_t limit,
    pipeline_visit *visit, void *context, struct error *err)
{
	const char *own =
	    PIPELINE_COLUMNS " WHERE account = ? AND id > ? AND NOT deleted ORDER BY id LIMIT ?";
	const char *all =
	    PIPELINE_COLUMNS " WHERE ? AND id > ? AND NOT deleted ORDER BY id LIMIT ?";
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err, viewer->admin ? all : own, "iii", (long long)viewer->id,
		(long long)after, (long long)limit))
		return false;
	while ((row = statement_row(&st, err)) == 1)
		if (!visit_row(&st, visit, context, err))
			return false;
	return row == 0;
}

bool
pipeline_show(struct database *db, const struct account *viewer, int64_t id, pipeline_visit *visit,
    void *context, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		PIPELINE_COLUMNS " WHERE id = ? AND (account = ? OR ?) AND NOT deleted", "iii",
		(long long)id, (long long)viewer->id, (long long)viewer->admin))
		return false;
	row = statement_row(&st, err);
	if (row == 0)
		return error_set(err, ERROR_NOT_FOUND, "Pipeline not found");
	return row == 1 && visit_row(&st, visit, context, err);
}

bool
pipeline_jobs(struct database *db, int64_t pipeline, pipeline_job_visit *visit, void *context,
    struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		"SELECT id, state FROM job WHERE pipeline = ? AND NOT deleted ORDER BY position",
		"i", (long long)pipeline))
		return false;
	while ((row = statement_row(&st, err)) == 1)
		if (!visit(statement_integer(&st, 0), statement_text(&st, 1), context, err))
			return false;
	return row == 0;
}

static bool
take_account(const struct pipeline *pipeline, void *context, struct error *err)
{
	(void)err;
	*(int64_t *)context = pipeline->account;
	return true;
}

/* Whether each job that a submit is about still has its image. */
static bool
check_images(struct database *db, int64_t pipeline, struct error *err)
{
	int64_t job = 0;

	if (database_integer(db, &job, err,
		"SELECT job.id FROM job JOIN image ON image.id = job.image WHERE pipeline = ?"
		" AND state IN ('ready', 'done', 'failed') AND NOT job.deleted AND image.deleted LIMIT 1",
		"i", (long long)pipeline) < 0)
		return false;
	return job == 0 ||
	    error_set(err, ERROR_CONFLICT,
		"the image of job %lld was deleted: give the job another one (PUT image_id), or delete the job",
		(long long)job);
}

static bool
check_queued(struct database *db, int64_t account, int64_t queued_max, struct error *err)
{
	int64_t queued = 0;

	if (database_integer(db, &queued, err,
		"SELECT count(*) FROM job WHERE account = ? AND state = 'in_queue'", "i",
		(long long)account) < 0 ||
	    database_integer(db, &queued_max, err,
		"SELECT coalesce(queued_max, ?) FROM account WHERE id = ?", "ii",
		(long long)queued_max, (long long)account) < 0)
		return false;
	if (queued <= queued_max)
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have %lld jobs in queue; wait until some have run",
	    (long long)queued_max);
	err->retry_after_s = RETRY_S;
	return false;
}

bool
pipeline_submit(struct database *db, const struct account *viewer, int64_t id,
    const struct config *config, pipeline_job_visit *visit, void *context, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t account = 0;

	if (!transaction_begin(&t, db, err) ||
	    !pipeline_show(db, viewer, id, take_account, &account, err) ||
	    !check_images(db, id, err) ||
	    !account_storage_check(db, account, config->storage_max, err))
		return false;
	return database_run(db, NULL, err,
		   "UPDATE job SET state = 'in_queue', queued_at = ?, started_at = NULL, start_marked_at = NULL,"
		   " finished_at = NULL, response = NULL, error = NULL, used_cpu = NULL, used_memory = NULL,"
		   " used_io = NULL, retries_left = retries, cancel_requested = 0"
		   " WHERE pipeline = ? AND state IN ('ready', 'done', 'failed') AND NOT deleted",
		   "ii", (long long)time_now_ms(), (long long)id) &&
	    check_queued(db, account, config->queued_max, err) && queue_refresh(db, id, err) &&
	    (visit == NULL || pipeline_jobs(db, id, visit, context, err)) &&
	    transaction_commit(&t, err);
}

static bool
remove_jobs(struct database *db, const struct account *viewer, int64_t id, const struct ids *jobs,
    struct error *err)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (!job_remove(db, viewer, id, jobs->items[i], err))
			return false;
	return true;
}

static bool
rearranged_wrong(struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "rearrange_jobs: must be the ids of all jobs of the pipeline, each once");
}

/* Each id gives one of the pipeline's jobs its place; as many ids as jobs, each once, give all. */
static bool
rearrange_jobs(struct database *db, int64_t id, const struct ids *jobs, struct error *err)
{
	int64_t count = 0, first = 0;

	if (database_integer(db, &count, err,
		"SELECT count(*) FROM job WHERE pipeline = ? AND NOT deleted", "i",
		(long long)id) < 0 ||
	    database_integer(db, &first, err,
		"SELECT coalesce(max(position), 0) FROM job WHERE pipeline = ?", "i",
		(long long)id) < 0)
		return false;
	if ((int64_t)jobs->count != count)
		return rearranged_wrong(err);
	/* Places behind all that there are, so that an id that comes twice finds its job moved. */
	for (size_t i = 0; i < jobs->count; i++) {
		int changes = 0;

		if (!database_run(db, &changes, err,
			"UPDATE job SET position = ?1 WHERE id = ?2 AND pipeline = ?3"
			" AND position <= ?4 AND NOT deleted",
			"iiii", (long long)(first + (int64_t)i + 1), (long long)jobs->items[i],
			(long long)id, (long long)first))
			return false;
		if (changes != 1)
			return rearranged_wrong(err);
	}
	return true;
}

bool
pipeline_update(struct database *db, const struct account *viewer, int64_t id,
    const struct pipeline_change *change, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) && pipeline_show(db, viewer, id, NULL, NULL, err) &&
	    database_run(db, NULL, err,
		"UPDATE pipeline SET name = coalesce(?, name), on_failure = coalesce(?, on_failure),"
		" max_parallel = coalesce(?, max_parallel) WHERE id = ?",
		"ttni", change->name, change->on_failure, (long long)change->max_parallel,
		(long long)id) &&
	    remove_jobs(db, viewer, id, &change->remove, err) &&
	    (change->rearrange.items == NULL || rearrange_jobs(db, id, &change->rearrange, err)) &&
	    queue_refresh(db, id, err) && transaction_commit(&t, err);
}

/* What waits leaves the queue: what has never run in this submit is ready again. */
#define UNQUEUE                                                                                    \
	"UPDATE job SET state = iif(retry_at IS NULL, 'ready', 'failed'), retry_at = NULL,"        \
	" retries_left = 0, error = '" JOB_CANCELLED "' WHERE pipeline = ? AND state = 'in_queue'"

bool
pipeline_cancel(struct database *db, const struct account *viewer, int64_t id,
    pipeline_job_visit *visit, void *context, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) && pipeline_show(db, viewer, id, NULL, NULL, err) &&
	    database_run(db, NULL, err, UNQUEUE, "i", (long long)id) &&
	    database_run(db, NULL, err,
		"UPDATE job SET cancel_requested = 1 WHERE pipeline = ? AND state = 'running'", "i",
		(long long)id) &&
	    queue_refresh(db, id, err) &&
	    (visit == NULL || pipeline_jobs(db, id, visit, context, err)) &&
	    transaction_commit(&t, err);
}

bool
pipeline_delete(struct database *db, const struct account *viewer, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t running = 0;

	if (!transaction_begin(&t, db, err) || !pipeline_show(db, viewer, id, NULL, NULL, err) ||
	    database_integer(db, &running, err,
		"SELECT count(*) FROM job WHERE pipeline = ? AND state = 'running'", "i",
		(long long)id) < 0)
		return false;
	if (running > 0)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot delete a pipeline while a job of it runs: POST /pipeline/%lld/cancel first",
		    (long long)id);
	return database_run(db, NULL, err, UNQUEUE, "i", (long long)id) &&
	    database_run(db, NULL, err, "UPDATE job SET deleted = 1 WHERE pipeline = ?", "i",
		(long long)id) &&
	    database_run(db, NULL, err, "UPDATE pipeline SET deleted = 1 WHERE id = ?", "i",
		(long long)id) &&
	    queue_refresh(db, id, err) && transaction_commit(&t, err);
}

bool
pipeline_erase_empty(struct database *db, int64_t id, struct error *err)
{
	return database_run(db, NULL, err,
	    "DELETE FROM pipeline WHERE id = ? AND deleted = 1"
	    " AND NOT EXISTS (SELECT 1 FROM job WHERE pipeline = ?1)",
	    "i", (long long)id);
}

bool
pipeline_erase_all_empty(struct database *db, struct error *err)
{
	return database_run(db, NULL, err,
	    "DELETE FROM pipeline WHERE id IN (SELECT id FROM pipeline WHERE deleted = 1"
	    " AND NOT EXISTS (SELECT 1 FROM job WHERE job.pipeline = pipeline.id))",
	    "");
}
