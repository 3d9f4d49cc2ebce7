/*
 * Handles jobs: adds, lists, shows, changes, kills and deletes them.
 */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "commit.h"
#include "joboption.h"
#include "jobstate.h"
#include "list.h"
#include "outbox.h"
#include "pipeline.h"
#include "queue.h"
#include "response.h"
#include "wait.h"

/* clang-format off */

/*
 * Makes a parameter of an option: the types have the same names in both tables. A command may come
 * as a file: a script.
 */
#define OPTION_PARAMETER(kind, word, from, to, words, ...)                                          \
	{ .name = #word, .type = PARAMETER_##kind, .file = PARAMETER_##kind == PARAMETER_COMMAND,   \
	    .least = (from), .most = (to), .choices = (words) },

const struct parameter jobs_create_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID, .required = true },
	{ .name = "attachments", .type = PARAMETER_FILES },
	JOBOPTIONS(OPTION_PARAMETER)
	{ 0 },
};

const struct parameter jobs_update_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID },
	{ .name = "attachments", .type = PARAMETER_FILES },
	JOBOPTIONS(OPTION_PARAMETER)
	{ 0 },
};

/* clang-format on */

const struct parameter jobs_list_parameters[] = {
	LIST_PARAMETERS,
	{ .name = "state",
	    .type = PARAMETER_CHOICE,
	    .choices = "ready in_queue running done failed" },
	{ 0 },
};

const struct parameter jobs_show_parameters[] = {
	{ .name = "result", .type = PARAMETER_FLAG },
	{ .name = "wait", .type = PARAMETER_NUMBER, .least = 0, .choices = "seconds" },
	{ 0 },
};

/* Sets *to to a copy of the parameter, or to NULL if it is empty. *to stays if it was not given. */
static bool
jobs_copy_text(const struct request *req, const char *name, char **to, struct error *err)
{
	const char *text = request_text(req, name);

	if (text == NULL)
		return true;
	free(*to);
	*to = text[0] == '\0' ? NULL : strdup(text);
	return *to != NULL || text[0] == '\0' ||
	    error_set(err, ERROR_SYSTEM, "read the options: not enough memory");
}

static bool
jobs_read_option(const struct request *req, const struct joboption *option, struct job *job,
    struct error *err)
{
	switch (option->type) {
	case JOBOPTION_NUMBER:
	case JOBOPTION_BYTES:
		*joboption_number(option, job) =
		    request_number(req, option->name, *joboption_number(option, job));
		return true;
	case JOBOPTION_DECIMAL:
		*joboption_decimal(option, job) =
		    request_decimal(req, option->name, *joboption_decimal(option, job));
		return true;
	case JOBOPTION_PAIRS:
		return request_pairs(req, option->name, joboption_text(option, job), err);
	default:
		return jobs_copy_text(req, option->name, joboption_text(option, job), err);
	}
}

/* Sets the options that were given in the job; its other options stay. */
static bool
jobs_read_options(const struct request *req, struct job *job, struct error *err)
{
	for (size_t i = 0; i < JOBOPTION_COUNT; i++)
		if (!jobs_read_option(req, &joboptions[i], job, err))
			return false;
	job->image = request_number(req, "image_id", job->image);
	return joboption_resolve(job, req->config, err);
}

bool
jobs_create(struct request *req, struct response *res, struct error *err)
{
	struct job job = { .pipeline = request_id(req, "pipeline") };
	struct database *db;
	bool done;

	joboption_unset(&job);
	done = jobs_read_options(req, &job, err) && (db = commit_begin(req, err)) != NULL &&
	    job_create(db, &req->server->spool, &req->caller.account, &job, &req->upload.files,
		&req->upload.staging, req->config->storage_max, err) &&
	    response_pack(res, err, 200, "{s:I}", "id", (json_int_t)job.id);
	commit_object(req, job.id);
	job_clear(&job);
	return done;
}

static bool
jobs_apply_options(struct job *job, void *context, struct error *err)
{
	return jobs_read_options(context, job, err);
}

bool
jobs_update(struct request *req, struct response *res, struct error *err)
{
	const struct job_change change = { .pipeline = request_id(req, "pipeline"),
		.id = request_id(req, "job"),
		.apply = jobs_apply_options,
		.context = req };
	struct database *db = commit_begin(req, err);
	char former[NAME_TEXT];

	if (db == NULL ||
	    !job_update(db, &req->server->spool, &req->caller.account, &change, &req->upload.files,
		&req->upload.staging, req->config, former, err))
		return false;
	if (req->upload.files.count > 0)
		commit_replaced(req, former);
	return response_pack(res, err, 200, "{s:I}", "id", (json_int_t)change.id);
}

/* NULL: no memory. This holds for all functions here that return JSON. */
static json_t *
jobs_attachments_json(const struct attachments *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(array,
			json_pack("{s:s, s:I}", "name", list->items[i].name, "size",
			    (json_int_t)list->items[i].size)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* Tokens are file names on this machine, so clients get only a masked form. */
static json_t *
jobs_mask(const char *token)
{
	char text[NAME_TEXT];

	if (token[0] == '\0')
		return json_null();
	secret_mask_name(token, text);
	return json_string(text);
}

static json_t *
jobs_if_any(bool any, json_int_t value)
{
	return any ? json_integer(value) : json_null();
}

/* Returns the job's times, exit code and usage. */
static json_t *
jobs_life_json(const struct job *job)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "creation_date",
	    response_time(job->created_at), "queued_at", response_time(job->queued_at),
	    "started_at", response_time(job->started_at), "finished_at",
	    response_time(job->finished_at), "response",
	    jobs_if_any(job->has_response, job->response), "used_cpu",
	    job->has_usage ? json_real(job->used_cpu) : json_null(), "used_memory",
	    jobs_if_any(job->has_usage, job->used_memory), "used_io",
	    jobs_if_any(job->has_io, job->used_io));
}

/* Returns the value of one option. */
static json_t *
jobs_option_json(const struct joboption *option, struct job *job)
{
	const char *text;

	switch (option->type) {
	case JOBOPTION_NUMBER:
	case JOBOPTION_BYTES:
		return json_integer(*joboption_number(option, job));
	case JOBOPTION_DECIMAL:
		return json_real(*joboption_decimal(option, job));
	case JOBOPTION_PAIRS:
		text = *joboption_text(option, job);
		return text != NULL ? json_loads(text, 0, NULL) : json_array();
	default:
		text = *joboption_text(option, job);
		return text != NULL ? json_string(text) : json_null();
	}
}

static json_t *
jobs_options_json(const struct job *job)
{
	struct job copy = *job; /* joboption_number and the like need a job that is not const */
	json_t *json = json_object();

	for (size_t i = 0; i < JOBOPTION_COUNT; i++)
		if (json_object_set_new(json, joboptions[i].name,
			jobs_option_json(&joboptions[i], &copy)) < 0) {
			json_decref(json);
			return NULL;
		}
	return json;
}

/* Adds the members of part to json, and frees part. False: json or part is NULL, or no memory. */
static bool
jobs_add_part(json_t *json, json_t *part)
{
	bool done = json != NULL && part != NULL && json_object_update(json, part) == 0;

	json_decref(part);
	return done;
}

static json_t *
jobs_job_json(const struct job *job, const struct attachments *attachments)
{
	char id[24];
	json_t *json;
	bool done;

	snprintf(id, sizeof id, "%lld", (long long)job->id);
	json = json_pack("{s:I, s:s, s:s?, s:I, s:{s:I}, s:{s:I}, s:o, s:o, s:o}", "id",
	    (json_int_t)job->id, "state", job->state, "error", job->error, "attempt",
	    (json_int_t)job->attempt, "image", "id", (json_int_t)job->image, "pipeline", "id",
	    (json_int_t)job->pipeline, "attachments", jobs_attachments_json(attachments),
	    "attachment_token",
	    jobs_mask(job->attachment_token[0] != '\0' ? job->attachment_token : id),
	    "results_path", jobs_mask(job->results_token));
	done = jobs_add_part(json, jobs_options_json(job));
	done = jobs_add_part(json, jobs_life_json(job)) && done;
	if (done)
		return json;
	json_decref(json);
	return NULL;
}

static bool
jobs_set_queue(json_t *json, struct list *list, const struct job *job, struct error *err)
{
	struct request *req = list->req;
	struct queue_place place;

	if (strcmp(job->state, "in_queue") != 0)
		return true;
	if (!queue_place(req->db, job, list->marks, req->config, &place, err))
		return false;
	return json_object_set_new(json, "queue",
		   json_pack("{s:I, s:s, s:o}", "position", (json_int_t)place.position, "reason",
		       place.reason, "eta_s", jobs_if_any(place.eta_s >= 0, place.eta_s))) == 0 ||
	    error_set(err, ERROR_SYSTEM, "show a job: not enough memory");
}

static bool
jobs_add_job(const struct job *job, void *context, struct error *err)
{
	struct list *list = context;
	struct attachments attachments = { 0 };
	json_t *json;

	if (!attachment_list(list->req->db, job->id, &attachments, err))
		return false;
	json = jobs_job_json(job, &attachments);
	attachment_clear(&attachments);
	if (json == NULL || jobs_set_queue(json, list, job, err))
		return list_add(list, job->id, json, err);
	json_decref(json);
	return false;
}

/* Adds the jobs of the pipeline in the path, or, for "/jobs", all jobs that the caller may see. */
static bool
jobs_add_page(struct list *list, struct error *err)
{
	struct request *req = list->req;
	int64_t pipeline = request_id(req, "pipeline");

	if (pipeline != 0 &&
	    !pipeline_show(req->db, &req->caller.account, pipeline, NULL, NULL, err))
		return false;
	return job_each(req->db, &req->caller.account, pipeline, request_text(req, "state"),
	    list->after, list->fetch, jobs_add_job, list, err);
}

bool
jobs_list(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind all = { true, jobs_add_page };

	return list_answer(req, res, &all, err);
}

/* A job that is polled for "?wait", with its state at the first poll (empty: not polled yet). */
struct watched {
	struct job job;
	char first[sizeof(((struct job *)NULL)->state)];
};

static bool
jobs_poll_job(struct request *req, void *context, bool *changed, struct error *err)
{
	struct database *db = request_database(req, err);
	struct watched *watched = context;

	job_clear(&watched->job);
	if (db == NULL ||
	    !job_find(db, &req->caller.account, request_id(req, "pipeline"), request_id(req, "job"),
		&watched->job, err))
		return false;
	if (watched->first[0] == '\0')
		memcpy(watched->first, watched->job.state, sizeof watched->first);
	/*
	 * An ended job changes its state only if its owner submits it again: do not wait for that.
	 */
	*changed = strcmp(watched->first, watched->job.state) != 0 || job_ended(&watched->job);
	return true;
}

static bool
jobs_add_one(struct list *list, struct error *err)
{
	struct watched watched = { 0 };
	bool done = wait_for(list->req, jobs_poll_job, &watched, err) &&
	    request_database(list->req, err) != NULL && jobs_add_job(&watched.job, list, err);

	job_clear(&watched.job);
	return done;
}

static bool
jobs_send_results(struct request *req, struct response *res, struct error *err)
{
	struct watched watched = { 0 };
	bool done = wait_for(req, jobs_poll_job, &watched, err) &&
	    outbox_send_zip(req, res, &watched.job, err);

	job_clear(&watched.job);
	return done;
}

bool
jobs_show(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind one = { true, jobs_add_one };

	return request_flag(req, "result") ? jobs_send_results(req, res, err)
					   : list_answer_whole(req, res, &one, err);
}

bool
jobs_kill(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);

	if (db == NULL ||
	    !jobstate_kill(db, &req->caller.account, request_id(req, "pipeline"),
		request_id(req, "job"), err))
		return false;
	commit_wake(req);
	return response_pack(res, err, 200, "{s:s}", "message", "Success");
}

bool
jobs_delete(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);

	if (db == NULL ||
	    !jobstate_delete(db, &req->caller.account, request_id(req, "pipeline"),
		request_id(req, "job"), err))
		return false;
	commit_wake(req);
	return response_pack(res, err, 200, "{s:s}", "message", "Successfully deleted job");
}
