#ifndef KABUTO_PIPELINE_H
#define KABUTO_PIPELINE_H
/*
 * Pipelines: jobs in an order, submitted together.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "config.h"
#include "database.h"
#include "error.h"

struct pipeline {
	int64_t id;
	int64_t account;
	const char *name;
	const char *on_failure; /* "continue" or "stop" */
	int64_t max_parallel;
	int64_t created_at;
};

bool pipeline_create(struct database *db, const struct pipeline *pipeline, int64_t *id,
    struct error *err);

/*
 * Called for each pipeline with texts that last for the call; false, with err set, ends the list.
 */
typedef bool pipeline_visit(const struct pipeline *pipeline, void *context, struct error *err);

/* The viewer's pipelines (all, for an admin) by id: those after the id after, at most limit. */
bool pipeline_each(struct database *db, const struct account *viewer, int64_t after, int64_t limit,
    pipeline_visit *visit, void *context, struct error *err);

/*
 * One pipeline; ERROR_NOT_FOUND "Pipeline not found" where it is not the viewer's. visit may be
 * NULL.
 */
bool pipeline_show(struct database *db, const struct account *viewer, int64_t id,
    pipeline_visit *visit, void *context, struct error *err);

/* Called for each job of a pipeline in their order. */
typedef bool pipeline_job_visit(int64_t job, const char *state, void *context, struct error *err);
bool pipeline_jobs(struct database *db, int64_t pipeline, pipeline_job_visit *visit, void *context,
    struct error *err);

/*
 * Puts the pipeline's jobs in queue, but for those that are there or run: they stay as they are.
 * ERROR_TOO_MANY where the owner would have more than queued_max in queue, ERROR_TOO_LARGE where it
 * stores more than it may, ERROR_CONFLICT where a job's image was deleted; nothing is changed then.
 * visit gets every job as the submit leaves it, which no one else sees until it has succeeded; it
 * may be NULL.
 */
bool pipeline_submit(struct database *db, const struct account *viewer, int64_t id,
    const struct config *config, pipeline_job_visit *visit, void *context, struct error *err);

/* What of a pipeline is changed. */
struct ids {
	int64_t *items; /* NULL: not given */
	size_t count;
};
struct pipeline_change {
	const char *name;       /* NULL: it stays */
	const char *on_failure; /* likewise */
	int64_t max_parallel;   /* 0: likewise */
	struct ids remove;      /* jobs that are deleted, as job_delete does */
	struct ids rearrange;   /* all jobs that then are left, in their new order */
};
/* All of it or nothing. */
bool pipeline_update(struct database *db, const struct account *viewer, int64_t id,
    const struct pipeline_change *change, struct error *err);

/*
 * Takes what waits out of the queue, and asks for the end of what runs. visit gets every job as
 * this leaves it.
 */
bool pipeline_cancel(struct database *db, const struct account *viewer, int64_t id,
    pipeline_job_visit *visit, void *context, struct error *err);

/*
 * Deletes a pipeline with its jobs: nobody sees them from now on, and the spooler removes what
 * there is of them. ERROR_CONFLICT: one of its jobs runs.
 */
bool pipeline_delete(struct database *db, const struct account *viewer, int64_t id,
    struct error *err);

/* The spooler's: drops the row of a deleted pipeline (of all) that has no job left. */
bool pipeline_erase_empty(struct database *db, int64_t id, struct error *err);
bool pipeline_erase_all_empty(struct database *db, struct error *err);

#endif
