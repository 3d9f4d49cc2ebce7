/*
 * A job's states: ready -> in_queue -> running -> done | failed, or in_queue again for another try.
 * The state machine's law stands in the WHERE of each UPDATE.
 */
#include <stdio.h>
#include <string.h>

#include "job.h"
#include "pipeline.h"
#include "quantity.h"
#include "queue.h"

#define RETRY_LEAST_MS                                                                             \
	MS_PER_S /* before the first retry; twice that before the next, and so on                  \
		  */
#define RETRY_MOST_MS (300 * MS_PER_S)

/* The first job in queue of a pipeline: in_queue -> running. */
static bool
mark_running(struct database *db, int64_t pipeline, int64_t slot, int64_t *id, struct error *err)
{
	long long now = time_now_ms();

	return database_run(db, NULL, err,
		   "UPDATE account SET served_at = ? WHERE id = (SELECT account FROM pipeline WHERE id = ?)",
		   "ii", now, (long long)pipeline) &&
	    database_integer(db, id, err,
		"UPDATE job SET state = 'running', attempt = attempt + 1, started_at = ?, slot = ?,"
		" first_attempt = iif(retries_left = retries, attempt + 1, first_attempt),"
		" start_marked_at = NULL, finished_at = NULL, response = NULL, error = NULL, used_cpu = NULL,"
		" used_memory = NULL, used_io = NULL WHERE state = 'in_queue' AND id ="
		"  (SELECT id FROM job WHERE pipeline = ? AND state = 'in_queue' AND retry_at IS NULL"
		"    ORDER BY position LIMIT 1)"
		" RETURNING id",
		"iii", now, (long long)slot, (long long)pipeline) >= 0;
}

bool
job_claim(struct database *db, int64_t slot, int64_t running_max, struct job *job,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t pipeline = 0, id = 0;

	*job = (struct job){ 0 };
	/* A look without the lock first: most of the time nothing waits. */
	if (!queue_pick(db, running_max, &pipeline, err))
		return false;
	if (pipeline == 0)
		return true;
	if (!transaction_begin(&t, db, err) || !queue_pick(db, running_max, &pipeline, err))
		return false;
	if (pipeline == 0)
		return true;
	if (!mark_running(db, pipeline, slot, &id, err) || !queue_refresh(db, pipeline, err) ||
	    !job_read(db, id, job, err))
		return false;
	if (transaction_commit(&t, err))
		return true;
	job_clear(job);
	return false;
}

bool
job_mark(struct database *db, struct job *job, struct error *err)
{
	int64_t now = time_now_ms();
	int changes = 0;

	if (!database_run(db, &changes, err,
		"UPDATE job SET start_marked_at = ? WHERE id = ? AND state = 'running' AND attempt = ?"
		" AND NOT cancel_requested",
		"iii", (long long)now, (long long)job->id, (long long)job->attempt))
		return false;
	if (changes != 1)
		return error_set(err, ERROR_CONFLICT, JOB_KILLED);
	job->start_marked_at = now;
	return true;
}

/* Reads a partial index as a whole, which is as long as there are slots. */
static bool
each_running(struct database *db, const char *sql, job_running_visit *visit, void *context,
    struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err, sql, ""))
		return false;
	while ((row = statement_row(&st, err)) == 1)
		if (!visit(statement_integer(&st, 0), statement_integer(&st, 1), context, err))
			return false;
	return row == 0;
}

bool
job_each_running(struct database *db, job_running_visit *visit, void *context, struct error *err)
{
	return each_running(db,
	    "/*scan*/ SELECT id, slot FROM job INDEXED BY job_running WHERE state = 'running'",
	    visit, context, err);
}

bool
job_each_cancelled(struct database *db, job_running_visit *visit, void *context, struct error *err)
{
	return each_running(db,
	    "/*scan*/ SELECT id, slot FROM job INDEXED BY job_cancel"
	    " WHERE cancel_requested = 1 AND state = 'running'",
	    visit, context, err);
}

bool
job_runs_in_slot(struct database *db, int64_t slot, bool *runs, struct error *err)
{
	int64_t count = 0;

	if (database_integer(db, &count, err,
		"/*scan*/ SELECT count(*) FROM job INDEXED BY job_running"
		" WHERE state = 'running' AND slot = ?",
		"i", (long long)slot) < 0)
		return false;
	*runs = count > 0;
	return true;
}

bool
job_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err)
{
	int64_t requested = 0;

	if (database_integer(db, &requested, err, "SELECT cancel_requested FROM job WHERE id = ?",
		"i", (long long)id) < 0)
		return false;
	*cancelled = requested != 0;
	return true;
}

/* With on_failure = stop, what waits behind a failed job leaves the queue, and says why. */
static bool
stop_pipeline(struct database *db, const struct job *failed, struct error *err)
{
	char error[96];

	snprintf(error, sizeof error, "not run: job %lld of its pipeline failed",
	    (long long)failed->id);
	return database_run(db, NULL, err,
	    "UPDATE job SET state = iif(retry_at IS NULL, 'ready', 'failed'), queued_at = NULL,"
	    " retry_at = NULL, retries_left = 0, error = ?"
	    " WHERE pipeline = ? AND state = 'in_queue'"
	    " AND EXISTS (SELECT 1 FROM pipeline WHERE id = ?2 AND on_failure = 'stop')",
	    "ti", error, (long long)failed->pipeline);
}

/* Fails one that waits for its next try. */
static bool
take_out(struct database *db, const struct job *job, struct error *err)
{
	return database_run(db, NULL, err,
		   "UPDATE job SET state = 'failed', error = ?, retry_at = NULL, retries_left = 0"
		   " WHERE id = ? AND state = 'in_queue' AND retry_at IS NOT NULL",
		   "ti", JOB_KILLED, (long long)job->id) &&
	    stop_pipeline(db, job, err) && queue_refresh(db, job->pipeline, err);
}

bool
job_kill(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct job job = { 0 };
	bool done = transaction_begin(&t, db, err) && job_find(db, viewer, pipeline, id, &job, err);

	if (done && strcmp(job.state, "running") == 0)
		done = database_run(db, NULL, err,
		    "UPDATE job SET cancel_requested = 1 WHERE id = ?", "i", (long long)id);
	else if (done && job.retry_at != 0)
		done = take_out(db, &job, err);
	else if (done)
		done = error_set(err, ERROR_CONFLICT, "Cannot kill a job that is not running");
	job_clear(&job);
	return done && transaction_commit(&t, err);
}

bool
job_remove(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct error *err)
{
	struct job job = { 0 };
	bool queued;

	if (!job_find(db, viewer, pipeline, id, &job, err))
		return false;
	queued = strcmp(job.state, "in_queue") == 0;
	job_clear(&job);
	if (queued)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot delete jobs in queue, try again later");
	return database_run(db, NULL, err,
	    "UPDATE job SET deleted = 1, cancel_requested = (state = 'running') WHERE id = ?", "i",
	    (long long)id);
}

bool
job_delete(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) && job_remove(db, viewer, pipeline, id, err) &&
	    transaction_commit(&t, err);
}

/* The pipelines of jobs whose time has come, one after the other. */
static bool
next_due(struct database *db, int64_t now, int64_t *job, int64_t *pipeline, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	*job = 0;
	if (!statement_begin(&st, db, err,
		"SELECT id, pipeline FROM job WHERE retry_at <= ? ORDER BY retry_at LIMIT 1", "i",
		(long long)now))
		return false;
	row = statement_row(&st, err);
	if (row == 1) {
		*job = statement_integer(&st, 0);
		*pipeline = statement_integer(&st, 1);
	}
	return row >= 0;
}

bool
job_retries_due(struct database *db, struct error *err)
{
	int64_t now = time_now_ms(), job = 0, pipeline = 0;

	for (;;) {
		cleanup_transaction struct transaction t = { NULL };

		if (!next_due(db, now, &job, &pipeline, err))
			return false;
		if (job == 0)
			return true;
		if (!transaction_begin(&t, db, err) ||
		    !database_run(db, NULL, err,
			"UPDATE job SET retry_at = NULL WHERE id = ? AND retry_at <= ?", "ii",
			(long long)job, (long long)now) ||
		    !queue_refresh(db, pipeline, err) || !transaction_commit(&t, err))
			return false;
	}
}

/* What the end depends on and others may have changed meanwhile. */
static bool
read_end(struct database *db, struct job *job, char results[static NAME_TEXT], struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	results[0] = '\0';
	if (!statement_begin(&st, db, err,
		"SELECT results_token, retries, retries_left, cancel_requested FROM job WHERE id = ?",
		"i", (long long)job->id))
		return false;
	row = statement_row(&st, err);
	if (row == 1) {
		const char *token = statement_text(&st, 0);

		snprintf(results, NAME_TEXT, "%s", token != NULL ? token : "");
		job->retries = statement_integer(&st, 1);
		job->retries_left = statement_integer(&st, 2);
		job->cancel_requested = statement_integer(&st, 3) != 0;
	}
	return row >= 0;
}

/* Longer from try to try: what fails for a while gets the time to be mended. */
static int64_t
retry_delay_ms(const struct job *job)
{
	int64_t tried = job->retries - job->retries_left;
	int64_t delay_ms = RETRY_LEAST_MS << (tried < 20 ? tried : 20);

	return delay_ms < RETRY_MOST_MS ? delay_ms : RETRY_MOST_MS;
}

bool
job_end(struct database *db, struct job *job, char old_results[static NAME_TEXT], struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	bool done = job->has_response && job->response == 0 && job->error == NULL;
	bool again;
	int64_t now = time_now_ms();
	int changes = 0;

	if (!transaction_begin(&t, db, err) || !read_end(db, job, old_results, err))
		return false;
	again = !done && job->retries_left > 0 && !job->cancel_requested;
	job->retry_at = again ? now + retry_delay_ms(job) : 0;
	if (!database_run(db, &changes, err,
		"UPDATE job SET state = ?, finished_at = ?, response = iif(?, ?, NULL), error = ?,"
		" used_cpu = iif(?6, ?, NULL), used_memory = iif(?6, ?, NULL), used_io = iif(?6, ?, NULL),"
		" results_token = nullif(?, ''), results_size = ?, results_removed_at = NULL,"
		" logs_removed_at = NULL,"
		" log_size = log_size + ?, slot = NULL, retry_at = ?, retries_left = retries_left - ?"
		" WHERE id = ? AND state = 'running' AND attempt = ?",
		"tiiitidiitiiniii",
		again      ? "in_queue"
		    : done ? "done"
			   : "failed",
		(long long)now, (long long)job->has_response, (long long)job->response, job->error,
		(long long)job->has_usage, job->used_cpu, (long long)job->used_memory,
		(long long)job->used_io, job->results_token, (long long)job->results_size,
		(long long)job->log_size, (long long)job->retry_at, (long long)again,
		(long long)job->id, (long long)job->attempt))
		return false;
	if (changes != 1)
		return error_set(err, ERROR_CONFLICT, "the attempt has ended already");
	return (done || again || stop_pipeline(db, job, err)) &&
	    queue_refresh(db, job->pipeline, err) && transaction_commit(&t, err);
}

bool
job_next_deleted(struct database *db, struct job *job, struct error *err)
{
	int64_t id = 0;

	*job = (struct job){ 0 };
	return database_integer(db, &id, err,
		   "SELECT id FROM job WHERE deleted = 1 AND state <> 'running' ORDER BY id LIMIT 1",
		   "") >= 0 &&
	    (id == 0 || job_read(db, id, job, err));
}

bool
job_erase(struct database *db, const struct job *job, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) &&
	    database_run(db, NULL, err,
		"DELETE FROM job WHERE id = ? AND deleted = 1 AND state <> 'running'", "i",
		(long long)job->id) &&
	    pipeline_erase_empty(db, job->pipeline, err) && transaction_commit(&t, err);
}
