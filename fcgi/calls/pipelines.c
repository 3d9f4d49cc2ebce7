/*
 * Handles pipelines: creates, lists, shows, changes, submits, cancels and deletes them.
 */
#include "pipelines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "commit.h"
#include "list.h"
#include "number.h"
#include "pipeline.h"
#include "pipelinejson.h"
#include "response.h"
#include "submission.h"

#define PARALLEL_MOST 10000

const struct parameter pipelines_create_parameters[] = {
	{ .name = "name", .type = PARAMETER_TEXT, .required = true, .least = 1, .most = 255 },
	{ .name = "on_failure", .type = PARAMETER_CHOICE, .choices = "continue stop" },
	{ .name = "max_parallel", .type = PARAMETER_NUMBER, .least = 1, .most = PARALLEL_MOST },
	{ 0 },
};

const struct parameter pipelines_update_parameters[] = {
	{ .name = "name", .type = PARAMETER_TEXT, .least = 1, .most = 255 },
	{ .name = "remove_jobs", .type = PARAMETER_TEXT },
	{ .name = "rearrange_jobs", .type = PARAMETER_TEXT },
	{ .name = "on_failure", .type = PARAMETER_CHOICE, .choices = "continue stop" },
	{ .name = "max_parallel", .type = PARAMETER_NUMBER, .least = 1, .most = PARALLEL_MOST },
	{ 0 },
};

/*
 * Parses "1,2,3" into ids. The caller frees ids->items. An empty text gives no ids: forms send it.
 */
static bool
pipelines_parse_ids(const struct request *req, const char *name, struct ids *ids, struct error *err)
{
	const char *text = request_text(req, name);
	cleanup_free char *copy = NULL;
	char *rest, *word;

	if (text == NULL || text[0] == '\0')
		return true;
	rest = copy = strdup(text);
	ids->items = calloc(strlen(text) / 2 + 1, sizeof ids->items[0]);
	if (copy == NULL || ids->items == NULL)
		return error_set(err, ERROR_SYSTEM, "read the ids: not enough memory");
	while ((word = strsep(&rest, ",")) != NULL) {
		word += strspn(word, " ");
		word[strcspn(word, " ")] = '\0';
		if (!number_parse_integer(word, &ids->items[ids->count++]))
			return error_set(err, ERROR_INPUT,
			    "%s: must be job ids, separated by commas", name);
	}
	return true;
}

/* Returns one member for each change, with the original's message. NULL: no memory. */
static json_t *
pipelines_changes_json(const struct request *req)
{
	static const struct {
		const char *name, *done;
	} changes[] = {
		{ "name", "Successfully updated name" },
		{ "remove_jobs", "Successfully removed jobs" },
		{ "rearrange_jobs", "Successfully rearranged jobs" },
		{ "on_failure", "Successfully updated on_failure" },
		{ "max_parallel", "Successfully updated max_parallel" },
	};
	json_t *json = json_object();

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const char *text = request_text(req, changes[i].name);

		if (text != NULL && text[0] != '\0' &&
		    json_object_set_new(json, changes[i].name, json_string(changes[i].done)) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

bool
pipelines_update(struct request *req, struct response *res, struct error *err)
{
	struct pipeline_change change = {
		.name = request_text(req, "name"),
		.on_failure = request_text(req, "on_failure"),
		.max_parallel = request_number(req, "max_parallel", 0),
	};
	struct database *db = commit_begin(req, err);
	bool done = db != NULL && pipelines_parse_ids(req, "remove_jobs", &change.remove, err) &&
	    pipelines_parse_ids(req, "rearrange_jobs", &change.rearrange, err) &&
	    submission_change(db, &req->caller.account, request_id(req, "pipeline"), &change, err);

	free(change.remove.items);
	free(change.rearrange.items);
	if (!done)
		return false;
	commit_wake(req);
	return response_json(res, 200, pipelines_changes_json(req), err);
}

bool
pipelines_create(struct request *req, struct response *res, struct error *err)
{
	const char *on_failure = request_text(req, "on_failure");
	const struct pipeline pipeline = { .account = req->caller.account.id,
		.name = request_text(req, "name"),
		.on_failure = on_failure != NULL ? on_failure : "continue",
		.max_parallel = request_number(req, "max_parallel", 1) };
	struct database *db = commit_begin(req, err);
	int64_t id;

	if (db == NULL || !pipeline_create(db, &pipeline, &id, err))
		return false;
	commit_object(req, id);
	return response_pack(res, err, 200, "{s:I}", "id", (json_int_t)id);
}

static bool
pipelines_add_pipeline(const struct pipeline *pipeline, void *context, struct error *err)
{
	struct list *list = context;
	json_t *json = pipelinejson_make(list->req->db, &list->req->caller.account, pipeline, err);

	return json != NULL && list_add(list, pipeline->id, json, err);
}

static bool
pipelines_add_all(struct list *list, struct error *err)
{
	const struct account viewer = list_viewer(list);

	return pipeline_each(list->req->db, &viewer, list_name(list), &list->page,
	    pipelines_add_pipeline, list, err);
}

bool
pipelines_list(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind all = { true, pipelines_add_all };

	return list_answer(req, res, &all, err);
}

static bool
pipelines_add_one(struct list *list, struct error *err)
{
	struct request *req = list->req;

	return pipeline_show(req->db, &req->caller.account, request_id(req, "pipeline"),
	    pipelines_add_pipeline, list, err);
}

bool
pipelines_show(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind one = { true, pipelines_add_one };

	return list_answer_whole(req, res, &one, err);
}

static bool
pipelines_add_job_state(int64_t job, const char *state, void *context, struct error *err)
{
	char key[24];

	snprintf(key, sizeof key, "%lld", (long long)job);
	if (json_object_set_new(context, key, json_string(state)) < 0)
		return error_set(err, ERROR_SYSTEM, "list the jobs: not enough memory");
	return true;
}

bool
pipelines_submit(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);
	cleanup_json json_t *states = json_object();

	if (db == NULL ||
	    !submission_submit(db, &req->caller.account, request_id(req, "pipeline"), req->config,
		pipelines_add_job_state, states, err))
		return false;
	commit_wake(req);
	return response_json(res, 200, json_incref(states), err);
}

bool
pipelines_cancel(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);
	cleanup_json json_t *states = json_object();

	if (db == NULL ||
	    !submission_cancel(db, &req->caller.account, request_id(req, "pipeline"),
		pipelines_add_job_state, states, err))
		return false;
	commit_wake(req);
	return response_json(res, 200, json_incref(states), err);
}

bool
pipelines_delete(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);

	if (db == NULL ||
	    !submission_delete(db, &req->caller.account, request_id(req, "pipeline"), err))
		return false;
	commit_wake(req);
	return response_pack(res, err, 200, "{s:s}", "status", "Successfully deleted the pipeline");
}
