#ifndef KABUTO_PIPELINE_H
#define KABUTO_PIPELINE_H
/*
 * Pipelines. The jobs of a pipeline have an order and are submitted together.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "page.h"

struct pipeline {
	int64_t id;
	int64_t account;
	const char *name;
	const char *on_failure; /* "continue" or "stop" */
	int64_t max_parallel;
	int64_t created_at;
	bool of_run;       /* POST /run makes it for its job (jobwait_drop); not read */
	const char *login; /* the account's; only read */
};

bool pipeline_create(struct database *db, const struct pipeline *pipeline, int64_t *id,
    struct error *err);

/*
 * Gets one pipeline; its texts are valid during the call. False, with err set, ends the list.
 */
typedef bool pipeline_visit(const struct pipeline *pipeline, void *context, struct error *err);

/*
 * Lists a page of the viewer's pipelines, or of all for an admin. name is a part of the name; NULL:
 * any name.
 */
bool pipeline_each(struct database *db, const struct account *viewer, const char *name,
    struct page *page, pipeline_visit *visit, void *context, struct error *err);

/*
 * Calls visit (may be NULL) for one pipeline. ERROR_NOT_FOUND "Pipeline not found": it does not
 * exist, or is not the viewer's.
 */
bool pipeline_show(struct database *db, const struct account *viewer, int64_t id,
    pipeline_visit *visit, void *context, struct error *err);

/* pipeline_jobs calls this for each job of a pipeline, in their order. */
typedef bool pipeline_job_visit(int64_t job, const char *state, void *context, struct error *err);
bool pipeline_jobs(struct database *db, int64_t pipeline, pipeline_job_visit *visit, void *context,
    struct error *err);

/* A change of a pipeline. */
struct ids {
	int64_t *items; /* NULL: not given */
	size_t count;
};
struct pipeline_change {
	const char *name;       /* NULL: no change */
	const char *on_failure; /* NULL: no change */
	int64_t max_parallel;   /* 0: no change */
	struct ids remove;      /* jobs to delete */
	struct ids rearrange;   /* all remaining jobs, in their new order */
};

/* The rest must be called within a transaction. */

/* Writes the new name, on_failure and max_parallel. Does not change the jobs. */
bool pipeline_write(struct database *db, int64_t id, const struct pipeline_change *change,
    struct error *err);

/* Gives the jobs a new order. ERROR_INPUT: `jobs` is not the ids of all its jobs, each once. */
bool pipeline_rearrange(struct database *db, int64_t id, const struct ids *jobs, struct error *err);

/* Marks the pipeline as deleted: no one sees it. Its row is erased after its last job. */
bool pipeline_delete(struct database *db, int64_t id, struct error *err);

/* Drop the row of one deleted pipeline, or the rows of all, if they have no jobs left. */
bool pipeline_erase_empty(struct database *db, int64_t id, struct error *err);
bool pipeline_erase_all_empty(struct database *db, struct error *err);

#endif
