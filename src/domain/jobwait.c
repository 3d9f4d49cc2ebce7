/*
 * The column build of job.
 */
#include "jobwait.h"

#include "pipeline.h"

bool
jobwait_begin(struct database *db, int64_t job, int64_t build, struct error *err)
{
	return database_run(db, err, "UPDATE job SET build = ? WHERE id = ? AND state = 'ready'",
	    VALUES(I(build), I(job)));
}

#define BEGIN_UNBUILT                                                                              \
	"UPDATE job SET error = NULL, build ="                                                     \
	"  (SELECT max(id) FROM build WHERE build.image = job.image AND build.state = 'PENDING'"   \
	"    AND NOT build.cancel_requested)"                                                      \
	" WHERE state = 'ready' AND build IS NULL AND NOT deleted"                                 \
	" AND (SELECT image.build FROM image WHERE image.id = job.image) IS NULL AND "

bool
jobwait_begin_unbuilt(struct database *db, int64_t job, struct error *err)
{
	return database_run(db, err, BEGIN_UNBUILT "id = ?", VALUES(I(job)));
}

bool
jobwait_begin_all_unbuilt(struct database *db, int64_t pipeline, struct error *err)
{
	return database_run(db, err, BEGIN_UNBUILT "pipeline = ?", VALUES(I(pipeline)));
}

/* A job that waits. */
struct jobwait_found {
	int64_t job; /* 0: none */
	int64_t pipeline;
};

static bool
jobwait_take(struct statement *st, void *context, struct error *err)
{
	struct jobwait_found *found = context;

	(void)err;
	found->job = statement_integer(st, 0);
	found->pipeline = statement_integer(st, 1);
	return true;
}

bool
jobwait_first(struct database *db, int64_t build, int64_t *job, int64_t *pipeline,
    struct error *err)
{
	struct jobwait_found found = { 0 };
	int row = database_first(db, err,
	    "SELECT id, pipeline FROM job WHERE build = ? ORDER BY position LIMIT 1",
	    VALUES(I(build)), jobwait_take, &found);

	*job = found.job;
	*pipeline = found.pipeline;
	return row >= 0;
}

/* Deletes a pipeline that POST /run made, if no job is left in it. */
static bool
jobwait_drop_pipeline(struct database *db, int64_t pipeline, struct error *err)
{
	bool empty;

	if (!database_exists(db, &empty, err,
		"SELECT 1 FROM pipeline WHERE id = ?1 AND of_run AND NOT deleted"
		" AND NOT EXISTS (SELECT 1 FROM job WHERE job.pipeline = ?1 AND NOT job.deleted)",
		VALUES(I(pipeline))))
		return false;
	return !empty || pipeline_delete(db, pipeline, err);
}

bool
jobwait_drop(struct database *db, int64_t build, struct error *err)
{
	int64_t job, pipeline;

	for (;;) {
		if (!jobwait_first(db, build, &job, &pipeline, err))
			return false;
		if (job == 0)
			return true;
		if (!database_run(db, err, "UPDATE job SET build = NULL, deleted = 1 WHERE id = ?",
			VALUES(I(job))) ||
		    !jobwait_drop_pipeline(db, pipeline, err))
			return false;
	}
}

#define END "UPDATE job SET build = NULL, error = ? WHERE build IS NOT NULL AND "

bool
jobwait_end(struct database *db, int64_t job, const char *error, struct error *err)
{
	return database_run(db, err, END "id = ?", VALUES(T(error), I(job)));
}

bool
jobwait_end_all(struct database *db, int64_t pipeline, const char *error, struct error *err)
{
	return database_run(db, err, END "pipeline = ?", VALUES(T(error), I(pipeline)));
}
