/*
 * Copying jobs. First the inboxes of all copies are made and published, then their rows are written
 * in one transaction, which checks that the old jobs are still the same.
 */
#include "rerun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "image.h"
#include "inbox.h"
#include "jobstate.h"
#include "queue.h"
#include "submission.h"
#include "transaction.h"
#include "tree.h"

struct rerun_copy {
	struct job job;         /* the new job; job.rerun_of is the old one */
	char former[NAME_TEXT]; /* the old one's inbox */
	struct attachments files;
};

/* The copies that one call makes. */
struct rerun_copies {
	struct rerun_copy *items;
	size_t count;
	bool submit;
};

static void
rerun_clear(struct rerun_copies *copies)
{
	for (size_t i = 0; i < copies->count; i++) {
		job_clear(&copies->items[i].job);
		attachment_clear(&copies->items[i].files);
	}
	free(copies->items);
	*copies = (struct rerun_copies){ 0 };
}

static bool
rerun_changed(int64_t job, struct error *err)
{
	return error_set(err, ERROR_BUSY,
	    "job %lld was changed at the same time; send the call again", (long long)job);
}

/* Checks that the image of a job that keeps it was not deleted, and is built or will be. */
static bool
rerun_check_image(struct database *db, const struct job *copy, struct error *err)
{
	bool exists;

	if (!database_exists(db, &exists, err,
		"SELECT 1 FROM image WHERE id = ? AND NOT deleted"
		" AND (build IS NOT NULL OR " IMAGE_IS_BEING_BUILT ")",
		VALUES(I(copy->image))))
		return false;
	return exists ||
	    error_set(err, ERROR_CONFLICT,
		"the image of job %lld was deleted, or was never built: send another one (image_id)",
		(long long)copy->rerun_of);
}

/* Makes the row of the copy from the old job's row, which copy->job is at first. */
static bool
rerun_change(struct database *db, const struct account *viewer, const struct rerun *rerun,
    struct rerun_copy *copy, struct error *err)
{
	struct job *job = &copy->job;
	int64_t image = job->image, owner;

	job->rerun_of = job->id;
	memcpy(copy->former, job->attachment_token, sizeof copy->former);
	job->attachment_token[0] = '\0';
	if (!rerun->apply(job, rerun->context, err))
		return false;
	return job->image == image ? rerun_check_image(db, job, err)
				   : image_owner(db, viewer, job->image, &owner, err);
}

/* ERROR_BUSY: the old job was deleted, or its attachments were replaced. */
static bool
rerun_check_unchanged(struct database *db, const struct rerun_copy *copy, struct error *err)
{
	bool same;

	if (!database_exists(db, &same, err,
		"SELECT 1 FROM job WHERE id = ? AND attachment_token = ? AND NOT deleted",
		VALUES(I(copy->job.rerun_of), T(copy->former))))
		return false;
	return same || rerun_changed(copy->job.rerun_of, err);
}

/* Adds links of the old job's attachments to the inbox `name` of the staging folder. */
static bool
rerun_link(struct database *db, const struct spool *spool, const struct rerun *rerun,
    const char *name, const char *const *without, size_t without_count, struct rerun_copy *copy,
    struct error *err)
{
	struct attachments former;
	bool done = true;

	if (!attachment_list(db, copy->job.rerun_of, &former, err))
		return false;
	for (size_t i = 0; done && i < without_count; i++)
		done = attachment_remove(&former, without[i]) ||
		    error_set(err, ERROR_INPUT,
			"remove_attachments: the job has no attachment '%s'", without[i]);
	done = done &&
	    (former.count == 0 ||
		inbox_link(spool, copy->former, rerun->staging, name, &copy->files, &former,
		    rerun->config->attachments_max, err));
	attachment_clear(&former);
	if (!done && err->kind == ERROR_CONFLICT)
		(void)rerun_check_unchanged(db, copy, err); /* else a file is missing */
	return done;
}

static bool
rerun_insert(struct database *db, struct rerun_copy *copy, bool submit, struct error *err)
{
	struct job *job = &copy->job;

	return rerun_check_image(db, job, err) && rerun_check_unchanged(db, copy, err) &&
	    job_insert(db, job, &copy->files, err) && (!submit || jobstate_queue(db, job->id, err));
}

/* Writes the rows. The transaction is the caller's. */
static bool
rerun_insert_all(struct database *db, const struct rerun *rerun, struct rerun_copies *copies,
    struct error *err)
{
	int64_t account;

	for (size_t i = 0; i < copies->count; i++)
		if (!rerun_insert(db, &copies->items[i], copies->submit, err))
			return false;
	if (copies->count == 0)
		return true;
	account = copies->items[0].job.account;
	return account_storage_check(db, account, rerun->config->storage_max, err) &&
	    (!copies->submit ||
		submission_check_queued(db, account, 0, rerun->config->queued_max, err)) &&
	    queue_refresh(db, rerun->pipeline, err);
}

/* Removes the inboxes of copies that were not inserted. If this fails, the sweep does it. */
static void
rerun_discard(const struct spool *spool, const struct rerun_copies *copies)
{
	struct error ignored;

	for (size_t i = 0; i < copies->count; i++)
		if (copies->items[i].job.attachment_token[0] != '\0')
			(void)tree_remove(spool->inbox, copies->items[i].job.attachment_token,
			    &ignored);
}

bool
rerun_job(struct database *db, struct spool *spool, const struct account *viewer,
    const struct rerun *rerun, int64_t id, struct attachments *attachments,
    const char *const *without, size_t without_count, bool submit, int64_t *new_id,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct rerun_copy copy = { .files = *attachments };
	struct rerun_copies copies = { &copy, 1, submit };
	bool done = job_find(db, viewer, rerun->pipeline, id, &copy.job, err) &&
	    rerun_change(db, viewer, rerun, &copy, err) &&
	    rerun_link(db, spool, rerun, INBOX_STAGED, without, without_count, &copy, err) &&
	    (copy.files.count == 0 ||
		inbox_publish(spool, rerun->staging, INBOX_STAGED, copy.job.attachment_token, err));

	*attachments = copy.files;
	done = done && transaction_begin(&t, db, err) && rerun_insert_all(db, rerun, &copies, err);
	if (!done)
		rerun_discard(spool, &copies);
	else
		*new_id = copy.job.id;
	job_clear(&copy.job);
	return done && transaction_commit(&t, err);
}

static bool
rerun_take_id(struct statement *st, void *context, struct error *err)
{
	struct ids *ids = context;
	int64_t *items = realloc(ids->items, (ids->count + 1) * sizeof items[0]);

	if (items == NULL)
		return error_set(err, ERROR_SYSTEM, "list the jobs: not enough memory");
	ids->items = items;
	ids->items[ids->count++] = statement_integer(st, 0);
	return true;
}

/* Lists the failed jobs without a copy. The caller frees ids->items. */
static bool
rerun_find_failed(struct database *db, int64_t pipeline, bool out_of_memory, struct ids *ids,
    struct error *err)
{
	*ids = (struct ids){ 0 };
	return database_each(db, err,
	    "SELECT id FROM job WHERE pipeline = ?1 AND state = 'failed' AND NOT deleted"
	    " AND (NOT ?2 OR error GLOB '" JOB_OUT_OF_MEMORY "*')"
	    " AND NOT EXISTS (SELECT 1 FROM job AS copy"
	    "  WHERE copy.rerun_of = job.id AND NOT copy.deleted)"
	    " ORDER BY position",
	    VALUES(I(pipeline), I(out_of_memory)), rerun_take_id, ids);
}

static bool
rerun_check_same(struct database *db, const struct rerun *rerun, bool out_of_memory,
    const struct ids *ids, struct error *err)
{
	struct ids now;
	bool done = rerun_find_failed(db, rerun->pipeline, out_of_memory, &now, err), same;

	same = done && now.count == ids->count &&
	    (now.count == 0 || memcmp(now.items, ids->items, now.count * sizeof now.items[0]) == 0);
	free(now.items);
	return same ||
	    (done &&
		error_set(err, ERROR_BUSY,
		    "the pipeline's jobs changed at the same time; send the call again"));
}

/* Makes the copies of the jobs, with their inboxes. On false the caller discards them, too. */
static bool
rerun_prepare(struct database *db, struct spool *spool, const struct account *viewer,
    const struct rerun *rerun, const struct ids *ids, struct rerun_copies *copies,
    struct error *err)
{
	copies->items = calloc(ids->count + 1, sizeof copies->items[0]);
	if (copies->items == NULL)
		return error_set(err, ERROR_SYSTEM, "copy the jobs: not enough memory");
	for (size_t i = 0; i < ids->count; i++) {
		struct rerun_copy *copy = &copies->items[copies->count++];
		char name[24];

		snprintf(name, sizeof name, "%zu", i);
		if (!job_read(db, ids->items[i], &copy->job, err))
			return false;
		if (copy->job.id == 0 || copy->job.deleted)
			return rerun_changed(ids->items[i], err);
		if (!rerun_change(db, viewer, rerun, copy, err))
			return false;
		if (i == 0 &&
		    !submission_check_queued(db, copy->job.account, (int64_t)ids->count,
			rerun->config->queued_max, err))
			return false;
		if (copy->former[0] != '\0' &&
		    (!inbox_make(rerun->staging, name, err) ||
			!rerun_link(db, spool, rerun, name, NULL, 0, copy, err)))
			return error_wrap(err, "job %lld", (long long)ids->items[i]);
	}
	for (size_t i = 0; i < copies->count; i++) {
		struct rerun_copy *copy = &copies->items[i];
		char name[24];

		snprintf(name, sizeof name, "%zu", i);
		if (copy->files.count > 0 &&
		    !inbox_publish(spool, rerun->staging, name, copy->job.attachment_token, err))
			return false;
	}
	return true;
}

bool
rerun_pipeline(struct database *db, struct spool *spool, const struct account *viewer,
    const struct rerun *rerun, bool out_of_memory, struct ids *ids, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct rerun_copies copies = { .submit = true };
	bool done;

	*ids = (struct ids){ 0 };
	if (!pipeline_show(db, viewer, rerun->pipeline, NULL, NULL, err))
		return false;
	done = rerun_find_failed(db, rerun->pipeline, out_of_memory, ids, err) &&
	    rerun_prepare(db, spool, viewer, rerun, ids, &copies, err) &&
	    transaction_begin(&t, db, err) &&
	    rerun_check_same(db, rerun, out_of_memory, ids, err) &&
	    rerun_insert_all(db, rerun, &copies, err);
	if (!done)
		rerun_discard(spool, &copies);
	for (size_t i = 0; i < copies.count; i++)
		ids->items[i] = copies.items[i].job.id;
	rerun_clear(&copies);
	return done && transaction_commit(&t, err);
}
