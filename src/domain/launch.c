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

/* Makes the build that the job waits for. */
static bool
launch_build(struct database *db, const struct launch *launch, struct error *err)
{
	const struct account owner = { .id = launch->job->account };
	struct build_request request = *launch->build;

	request.viewer = &owner;
	request.name = launch_name(launch);
	return build_add(db, &request, &launch->job->build, &launch->job->image, err);
}

/* Writes the rows. The transaction is the caller's. */
static bool
launch_insert(struct database *db, const struct launch *launch, struct error *err)
{
	struct job *job = launch->job;

	return launch_check(db, launch, err) &&
	    (job->pipeline != 0 || launch_make_pipeline(db, launch, err)) &&
	    (launch->build == NULL || launch_build(db, launch, err)) &&
	    job_insert(db, job, launch->attachments, err) &&
	    account_storage_check(db, job->account, launch->config->storage_max, err) &&
	    (job->build != 0 ? jobwait_begin(db, job->id, job->build, err)
			     : jobstate_queue(db, job->id, err)) &&
	    submission_check_queued(db, job->account, 0, launch->config->queued_max, err) &&
	    queue_refresh(db, job->pipeline, err) &&
	    (launch->build == NULL ||
		build_publish(launch->spool, launch->staging, job->build, err));
}

bool
launch_create(struct database *db, const struct launch *launch, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct job *job = launch->job;
	bool files = launch->attachments->count > 0;
	struct error ignored;

	job->attachment_token[0] = '\0';
	/* Checked before the files are flushed, to fail early, and again in the transaction. */
	if (!launch_check(db, launch, err) ||
	    (launch->build != NULL && !build_flush(launch->staging, err)) ||
	    (files &&
		!inbox_publish(launch->spool, launch->staging, INBOX_STAGED, job->attachment_token,
		    err)))
		return false;
	if (!transaction_begin(&t, db, err) || !launch_insert(db, launch, err)) {
		if (files) /* if this fails, the sweep does it */
			(void)tree_remove(launch->spool->inbox, job->attachment_token, &ignored);
		return false;
	}
	/* Leaves the files to the sweep if the commit fails: it may be found done after a crash. */
	return transaction_commit(&t, err);
}
