#ifndef KABUTO_PIPELINE_H
#define KABUTO_PIPELINE_H
/*
 * Pipelines: jobs in an order, submitted together.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
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

/* What of a pipeline is changed. */
struct ids {
	int64_t *items; /* NULL: not given */
	size_t count;
};
struct pipeline_change {
	const char *name;       /* NULL: it stays */
	const char *on_failure; /* NULL: it stays */
	int64_t max_parallel;   /* 0: it stays */
	struct ids remove;      /* jobs to delete */
	struct ids rearrange;   /* all jobs that are left then, in their new order */
};

/* The rest must be called within a transaction. */

/* Writes what the change says of the pipeline itself, its jobs left out. */
bool pipeline_write(struct database *db, int64_t id, const struct pipeline_change *change,
    struct error *err);

/* Gives the pipeline's jobs a new order. ERROR_INPUT: jobs are not the ids of all, each once. */
bool pipeline_rearrange(struct database *db, int64_t id, const struct ids *jobs, struct error *err);

/* Hides the pipeline from everybody. Its row goes once its jobs are gone. */
bool pipeline_hide(struct database *db, int64_t id, struct error *err);

/* Drops the row of a deleted pipeline, or of all of them, that has no job left. */
bool pipeline_erase_empty(struct database *db, int64_t id, struct error *err);
bool pipeline_erase_all_empty(struct database *db, struct error *err);

#endif
