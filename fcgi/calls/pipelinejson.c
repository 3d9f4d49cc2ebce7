/*
 * Makes the JSON object of a pipeline.
 */
#include "pipelinejson.h"

#include "cleanup.h"
#include "response.h"

static bool
pipelinejson_add_job(int64_t job, const char *state, void *context, struct error *err)
{
	(void)state;
	if (json_array_append_new(context, json_pack("{s:I}", "id", (json_int_t)job)) < 0)
		return error_set(err, ERROR_SYSTEM, "list the jobs: not enough memory");
	return true;
}

json_t *
pipelinejson_make(struct database *db, const struct account *viewer,
    const struct pipeline *pipeline, struct error *err)
{
	cleanup_json json_t *jobs = json_array();
	json_t *json;

	if (!pipeline_jobs(db, pipeline->id, pipelinejson_add_job, jobs, err))
		return NULL;
	json = json_pack("{s:I, s:s*, s:s, s:o, s:O, s:s, s:I}", "id", (json_int_t)pipeline->id,
	    "account", viewer->admin ? pipeline->login : NULL, "name", pipeline->name,
	    "creation_date", response_time(pipeline->created_at), "jobs", jobs, "on_failure",
	    pipeline->on_failure, "max_parallel", (json_int_t)pipeline->max_parallel);
	if (json == NULL)
		error_set(err, ERROR_SYSTEM, "show a pipeline: not enough memory");
	return json;
}
