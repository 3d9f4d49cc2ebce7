/*
 * Making a job and queueing it in one transaction. The attachments are published before, because
 * flushing them may take long.
 */
#include "launch.h"

#include "image.h"
#include "inbox.h"
#include "jobstate.h"
#include "jobwait.h"
#include "pipeline.h"
#include "queue.h"
#include "submission.h"
#include "transaction.h"
#include "tree.h"

static const char *
launch_name(const struct launch *launch)
{
	return launch->job->name != NULL ? launch->job->name : LAUNCH_NAME;
}

/* Makes a pipeline of the viewer for the job, which has none. */
static bool
launch_make_pipeline(struct database *db, const struct launch *launch, struct error *err)
{
	const struct pipeline pipeline = { .account = launch->viewer->id,
		.name = launch_name(launch),
		.on_failure = "continue",
		.max_parallel = 1,
		.of_run = true };

	return pipeline_create(db, &pipeline, &launch->job->pipeline, err);
}

/* Checks what the call names, and sets job->account. */
static bool
launch_check(struct database *db, const struct launch *launch, struct error *err)
{
	struct job *job = launch->job;
	int64_t owner;

	job->account = launch->viewer->id;
	return (job->pipeline == 0 || job_check_pipeline(db, launch->viewer, job, err)) &&
	    (launch->build != NULL || image_owner(db, launch->viewer, job->image, &owner, err));
}

/*
 * Sets the job's image, and the build that it waits for, to those of the same content. *found:
 * there is such an image.
 */
static bool
launch_reuse(struct database *db, const struct launch *launch, bool *found, struct error *err)
{
	struct job *job = launch->job;

	*found = launch->build == NULL;
	if (launch->build == NULL || launch->build->nocache)
		return true;
	if (!build_find_content(db, job->account, launch->build->content_hash, &job->image,
		&job->build, err))
		return false;
	*found = job->image != 0;
	return true;
}

/* Makes the build that the job waits for. flushed: its context is on the disk. */
static bool
launch_build(struct database *db, const struct launch *launch, bool flushed, struct error *err)
{
	const struct account owner = { .id = launch->job->account };
	struct build_request request = *launch->build;

	if (!flushed)
		return error_set(err, ERROR_BUSY,
		    "the image of this content was changed at the same time; send the call again");
	request.viewer = &owner;
	request.name = launch_name(launch);
	return build_add(db, &request, &launch->job->build, &launch->job->image, err);
}

/* Writes the job's row, and queues it or makes it wait. */
static bool
launch_insert_job(struct database *db, const struct launch *launch, struct error *err)
{
	struct job *job = launch->job;

	return job_insert(db, job, launch->attachments, err) &&
	    account_storage_check(db, job->account, launch->config->storage_max, err) &&
	    (job->build != 0 ? jobwait_begin(db, job->id, job->build, err)
			     : jobstate_queue(db, job->id, err)) &&
	    submission_check_queued(db, job->account, 0, launch->config->queued_max, err) &&
	    queue_refresh(db, job->pipeline, err);
}

/* Writes the rows. The transaction is the caller's. */
static bool
launch_insert(struct database *db, const struct launch *launch, bool flushed, struct error *err)
{
	struct job *job = launch->job;
	bool found;

	return launch_check(db, launch, err) && launch_reuse(db, launch, &found, err) &&
	    (job->pipeline != 0 || launch_make_pipeline(db, launch, err)) &&
	    (found || launch_build(db, launch, flushed, err)) &&
	    launch_insert_job(db, launch, err) &&
	    (found || build_publish(launch->spool, launch->staging, job->build, err));
}

bool
launch_create(struct database *db, const struct launch *launch, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct job *job = launch->job;
	bool files = launch->attachments->count > 0, found;
	struct error ignored;

	job->attachment_token[0] = '\0';
	/* Checked before the files are flushed, to fail early, and again in the transaction. */
	if (!launch_check(db, launch, err) || !launch_reuse(db, launch, &found, err) ||
	    (!found && !build_flush(launch->staging, err)) ||
	    (files &&
		!inbox_publish(launch->spool, launch->staging, INBOX_STAGED, job->attachment_token,
		    err)))
		return false;
	if (!transaction_begin(&t, db, err) || !launch_insert(db, launch, !found, err)) {
		if (files) /* if this fails, the sweep does it */
			(void)tree_remove(launch->spool->inbox, job->attachment_token, &ignored);
		return false;
	}
	/* Leaves the files to the sweep if the commit fails: it may be found done after a crash. */
	return transaction_commit(&t, err);
}
