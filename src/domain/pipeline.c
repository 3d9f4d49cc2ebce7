/*
 * The rows of pipelines, and the order of their jobs. submission.c submits and cancels them.
 */
#include "pipeline.h"

#include "clock.h"
#include "transaction.h"

#define PIPELINE_ROW                                                                               \
	"id, account, name, on_failure, max_parallel, created_at,"                                 \
	" (SELECT login FROM account WHERE account.id = pipeline.account)"

bool
pipeline_create(struct database *db, const struct pipeline *pipeline, int64_t *id,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, err,
		"INSERT INTO pipeline (account, name, on_failure, max_parallel, created_at, of_run)"
		" VALUES (?, ?, ?, ?, ?, ?)",
		VALUES(I(pipeline->account), T(pipeline->name), T(pipeline->on_failure),
		    I(pipeline->max_parallel), I(clock_now_ms()), I(pipeline->of_run))))
		return false;
	*id = database_inserted(db);
	return transaction_commit(&t, err);
}

struct pipeline_each {
	pipeline_visit *visit; /* may be NULL */
	void *context;
};

static bool
pipeline_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct pipeline_each *each = context;
	const struct pipeline pipeline = {
		.id = statement_integer(st, 0),
		.account = statement_integer(st, 1),
		.name = statement_text(st, 2),
		.on_failure = statement_text(st, 3),
		.max_parallel = statement_integer(st, 4),
		.created_at = statement_integer(st, 5),
		.login = statement_text(st, 6),
	};

	return each->visit == NULL || each->visit(&pipeline, each->context, err);
}

#define SOURCE(index, key)                                                                         \
	PAGE_SOURCE(PIPELINE_ROW, "pipeline " index, "id", key,                                    \
	    " AND NOT deleted AND " PAGE_PART("name"))

bool
pipeline_each(struct database *db, const struct account *viewer, const char *name,
    struct page *page, pipeline_visit *visit, void *context, struct error *err)
{
	static const struct page_source own = SOURCE("INDEXED BY pipeline_account", "account = ?1"),
					all = SOURCE("NOT INDEXED", "TRUE");
	struct pipeline_each each = { visit, context };

	return page_each(db, viewer->admin ? &all : &own, page,
	    (struct sql_value[PAGE_VALUES]){ [0] = I(viewer->id), [4] = T(name) }, name != NULL,
	    pipeline_visit_row, &each, err);
}

bool
pipeline_show(struct database *db, const struct account *viewer, int64_t id, pipeline_visit *visit,
    void *context, struct error *err)
{
	struct pipeline_each each = { visit, context };
	int row = database_first(db, err,
	    "SELECT " PIPELINE_ROW
	    " FROM pipeline WHERE id = ? AND (account = ? OR ?) AND NOT deleted",
	    VALUES(I(id), I(viewer->id), I(viewer->admin)), pipeline_visit_row, &each);

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Pipeline not found"));
}

struct pipeline_jobs {
	pipeline_job_visit *visit;
	void *context;
};

static bool
pipeline_visit_job(struct statement *st, void *context, struct error *err)
{
	const struct pipeline_jobs *each = context;

	return each->visit(statement_integer(st, 0), statement_text(st, 1), each->context, err);
}

bool
pipeline_jobs(struct database *db, int64_t pipeline, pipeline_job_visit *visit, void *context,
    struct error *err)
{
	struct pipeline_jobs each = { visit, context };

	return database_each(db, err,
	    "SELECT id, state FROM job WHERE pipeline = ? AND NOT deleted ORDER BY position",
	    VALUES(I(pipeline)), pipeline_visit_job, &each);
}

static bool
pipeline_refuse_order(struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "rearrange_jobs: must contain the id of each job of the pipeline exactly once");
}

/* Gives each id's job its place. The number of ids must equal the number of jobs. */
bool
pipeline_rearrange(struct database *db, int64_t id, const struct ids *jobs, struct error *err)
{
	int64_t count = 0, first = 0;

	if (database_integer(db, &count, err,
		"SELECT count(*) FROM job WHERE pipeline = ? AND NOT deleted", VALUES(I(id))) < 0 ||
	    database_integer(db, &first, err,
		"SELECT coalesce(max(position), 0) FROM job WHERE pipeline = ?", VALUES(I(id))) < 0)
		return false;
	if ((int64_t)jobs->count != count)
		return pipeline_refuse_order(err);
	/* New positions are above all old ones, so that the second of two equal ids is noticed. */
	for (size_t i = 0; i < jobs->count; i++) {

		if (!database_run(db, err,
			"UPDATE job SET position = ?1 WHERE id = ?2 AND pipeline = ?3"
			" AND position <= ?4 AND NOT deleted",
			VALUES(I(first + (int64_t)i + 1), I(jobs->items[i]), I(id), I(first))))
			return false;
		if (database_changes(db) != 1)
			return pipeline_refuse_order(err);
	}
	return true;
}

bool
pipeline_write(struct database *db, int64_t id, const struct pipeline_change *change,
    struct error *err)
{
	return database_run(db, err,
	    "UPDATE pipeline SET name = coalesce(?, name), on_failure = coalesce(?, on_failure),"
	    " max_parallel = coalesce(?, max_parallel) WHERE id = ?",
	    VALUES(T(change->name), T(change->on_failure), N(change->max_parallel), I(id)));
}

bool
pipeline_delete(struct database *db, int64_t id, struct error *err)
{
	return database_run(db, err, "UPDATE pipeline SET deleted = 1 WHERE id = ?", VALUES(I(id)));
}

bool
pipeline_erase_empty(struct database *db, int64_t id, struct error *err)
{
	return database_run(db, err,
	    "DELETE FROM pipeline WHERE id = ? AND deleted = 1"
	    " AND NOT EXISTS (SELECT 1 FROM job WHERE pipeline = ?1)",
	    VALUES(I(id)));
}

bool
pipeline_erase_all_empty(struct database *db, struct error *err)
{
	return database_run(db, err,
	    /* It walks the index pipeline_deleted, which has only the deleted ones. */
	    "/*scan*/ DELETE FROM pipeline WHERE id IN ("
	    "SELECT id FROM pipeline WHERE deleted = 1"
	    " AND NOT EXISTS (SELECT 1 FROM job WHERE job.pipeline = pipeline.id))",
	    NO_VALUES);
}
