/*
 * A job's states: ready -> in_queue -> running -> done | failed, or in_queue again for another try.
 * The WHERE of each UPDATE checks that the change of state is allowed.
 */
#include "jobstate.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "jobwait.h"
#include "pipeline.h"
#include "queue.h"
#include "transaction.h"

#define RETRY_LEAST_MS MS_PER_S /* before the first retry; doubles for each further one */
#define RETRY_MOST_MS  (300 * MS_PER_S)

/* Claims the first job in queue of a pipeline: in_queue -> running. */
static bool
jobstate_mark_running(struct database *db, int64_t pipeline, int64_t slot, int64_t *id,
    struct error *err)
{
	int64_t now = clock_now_ms();

	return database_run(db, err,
		   "UPDATE account SET served_at = ? WHERE id = (SELECT account FROM pipeline WHERE id = ?)",
		   VALUES(I(now), I(pipeline))) &&
	    database_integer(db, id, err,
		"UPDATE job SET state = 'running', attempt = attempt + 1, started_at = ?, slot = ?,"
		" first_attempt = iif(retries_left = retries, attempt + 1, first_attempt),"
		" start_marked_at = NULL, finished_at = NULL, response = NULL, error = NULL, used_cpu = NULL,"
		" used_memory = NULL, used_io = NULL WHERE state = 'in_queue' AND id ="
		"  (SELECT id FROM job WHERE pipeline = ? AND state = 'in_queue' AND retry_at IS NULL"
		"    ORDER BY position LIMIT 1)"
		" RETURNING id",
		VALUES(I(now), I(slot), I(pipeline))) >= 0;
}

bool
jobstate_claim(struct database *db, int64_t slot, int64_t running_max, struct job *job,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t pipeline = 0, id = 0;

	*job = (struct job){ 0 };
	/* Checks first without the lock: most of the time no job waits. */
	if (!queue_pick(db, running_max, &pipeline, err))
		return false;
	if (pipeline == 0)
		return true;
	if (!transaction_begin(&t, db, err) || !queue_pick(db, running_max, &pipeline, err))
		return false;
	if (pipeline == 0)
		return true;
	if (!jobstate_mark_running(db, pipeline, slot, &id, err) ||
	    !queue_refresh(db, pipeline, err) || !job_read(db, id, job, err))
		return false;
	if (transaction_commit(&t, err))
		return true;
	job_clear(job);
	return false;
}

bool
jobstate_mark(struct database *db, struct job *job, struct error *err)
{
	int64_t now = clock_now_ms();

	if (!database_run(db, err,
		"UPDATE job SET start_marked_at = ? WHERE id = ? AND state = 'running' AND attempt = ?"
		" AND NOT cancel_requested",
		VALUES(I(now), I(job->id), I(job->attempt))))
		return false;
	if (database_changes(db) != 1)
		return error_set(err, ERROR_CONFLICT, JOB_KILLED);
	job->start_marked_at = now;
	return true;
}

bool
jobstate_unmark(struct database *db, struct job *job, struct error *err)
{
	if (job->start_marked_at == 0)
		return true;
	if (!database_run(db, err,
		"UPDATE job SET start_marked_at = NULL WHERE id = ? AND state = 'running' AND attempt = ?",
		VALUES(I(job->id), I(job->attempt))))
		return false;
	job->start_marked_at = 0;
	return true;
}

struct jobstate_each {
	jobstate_running_visit *visit;
	void *context;
};

static bool
jobstate_visit_running(struct statement *st, void *context, struct error *err)
{
	const struct jobstate_each *each = context;

	return each->visit(statement_integer(st, 0), statement_integer(st, 1), each->context, err);
}

/* Reads a whole partial index, which has an entry for each running job. */
bool
jobstate_each_running(struct database *db, jobstate_running_visit *visit, void *context,
    struct error *err)
{
	struct jobstate_each each = { visit, context };

	return database_each(db, err,
	    "/*scan*/ SELECT id, slot FROM job INDEXED BY job_running WHERE state = 'running'",
	    NO_VALUES, jobstate_visit_running, &each);
}

bool
jobstate_each_cancelled(struct database *db, jobstate_running_visit *visit, void *context,
    struct error *err)
{
	struct jobstate_each each = { visit, context };

	return database_each(db, err,
	    "/*scan*/ SELECT id, slot FROM job INDEXED BY job_cancel"
	    " WHERE cancel_requested = 1 AND state = 'running'",
	    NO_VALUES, jobstate_visit_running, &each);
}

bool
jobstate_each_over(struct database *db, jobstate_over_visit *visit, void *context,
    struct error *err)
{
	struct jobstate_each each = { visit, context };

	return database_each(db, err,
	    "/*scan*/ SELECT id, attempt FROM (SELECT id, attempt FROM job"
	    " WHERE finished_at IS NOT NULL AND state <> 'running'"
	    " ORDER BY finished_at DESC LIMIT 100)"
	    " UNION ALL SELECT id, attempt FROM job INDEXED BY job_retry WHERE retry_at IS NOT NULL"
	    " UNION ALL SELECT id, attempt - 1 FROM job INDEXED BY job_running"
	    " WHERE state = 'running' AND attempt > 1",
	    NO_VALUES, jobstate_visit_running, &each);
}

bool
jobstate_runs_in_slot(struct database *db, int64_t slot, bool *runs, struct error *err)
{
	int64_t count = 0;

	if (database_integer(db, &count, err,
		"/*scan*/ SELECT count(*) FROM job INDEXED BY job_running"
		" WHERE state = 'running' AND slot = ?",
		VALUES(I(slot))) < 0)
		return false;
	*runs = count > 0;
	return true;
}

bool
jobstate_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err)
{
	int64_t requested = 0;

	if (database_integer(db, &requested, err, "SELECT cancel_requested FROM job WHERE id = ?",
		VALUES(I(id))) < 0)
		return false;
	*cancelled = requested != 0;
	return true;
}

/* Puts jobs in queue that are neither in queue nor running, nor wait for a build. */
#define QUEUE                                                                                          \
	"UPDATE job SET state = 'in_queue', queued_at = ?, started_at = NULL, start_marked_at = NULL," \
	" finished_at = NULL, response = NULL, error = NULL, used_cpu = NULL, used_memory = NULL,"     \
	" used_io = NULL, retries_left = retries, cancel_requested = 0"                                \
	" WHERE state IN ('ready', 'done', 'failed') AND NOT deleted AND build IS NULL"                \
	" AND (SELECT image.build FROM image WHERE image.id = job.image) IS NOT NULL AND "

bool
jobstate_queue(struct database *db, int64_t id, struct error *err)
{
	return jobwait_begin_unbuilt(db, id, err) &&
	    database_run(db, err, QUEUE "id = ?", VALUES(I(clock_now_ms()), I(id)));
}

bool
jobstate_queue_waiting(struct database *db, int64_t build, struct error *err)
{
	int64_t job, pipeline;

	for (;;) {
		if (!jobwait_first(db, build, &job, &pipeline, err))
			return false;
		if (job == 0)
			return true;
		if (!jobwait_end(db, job, NULL, err) || !jobstate_queue(db, job, err) ||
		    !queue_refresh(db, pipeline, err))
			return false;
	}
}

bool
jobstate_queue_all(struct database *db, int64_t pipeline, struct error *err)
{
	return jobwait_begin_all_unbuilt(db, pipeline, err) &&
	    database_run(db, err, QUEUE "pipeline = ?", VALUES(I(clock_now_ms()), I(pipeline)));
}

/*
 * Takes a job out of the queue. If it was started since its submit, it becomes failed, else ready.
 */
#define UNQUEUE                                                                                    \
	"UPDATE job SET state = iif(started_at IS NULL, 'ready', 'failed'), queued_at = NULL,"     \
	" retry_at = NULL, retries_left = 0, error = ? WHERE state = 'in_queue' AND "

bool
jobstate_unqueue_all(struct database *db, int64_t pipeline, const char *error, struct error *err)
{
	return jobwait_end_all(db, pipeline, error, err) &&
	    database_run(db, err, UNQUEUE "pipeline = ?", VALUES(T(error), I(pipeline)));
}

bool
jobstate_cancel_all(struct database *db, int64_t pipeline, struct error *err)
{
	return database_run(db, err,
	    "UPDATE job SET cancel_requested = 1 WHERE pipeline = ? AND state = 'running'",
	    VALUES(I(pipeline)));
}

/* If on_failure is "stop", takes the jobs after a failed one out of the queue, with a reason. */
static bool
jobstate_stop_pipeline(struct database *db, const struct job *failed, struct error *err)
{
	char error[96];
	bool stop = false;

	if (!database_exists(db, &stop, err,
		"SELECT 1 FROM pipeline WHERE id = ? AND on_failure = 'stop'",
		VALUES(I(failed->pipeline))))
		return false;
	snprintf(error, sizeof error, "not run: job %lld of its pipeline failed",
	    (long long)failed->id);
	return !stop || jobstate_unqueue_all(db, failed->pipeline, error, err);
}

bool
jobstate_kill(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct job job = { 0 };
	bool done = transaction_begin(&t, db, err) && job_find(db, viewer, pipeline, id, &job, err);

	if (done && strcmp(job.state, "running") == 0)
		done = database_run(db, err, "UPDATE job SET cancel_requested = 1 WHERE id = ?",
		    VALUES(I(id)));
	else if (done && job.build != 0)
		done = jobwait_end(db, id, JOB_KILLED, err);
	else if (done && job.retry_at != 0)
		done = database_run(db, err, UNQUEUE "id = ?", VALUES(T(JOB_KILLED), I(id))) &&
		    jobstate_stop_pipeline(db, &job, err) && queue_refresh(db, job.pipeline, err);
	else if (done)
		done = error_set(err, ERROR_CONFLICT, "Cannot kill a job that is not running");
	job_clear(&job);
	return done && transaction_commit(&t, err);
}

bool
jobstate_delete(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct job job = { 0 };
	bool queued;

	if (!transaction_begin(&t, db, err) || !job_find(db, viewer, pipeline, id, &job, err))
		return false;
	queued = strcmp(job.state, "in_queue") == 0;
	job_clear(&job);
	if (queued)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot delete jobs in queue, try again later");
	return database_run(db, err,
		   "UPDATE job SET deleted = 1, build = NULL, cancel_requested = (state = 'running')"
		   " WHERE id = ?",
		   VALUES(I(id))) &&
	    transaction_commit(&t, err);
}

bool
jobstate_delete_ended(struct database *db, int64_t id, int64_t finished_at, struct error *err)
{
	return database_run(db, err,
	    "UPDATE job SET deleted = 1 WHERE id = ? AND finished_at = ?"
	    " AND state IN ('done', 'failed') AND NOT deleted",
	    VALUES(I(id), I(finished_at)));
}

bool
jobstate_delete_all(struct database *db, int64_t pipeline, struct error *err)
{
	return database_run(db, err, "UPDATE job SET deleted = 1, build = NULL WHERE pipeline = ?",
	    VALUES(I(pipeline)));
}

/* A job with a next try that is due. */
struct jobstate_due {
	int64_t job; /* 0: no job */
	int64_t pipeline;
};

static bool
jobstate_take_due(struct statement *st, void *context, struct error *err)
{
	struct jobstate_due *due = context;

	(void)err;
	due->job = statement_integer(st, 0);
	due->pipeline = statement_integer(st, 1);
	return true;
}

bool
jobstate_retry_due(struct database *db, struct error *err)
{
	int64_t now = clock_now_ms();

	for (;;) {
		cleanup_transaction struct transaction t = { NULL };
		struct jobstate_due due = { 0 };

		if (database_first(db, err,
			"SELECT id, pipeline FROM job WHERE retry_at <= ? ORDER BY retry_at LIMIT 1",
			VALUES(I(now)), jobstate_take_due, &due) < 0)
			return false;
		if (due.job == 0)
			return true;
		if (!transaction_begin(&t, db, err) ||
		    !database_run(db, err,
			"UPDATE job SET retry_at = NULL WHERE id = ? AND retry_at <= ?",
			VALUES(I(due.job), I(now))) ||
		    !queue_refresh(db, due.pipeline, err) || !transaction_commit(&t, err))
			return false;
	}
}

/* The columns that the end depends on. Other processes may have changed them. */
struct jobstate_before_end {
	struct job *job;
	char *results; /* token of the former results */
};

static bool
jobstate_take_before_end(struct statement *st, void *context, struct error *err)
{
	const struct jobstate_before_end *before = context;

	(void)err;
	statement_take_text(st, 0, before->results, NAME_TEXT);
	before->job->retries = statement_integer(st, 1);
	before->job->retries_left = statement_integer(st, 2);
	before->job->cancel_requested = statement_integer(st, 3) != 0;
	return true;
}

/* Returns the wait before the next try. It doubles each time, so that a failure can be repaired. */
static int64_t
jobstate_retry_delay_ms(const struct job *job)
{
	int64_t tried = job->retries - job->retries_left;
	int64_t delay_ms = RETRY_LEAST_MS << (tried < 20 ? tried : 20);

	return delay_ms < RETRY_MOST_MS ? delay_ms : RETRY_MOST_MS;
}

bool
jobstate_end(struct database *db, struct job *job, char old_results[static NAME_TEXT],
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	bool done = job->has_response && job->response == 0 && job->error == NULL;
	bool again;
	struct jobstate_before_end before = { job, old_results };
	int64_t now = clock_now_ms();

	old_results[0] = '\0';
	if (!transaction_begin(&t, db, err) ||
	    database_first(db, err,
		"SELECT results_token, retries, retries_left, cancel_requested FROM job WHERE id = ?",
		VALUES(I(job->id)), jobstate_take_before_end, &before) < 0)
		return false;
	again = !done && job->retries_left > 0 && !job->cancel_requested;
	job->retry_at = again ? now + jobstate_retry_delay_ms(job) : 0;
	if (!database_run(db, err,
		"UPDATE job SET state = ?, finished_at = ?, response = iif(?, ?, NULL), error = ?,"
		" used_cpu = iif(?6, ?, NULL), used_memory = iif(?6, ?, NULL), used_io = iif(?, ?, NULL),"
		" results_token = nullif(?, ''), results_size = ?, results_removed_at = NULL,"
		" logs_removed_at = NULL,"
		" log_size = log_size + ?, slot = NULL, retry_at = ?, retries_left = retries_left - ?"
		" WHERE id = ? AND state = 'running' AND attempt = ?",
		VALUES(T(again        ? "in_queue"
			       : done ? "done"
				      : "failed"),
		    I(now), I(job->has_response), I(job->response), T(job->error),
		    I(job->has_usage), D(job->used_cpu), I(job->used_memory), I(job->has_io),
		    I(job->used_io), T(job->results_token), I(job->results_size), I(job->log_size),
		    N(job->retry_at), I(again), I(job->id), I(job->attempt))))
		return false;
	if (database_changes(db) != 1)
		return error_set(err, ERROR_CONFLICT, "the attempt has ended already");
	return (done || again || jobstate_stop_pipeline(db, job, err)) &&
	    queue_refresh(db, job->pipeline, err) && transaction_commit(&t, err);
}

bool
jobstate_next_deleted(struct database *db, struct job *job, struct error *err)
{
	int64_t id = 0;

	*job = (struct job){ 0 };
	return database_integer(db, &id, err,
		   "SELECT id FROM job WHERE deleted = 1 AND state <> 'running' ORDER BY id LIMIT 1",
		   NO_VALUES) >= 0 &&
	    (id == 0 || job_read(db, id, job, err));
}

bool
jobstate_erase(struct database *db, const struct job *job, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) &&
	    database_run(db, err,
		"DELETE FROM job WHERE id = ? AND deleted = 1 AND state <> 'running'",
		VALUES(I(job->id))) &&
	    pipeline_erase_empty(db, job->pipeline, err) && transaction_commit(&t, err);
}
