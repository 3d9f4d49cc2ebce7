/*
 * Calls on jobs.
 */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "job.h"
#include "pipeline.h"
#include "quantity.h"
#include "queue.h"
#include "response.h"
#include "wake.h"

#define COMMAND_MOST 131000 /* bytes: the kernel takes 128 KiB for one argument (execve(2)) */
#define WORD_MOST    1024

/*
 * The least of each option is what makes sense at all; the most stands in the configuration
 * (job_options_resolve).
 */
const struct parameter jobs_create_parameters[] = {
	{ .name = "command", .type = PARAMETER_COMMAND, .most = COMMAND_MOST },
	{ .name = "image_id", .type = PARAMETER_ID, .required = true },
	{ .name = "attachments", .type = PARAMETER_FILES },
	{ .name = "name", .type = PARAMETER_TEXT, .most = 255 },
	{ .name = "env", .type = PARAMETER_LIST, .least = 1, .most = COMMAND_MOST },
	{ .name = "workdir", .type = PARAMETER_TEXT, .most = WORD_MOST },
	{ .name = "user", .type = PARAMETER_TEXT, .most = WORD_MOST },
	{ .name = "timeout", .type = PARAMETER_NUMBER, .least = 1 },
	{ .name = "grace", .type = PARAMETER_NUMBER, .least = 0 },
	{ .name = "memory",
	    .type = PARAMETER_BYTES,
	    .least = 6 << 20 },                                     /* the engine takes no less */
	{ .name = "cpus", .type = PARAMETER_DECIMAL, .least = 10 }, /* 0.01 */
	{ .name = "pids", .type = PARAMETER_NUMBER, .least = 4 },
	{ .name = "disk", .type = PARAMETER_BYTES, .least = 0 },
	{ .name = "network", .type = PARAMETER_CHOICE, .choices = "none bridge" },
	{ .name = "retries", .type = PARAMETER_NUMBER, .least = 0 },
	{ 0 },
};

const struct parameter jobs_list_parameters[] = {
	{ .name = "limit", .type = PARAMETER_NUMBER, .least = 1, .most = 1000 },
	{ .name = "after", .type = PARAMETER_ID },
	{ .name = "state",
	    .type = PARAMETER_CHOICE,
	    .choices = "ready in_queue running done failed" },
	{ 0 },
};

const struct parameter jobs_show_parameters[] = {
	{ .name = "result", .type = PARAMETER_FLAG },
	{ 0 },
};

/* *to gets a copy; NULL where nothing was given. False, with err set: no memory. */
static bool
copy_text(const struct request *req, const char *name, char **to, struct error *err)
{
	const char *text = request_text(req, name);

	if (text == NULL || text[0] == '\0')
		return true;
	*to = strdup(text);
	return *to != NULL || error_set(err, ERROR_SYSTEM, "read the options: not enough memory");
}

/* "KEY=VALUE" each, as a JSON array; NULL where there is none, or with err set. */
static char *
env_json(const struct request *req, struct error *err)
{
	cleanup_json json_t *array = json_array();
	size_t given = 0;
	char *text;

	for (size_t i = 0; i < req->values.count; i++) {
		const struct value *value = &req->values.items[i];

		if (strcmp(value->parameter->name, "env") != 0)
			continue;
		if (strchr(value->text, '=') == NULL || value->text[0] == '=') {
			error_set(err, ERROR_INPUT, "env: must be KEY=VALUE");
			return NULL;
		}
		given++;
		json_array_append_new(array, json_string(value->text));
	}
	if (given == 0)
		return NULL;
	text = json_array_size(array) == given ? json_dumps(array, JSON_COMPACT) : NULL;
	if (text == NULL)
		error_set(err, ERROR_SYSTEM, "read the options: not enough memory");
	return text;
}

static bool
read_options(const struct request *req, struct job *job, struct error *err)
{
	struct error bad = { .kind = ERROR_NONE };

	if (!copy_text(req, "command", &job->command, err) ||
	    !copy_text(req, "name", &job->name, err) ||
	    !copy_text(req, "workdir", &job->workdir, err) ||
	    !copy_text(req, "user", &job->user, err) ||
	    !copy_text(req, "network", &job->network, err))
		return false;
	job->image = request_number(req, "image_id", 0);
	job->timeout = request_number(req, "timeout", OPTION_UNSET);
	job->grace = request_number(req, "grace", OPTION_UNSET);
	job->memory = request_number(req, "memory", OPTION_UNSET);
	job->cpus = request_decimal(req, "cpus", OPTION_UNSET);
	job->pids = request_number(req, "pids", OPTION_UNSET);
	job->disk = request_number(req, "disk", OPTION_UNSET);
	job->retries = request_number(req, "retries", OPTION_UNSET);
	job->env = env_json(req, &bad);
	if (bad.kind != ERROR_NONE) {
		*err = bad;
		return false;
	}
	if (job->workdir != NULL && job->workdir[0] != '/')
		return error_set(err, ERROR_INPUT, "workdir: must be an absolute path");
	return job_options_resolve(job, req->server->config, err);
}

bool
jobs_create(struct request *req, struct error *err)
{
	struct job job = { .pipeline = req->ids[0] };
	struct database *db;
	bool done;

	done = read_options(req, &job, err) && (db = request_database(req, err)) != NULL &&
	    job_create(db, &req->server->spool, &req->account, &job, &req->upload.files,
		&req->upload.stage, err);
	if (done)
		response_pack(req, 200, "{s:I}", "id", (json_int_t)job.id);
	job_clear(&job);
	return done;
}

static json_t *
attachments_json(const struct attachments *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array,
		    json_pack("{s:s, s:I}", "name", list->items[i].name, "size",
			(json_int_t)list->items[i].size));
	return array;
}

/* Tokens are names of files here: what is shown of them only stands for them. */
static json_t *
veiled(const char *token)
{
	char text[NAME_TEXT];

	if (token[0] == '\0')
		return json_null();
	name_veil(token, text);
	return json_string(text);
}

static void
set_life(json_t *json, const struct job *job)
{
	json_object_set_new(json, "creation_date", response_time(job->created_at));
	json_object_set_new(json, "queued_at", response_time(job->queued_at));
	json_object_set_new(json, "started_at", response_time(job->started_at));
	json_object_set_new(json, "finished_at", response_time(job->finished_at));
	json_object_set_new(json, "response",
	    job->has_response ? json_integer(job->response) : json_null());
	json_object_set_new(json, "used_cpu",
	    job->has_usage ? json_real(job->used_cpu) : json_null());
	json_object_set_new(json, "used_memory",
	    job->has_usage ? json_integer(job->used_memory) : json_null());
	json_object_set_new(json, "used_io",
	    job->has_usage ? json_integer(job->used_io) : json_null());
}

static json_t *
job_json(const struct job *job, const struct attachments *attachments)
{
	json_t *json = json_pack("{s:I, s:s?, s:s, s:s?, s:I, s:{s:I}, s:{s:I}}", "id",
	    (json_int_t)job->id, "command", job->command, "state", job->state, "error", job->error,
	    "attempt", (json_int_t)job->attempt, "image", "id", (json_int_t)job->image, "pipeline",
	    "id", (json_int_t)job->pipeline);
	json_t *options = json_pack("{s:s?, s:s?, s:s?, s:s, s:I, s:I, s:I, s:f, s:I, s:I, s:I}",
	    "name", job->name, "workdir", job->workdir, "user", job->user, "network", job->network,
	    "timeout", (json_int_t)job->timeout, "grace", (json_int_t)job->grace, "memory",
	    (json_int_t)job->memory, "cpus", job->cpus, "pids", (json_int_t)job->pids, "disk",
	    (json_int_t)job->disk, "retries", (json_int_t)job->retries);

	char id[24];

	json_object_update_missing(json, options);
	json_decref(options);
	set_life(json, job);
	json_object_set_new(json, "env",
	    job->env != NULL ? json_loads(job->env, 0, NULL) : json_array());
	json_object_set_new(json, "attachments", attachments_json(attachments));
	snprintf(id, sizeof id, "%lld", (long long)job->id);
	json_object_set_new(json, "attachment_token",
	    veiled(job->attachment_token[0] != '\0' ? job->attachment_token : id));
	json_object_set_new(json, "results_path", veiled(job->results_token));
	return json;
}

static bool
set_queue(json_t *json, struct list *list, const struct job *job, struct error *err)
{
	struct request *req = list->req;
	struct queue_place place;

	if (strcmp(job->state, "in_queue") != 0)
		return true;
	/* Jobs are listed in their order, so that each is behind the one before it. */
	if (!queue_place(req->db, job->id, list->queued, req->server->config, &place, err))
		return false;
	list->queued = place.position;
	json_object_set_new(json, "queue",
	    json_pack("{s:I, s:s, s:o}", "position", (json_int_t)place.position, "reason",
		place.reason, "eta_s", place.eta_s < 0 ? json_null() : json_integer(place.eta_s)));
	return true;
}

static bool
add_job(const struct job *job, void *context, struct error *err)
{
	struct list *list = context;
	struct attachments attachments = { 0 };
	json_t *json;

	if (!attachments_of(list->req->db, job->id, &attachments, err))
		return false;
	json = job_json(job, &attachments);
	attachments_clear(&attachments);
	if (set_queue(json, list, job, err))
		return list_add(list, job->id, json, err);
	json_decref(json);
	return false;
}

bool
jobs_list(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);
	cleanup_list struct list list = { 0 };
	int64_t fetch;

	if (db == NULL || !pipeline_show(db, &req->account, req->ids[0], NULL, NULL, err))
		return false;
	list_begin(&list, req, '{', &fetch);
	return job_each(db, req->ids[0], request_text(req, "state"),
		   request_number(req, "after", 0), fetch, add_job, &list, err) &&
	    list_end(&list);
}

/* The zip of the outbox, by the web server. */
static bool
send_results(struct request *req, const struct job *job, struct error *err)
{
	char name[NAME_TEXT + 4], save_as[40], removed[QUANTITY_TEXT];

	if (!job_ended(job))
		return error_set(err, ERROR_CONFLICT, "Job has not finished running");
	if (job->results_removed_at != 0)
		return error_set(err, ERROR_GONE,
		    "the results were removed at %s, since they were old",
		    time_format(job->results_removed_at, removed));
	if (job->results_token[0] == '\0')
		return error_set(err, ERROR_NOT_FOUND, "Job has no results, since it never ran");
	snprintf(name, sizeof name, "%s.zip", job->results_token);
	snprintf(save_as, sizeof save_as, "job-%lld.zip", (long long)job->id);
	return response_file(req, "results", name, "application/zip", save_as);
}

bool
jobs_show(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);
	cleanup_list struct list list = { 0 };
	struct job job = { 0 };
	int64_t fetch;
	bool done;

	if (db == NULL || !job_find(db, &req->account, req->ids[0], req->ids[1], &job, err))
		return false;
	if (request_flag(req, "result")) {
		done = send_results(req, &job, err);
	} else {
		list_begin(&list, req, '{', &fetch);
		done = add_job(&job, &list, err) && list_end(&list);
	}
	job_clear(&job);
	return done;
}

bool
jobs_kill(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);

	if (db == NULL || !job_kill(db, &req->account, req->ids[0], req->ids[1], err))
		return false;
	wake_send(req->server->spool.state);
	return response_pack(req, 200, "{s:s}", "message", "Success");
}

bool
jobs_delete(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);

	if (db == NULL || !job_delete(db, &req->account, req->ids[0], req->ids[1], err))
		return false;
	wake_send(req->server->spool.state);
	return response_pack(req, 200, "{s:s}", "message", "Successfully deleted job");
}
