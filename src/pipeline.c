/*
 * Rows of pipelines, and the submit that moves a pipeline's jobs into the queue.
 */
#include "pipeline.h"

#include "quantity.h"
#include "queue.h"

#define RETRY_S 60 /* a guess at when a full queue has room again */

#define PIPELINE_COLUMNS                                                                           \
	"SELECT id, account, name, on_failure, max_parallel, created_at FROM pipeline"

bool
pipeline_create(struct database *db, const struct pipeline *pipeline, int64_t *id,
    struct error *err)
{
	if (!database_run(db, NULL, err,
		"INSERT INTO pipeline (account, name, on_failure, max_parallel, created_at)"
		" VALUES (?, ?, ?, ?, ?)",
		"ittii", (long long)pipeline->account, pipeline->name, pipeline->on_failure,
		(long long)pipeline->max_parallel, (long long)time_now_ms()))
		return false;
	*id = database_inserted(db);
	return true;
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
	const char *own = PIPELINE_COLUMNS " WHERE account = ? AND id > ? ORDER BY id LIMIT ?";
	const char *all = PIPELINE_COLUMNS " WHERE ? AND id > ? ORDER BY id LIMIT ?";
	cleanup_statement struct statement st = { NULL, NULL };
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
	cleanup_statement struct statement st = { NULL, NULL };
	int row;

	if (!statement_begin(&st, db, err, PIPELINE_COLUMNS " WHERE id = ? AND (account = ? OR ?)",
		"iii", (long long)id, (long long)viewer->id, (long long)viewer->admin))
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
	cleanup_statement struct statement st = { NULL, NULL };
	int row;

	if (!statement_begin(&st, db, err,
		"SELECT id, state FROM job WHERE pipeline = ? ORDER BY position", "i",
		(long long)pipeline))
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

bool
pipeline_submit(struct database *db, const struct account *viewer, int64_t id, int64_t queued_max,
    pipeline_job_visit *visit, void *context, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t account = 0, queued = 0;

	if (!transaction_begin(&t, db, err) ||
	    !pipeline_show(db, viewer, id, take_account, &account, err) ||
	    !database_run(db, NULL, err,
		"UPDATE job SET state = 'in_queue', queued_at = ?, started_at = NULL, start_marked_at = NULL,"
		" finished_at = NULL, response = NULL, error = NULL, used_cpu = NULL, used_memory = NULL,"
		" used_io = NULL WHERE pipeline = ? AND state IN ('ready', 'done', 'failed')",
		"ii", (long long)time_now_ms(), (long long)id) ||
	    database_integer(db, &queued, err,
		"SELECT count(*) FROM job WHERE account = ? AND state = 'in_queue'", "i",
		(long long)account) < 0)
		return false;
	if (queued > queued_max) {
		error_set(err, ERROR_TOO_MANY,
		    "an account may have %lld jobs in queue; wait until some have run",
		    (long long)queued_max);
		err->retry_after_s = RETRY_S;
		return false;
	}
	return queue_refresh(db, id, err) &&
	    (visit == NULL || pipeline_jobs(db, id, visit, context, err)) &&
	    transaction_commit(&t, err);
}
