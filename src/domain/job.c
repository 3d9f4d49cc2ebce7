/*
 * The rows of jobs: reading, adding and changing them, with a check of the viewer. jobstate.c
 * changes their states.
 */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "image.h"
#include "joboption.h"
#include "staging.h"
#include "inbox.h"
#include "tree.h"
#include "transaction.h"

#define JOB_SELECT "SELECT " JOB_ROW " FROM job"

void
job_clear(struct job *job)
{
	joboption_clear(job);
	free(job->error);
	free(job->image_name);
	free(job->pipeline_name);
	free(job->reruns);
	*job = (struct job){ 0 };
}

bool
job_ended(const struct job *job)
{
	return strcmp(job->state, "done") == 0 || strcmp(job->state, "failed") == 0;
}

bool
job_take(struct statement *st, void *context, struct error *err)
{
	struct job *job = context;
	int column = JOBOPTION_COUNT;

	*job = (struct job){ 0 };
	joboption_take(st, 0, job);
	job->id = statement_integer(st, column++);
	job->pipeline = statement_integer(st, column++);
	job->account = statement_integer(st, column++);
	job->image = statement_integer(st, column++);
	statement_take_text(st, column++, job->state, sizeof job->state);
	job->attempt = statement_integer(st, column++);
	statement_take_text(st, column++, job->attachment_token, sizeof job->attachment_token);
	statement_take_text(st, column++, job->results_token, sizeof job->results_token);
	job->created_at = statement_integer(st, column++);
	job->queued_at = statement_integer(st, column++);
	job->started_at = statement_integer(st, column++);
	job->start_marked_at = statement_integer(st, column++);
	job->finished_at = statement_integer(st, column++);
	job->has_response = statement_text(st, column) != NULL;
	job->response = statement_integer(st, column++);
	job->error = statement_copy(st, column++);
	job->has_usage = statement_text(st, column) != NULL;
	job->used_cpu = statement_decimal(st, column++);
	job->used_memory = statement_integer(st, column++);
	job->has_io = statement_text(st, column) != NULL;
	job->used_io = statement_integer(st, column++);
	job->retries_left = statement_integer(st, column++);
	job->retry_at = statement_integer(st, column++);
	job->cancel_requested = statement_integer(st, column++) != 0;
	job->deleted = statement_integer(st, column++) != 0;
	job->slot = statement_integer(st, column++);
	job->results_size = statement_integer(st, column++);
	job->log_size = statement_integer(st, column++);
	job->results_removed_at = statement_integer(st, column++);
	job->logs_removed_at = statement_integer(st, column++);
	job->first_attempt = statement_integer(st, column++);
	job->position = statement_integer(st, column++);
	job->changed = statement_integer(st, column++);
	job->rerun_of = statement_integer(st, column++);
	job->build = statement_integer(st, column++);
	statement_take_text(st, column++, job->login, sizeof job->login);
	job->image_name = statement_copy(st, column++);
	job->pipeline_name = statement_copy(st, column++);
	job->reruns = statement_copy(st, column++);
	if (statement_copied(st, err))
		return true;
	job_clear(job);
	return false;
}

bool
job_check_pipeline(struct database *db, const struct account *viewer, struct job *job,
    struct error *err)
{
	int row = database_integer(db, &job->account, err,
	    "SELECT account FROM pipeline WHERE id = ? AND (account = ? OR ?) AND NOT deleted",
	    VALUES(I(job->pipeline), I(viewer->id), I(viewer->admin)));

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Pipeline not found"));
}

/* Checks that the viewer may use the job's pipeline and image. Sets job->account. */
static bool
job_check_owner(struct database *db, const struct account *viewer, struct job *job,
    struct error *err)
{
	int64_t owner;

	return job_check_pipeline(db, viewer, job, err) &&
	    image_owner(db, viewer, job->image, &owner, err);
}

static bool
job_insert_row(struct database *db, struct job *job, int64_t inbox_size, struct error *err)
{
	struct sql_value values[JOBOPTION_COUNT + 7];
	int count = 7;

	memcpy(values,
	    VALUES(I(job->pipeline), I(job->account), I(job->image), T(job->attachment_token),
		I(inbox_size), I(clock_now_ms()), N(job->rerun_of))
		.items,
	    7 * sizeof values[0]);
	joboption_values(job, values + count);
	count += JOBOPTION_COUNT;
	if (!database_run(db, err,
		"INSERT INTO job (pipeline, account, image, attachment_token, inbox_size, created_at,"
		" rerun_of, " JOBOPTION_COLUMNS
		"position) VALUES (?, ?, ?, ?, ?, ?, ?, " JOBOPTION_MARKS
		"(SELECT coalesce(max(position), 0) + 1 FROM job WHERE pipeline = ?1))",
		(struct sql_values){ values, count }))
		return false;
	job->id = database_inserted(db);
	return true;
}

bool
job_insert(struct database *db, struct job *job, const struct attachments *attachments,
    struct error *err)
{
	return job_insert_row(db, job, attachment_size(attachments), err) &&
	    attachment_insert(db, job->id, attachments, err);
}

bool
job_create(struct database *db, struct spool *spool, const struct account *viewer, struct job *job,
    const struct attachments *attachments, struct staging *staging, int64_t storage_max,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct error ignored;
	bool files = attachments->count > 0;

	/* Checked before the files are flushed, to fail early, and again in the transaction. */
	if (!job_check_owner(db, viewer, job, err))
		return false;
	job->attachment_token[0] = '\0';
	if (files && !inbox_publish(spool, staging, INBOX_STAGED, job->attachment_token, err))
		return false;
	if (!transaction_begin(&t, db, err) || !job_check_owner(db, viewer, job, err) ||
	    !job_insert(db, job, attachments, err) ||
	    (files && !account_storage_check(db, job->account, storage_max, err))) {
		if (files)
			(void)tree_remove(spool->inbox, job->attachment_token,
			    &ignored); /* if this fails, the sweep does it */
		return false;
	}
	/* Leaves the files to the sweep if the commit fails: it may be found done after a crash. */
	return transaction_commit(&t, err);
}

/* Merges the old files with the new ones in one folder, and publishes it under a new name. */
static bool
job_renew_inbox(struct database *db, struct spool *spool, struct job *job, struct attachments *list,
    struct staging *staging, const struct config *config, struct error *err)
{
	struct attachments former;
	bool done;

	if (!attachment_list(db, job->id, &former, err))
		return false;
	done = inbox_link(spool, job->attachment_token, staging, INBOX_STAGED, list, &former,
		   config->attachments_max, err) &&
	    inbox_publish(spool, staging, INBOX_STAGED, job->attachment_token, err);
	attachment_clear(&former);
	return done;
}

static bool
job_replace_attachments(struct database *db, const struct job *job, const struct attachments *list,
    int64_t storage_max, struct error *err)
{
	return database_run(db, err, "DELETE FROM attachment WHERE job = ?", VALUES(I(job->id))) &&
	    attachment_insert(db, job->id, list, err) &&
	    database_run(db, err,
		"UPDATE job SET attachment_token = ?, inbox_size = ? WHERE id = ?",
		VALUES(T(job->attachment_token), I(attachment_size(list)), I(job->id))) &&
	    account_storage_check(db, job->account, storage_max, err);
}

/* Checks that the image of a job was not deleted. Its first build may be pending. */
static bool
job_check_kept_image(struct database *db, int64_t image, struct error *err)
{
	bool exists;

	return database_exists(db, &exists, err, "SELECT 1 FROM image WHERE id = ? AND NOT deleted",
		   VALUES(I(image))) &&
	    (exists || error_set(err, ERROR_NOT_FOUND, "Image not found"));
}

static bool
job_read_changed(struct database *db, const struct account *viewer, const struct job_change *change,
    struct job *job, struct error *err)
{
	int64_t former, owner;

	if (!job_find(db, viewer, change->pipeline, change->id, job, err))
		return false;
	if (strcmp(job->state, "in_queue") == 0 || strcmp(job->state, "running") == 0)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot change a job that is in queue or running");
	if (job->build != 0)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot change a job while its image is being built (build %lld): kill the job "
		    "first, or wait until it has run",
		    (long long)job->build);
	former = job->image;
	if (!change->apply(job, change->context, err))
		return false;
	return job->image == former ? job_check_kept_image(db, former, err)
				    : image_owner(db, viewer, job->image, &owner, err);
}

/* Writes all but the attachments. */
static bool
job_write_options(struct database *db, const struct job *job, struct error *err)
{
	struct sql_value values[JOBOPTION_COUNT + 2];

	joboption_values(job, values);
	values[JOBOPTION_COUNT] = I(job->image);
	values[JOBOPTION_COUNT + 1] = I(job->id);
	return database_run(db, err, "UPDATE job SET " JOBOPTION_SETS "image = ? WHERE id = ?",
	    (struct sql_values){ values, JOBOPTION_COUNT + 2 });
}

/* Reads the job again in the same transaction, so that it does not undo changes of other calls. */
static bool
job_write_change(struct database *db, const struct account *viewer, const struct job_change *change,
    const struct attachments *list, const char *token, char former[static NAME_TEXT],
    const struct config *config, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct job job = { 0 };
	bool done =
	    transaction_begin(&t, db, err) && job_read_changed(db, viewer, change, &job, err);

	if (done && strcmp(job.attachment_token, former) != 0)
		done = error_set(err, ERROR_BUSY,
		    "the job's attachments were changed at the same time; send the call again");
	if (done && list->count > 0)
		snprintf(job.attachment_token, sizeof job.attachment_token, "%s", token);
	done = done && job_write_options(db, &job, err) &&
	    (list->count == 0 || job_replace_attachments(db, &job, list, config->storage_max, err));
	job_clear(&job);
	return done && transaction_commit(&t, err);
}

bool
job_update(struct database *db, struct spool *spool, const struct account *viewer,
    const struct job_change *change, struct attachments *attachments, struct staging *staging,
    const struct config *config, char former[static NAME_TEXT], struct error *err)
{
	char token[NAME_TEXT] = "";
	struct job job = { 0 };
	bool files = attachments->count > 0, done;

	/* Checked before the files are flushed, to fail early, and again in the transaction. */
	done = job_read_changed(db, viewer, change, &job, err);
	snprintf(former, NAME_TEXT, "%s", job.attachment_token);
	done =
	    done && (!files || job_renew_inbox(db, spool, &job, attachments, staging, config, err));
	if (done && files)
		snprintf(token, sizeof token, "%s", job.attachment_token);
	job_clear(&job);
	return done &&
	    job_write_change(db, viewer, change, attachments, token, former, config, err);
}

bool
job_find(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct job *job, struct error *err)
{
	int row = database_first(db, err,
	    JOB_SELECT " WHERE id = ? AND (account = ? OR ?) AND (pipeline = ? OR ? = 0)"
		       " AND NOT deleted",
	    VALUES(I(id), I(viewer->id), I(viewer->admin), I(pipeline), I(pipeline)), job_take,
	    job);

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Job not found"));
}

bool
job_read(struct database *db, int64_t id, struct job *job, struct error *err)
{
	*job = (struct job){ 0 };
	return database_first(db, err, JOB_SELECT " WHERE id = ?", VALUES(I(id)), job_take, job) >=
	    0;
}

bool
job_has_attachment_token(struct database *db, const char *token, bool *has, struct error *err)
{
	return database_exists(db, has, err,
	    "SELECT 1 FROM job WHERE attachment_token = ? AND attachment_token <> ''",
	    VALUES(T(token)));
}

bool
job_has_results_token(struct database *db, const char *token, bool *has, struct error *err)
{
	return database_exists(db, has, err, "SELECT 1 FROM job WHERE results_token = ?",
	    VALUES(T(token)));
}

bool
job_next(struct database *db, int64_t after, int64_t *id, struct error *err)
{
	*id = 0;
	return database_integer(db, id, err,
		   "SELECT id FROM job WHERE id > ? AND NOT deleted ORDER BY id LIMIT 1",
		   VALUES(I(after))) >= 0;
}

bool
job_oldest_start(struct database *db, int64_t *started_at, struct error *err)
{
	int64_t oldest = 0;

	if (database_integer(db, &oldest, err,
		"/*scan*/ SELECT min(started_at) FROM job INDEXED BY job_running"
		" WHERE state = 'running'",
		NO_VALUES) < 0)
		return false;
	*started_at = oldest == 0 ? INT64_MAX : oldest;
	return true;
}

const char *const job_states[] = { "ready", "in_queue", "running", "done", "failed" };

static bool
job_take_count(struct statement *st, void *context, struct error *err)
{
	int64_t *counts = context;

	(void)err;
	for (size_t i = 0; i < JOB_STATES; i++)
		if (strcmp(statement_text(st, 0), job_states[i]) == 0)
			counts[i] = statement_integer(st, 1);
	return true;
}

bool
job_count(struct database *db, int64_t counts[static JOB_STATES], struct error *err)
{
	memset(counts, 0, JOB_STATES * sizeof counts[0]);
	return database_each(db, err,
	    "/*scan*/ SELECT state, count(*) FROM job WHERE NOT deleted GROUP BY state", NO_VALUES,
	    job_take_count, counts);
}
