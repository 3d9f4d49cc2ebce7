/*
 * Calls on jobs.
 */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "jobstate.h"
#include "list.h"
#include "outbox.h"
#include "pipeline.h"
#include "quantity.h"
#include "queue.h"
#include "response.h"

#define COMMAND_MOST 131000 /* bytes: the kernel takes 128 KiB for one argument (execve(2)) */
#define WORD_MOST    1024
#define MEMORY_LEAST (6 << 20) /* the engine takes no less */

/*
 * The least of each option is what makes sense at all; the most stands in the configuration
 * (job_options_resolve).
 */
#define OPTION_PARAMETERS                                                                          \
	{ .name = "command", .type = PARAMETER_COMMAND, .most = COMMAND_MOST },                    \
	    { .name = "attachments", .type = PARAMETER_FILES },                                    \
	    { .name = "name", .type = PARAMETER_TEXT, .most = 255 },                               \
	    { .name = "env", .type = PARAMETER_LIST, .least = 1, .most = COMMAND_MOST },           \
	    { .name = "workdir", .type = PARAMETER_TEXT, .most = WORD_MOST },                      \
	    { .name = "user", .type = PARAMETER_TEXT, .most = WORD_MOST },                         \
	    { .name = "timeout", .type = PARAMETER_NUMBER, .least = 1 },                           \
	    { .name = "grace", .type = PARAMETER_NUMBER, .least = 0 },                             \
	    { .name = "memory", .type = PARAMETER_BYTES, .least = MEMORY_LEAST },                  \
	    { .name = "cpus", .type = PARAMETER_DECIMAL, .least = 10 }, /* 0.01 */                 \
	    { .name = "pids", .type = PARAMETER_NUMBER, .least = 4 },                              \
	    { .name = "disk", .type = PARAMETER_BYTES, .least = 0 },                               \
	    { .name = "network", .type = PARAMETER_CHOICE, .choices = "none bridge" },             \
	{                                                                                          \
		.name = "retries", .type = PARAMETER_NUMBER, .least = 0                            \
	}

const struct parameter jobs_create_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID, .required = true },
	OPTION_PARAMETERS,
	{ 0 },
};

const struct parameter jobs_update_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID },
	OPTION_PARAMETERS,
	{ 0 },
};

const struct parameter jobs_list_parameters[] = {
	LIST_PARAMETERS,
	{ .name = "state",
	    .type = PARAMETER_CHOICE,
	    .choices = "ready in_queue running done failed" },
	{ 0 },
};

const struct parameter jobs_show_parameters[] = {
	{ .name = "result", .type = PARAMETER_FLAG },
	{ .name = "wait", .type = PARAMETER_NUMBER, .least = 0 },
	{ 0 },
};

/*
 * *to gets a copy in place of what it was: NULL for an empty text, and unchanged where nothing was
 * given. False, with err set: no memory.
 */
static bool
copy_text(const struct request *req, const char *name, char **to, struct error *err)
{
	const char *text = request_text(req, name);

	if (text == NULL)
		return true;
	free(*to);
	*to = text[0] == '\0' ? NULL : strdup(text);
	return *to != NULL || text[0] == '\0' ||
	    error_set(err, ERROR_SYSTEM, "read the options: not enough memory");
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

/* What was given goes into the job; the rest of it stays. */
static bool
read_options(const struct request *req, struct job *job, struct error *err)
{
	struct error bad = { .kind = ERROR_NONE };
	char *env;

	if (!copy_text(req, "command", &job->command, err) ||
	    !copy_text(req, "name", &job->name, err) ||
	    !copy_text(req, "workdir", &job->workdir, err) ||
	    !copy_text(req, "user", &job->user, err) ||
	    !copy_text(req, "network", &job->network, err))
		return false;
	job->image = request_number(req, "image_id", job->image);
	job->timeout = request_number(req, "timeout", job->timeout);
	job->grace = request_number(req, "grace", job->grace);
	job->memory = request_number(req, "memory", job->memory);
	job->cpus = request_decimal(req, "cpus", job->cpus);
	job->pids = request_number(req, "pids", job->pids);
	job->disk = request_number(req, "disk", job->disk);
	job->retries = request_number(req, "retries", job->retries);
	env = env_json(req, &bad);
	if (bad.kind != ERROR_NONE) {
		*err = bad;
		return false;
	}
	if (env != NULL) {
		free(job->env);
		job->env = env;
	}
	if (job->workdir != NULL && job->workdir[0] != '/')
		return error_set(err, ERROR_INPUT, "workdir: must be an absolute path");
	return job_options_resolve(job, req->server->config, err);
}

bool
jobs_create(struct request *req, struct error *err)
{
	struct job job = { .pipeline = req->ids[0],
		.timeout = OPTION_UNSET,
		.grace = OPTION_UNSET,
		.memory = OPTION_UNSET,
		.cpus = OPTION_UNSET,
		.pids = OPTION_UNSET,
		.disk = OPTION_UNSET,
		.retries = OPTION_UNSET };
	struct database *db;
	bool done;

	done = read_options(req, &job, err) && (db = request_change(req, err)) != NULL &&
	    job_create(db, &req->server->spool, &req->account, &job, &req->upload.files,
		&req->upload.stage, req->server->config->storage_max, err);
	req->object = job.id;
	if (done)
		response_pack(req, 200, "{s:I}", "id", (json_int_t)job.id);
	job_clear(&job);
	return done;
}

static bool
apply_options(struct job *job, void *context, struct error *err)
{
	return read_options(context, job, err);
}

bool
jobs_update(struct request *req, struct error *err)
{
	const struct job_change change = {
		.pipeline = req->ids[0], .id = req->ids[1], .apply = apply_options, .context = req
	};
	struct database *db = request_change(req, err);
	char former[NAME_TEXT];

	if (db == NULL ||
	    !job_update(db, &req->server->spool, &req->account, &change, &req->upload.files,
		&req->upload.stage, req->server->config, former, err))
		return false;
	if (req->upload.files.count > 0)
		memcpy(req->replaced, former, sizeof former);
	return response_pack(req, 200, "{s:I}", "id", (json_int_t)change.id);
}

/* NULL: no memory, as for all that is put together here. */
static json_t *
attachments_json(const struct attachments *list)
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

static json_t *
if_any(bool any, json_int_t value)
{
	return any ? json_integer(value) : json_null();
}

/* What became of it. */
static json_t *
life_json(const struct job *job)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "creation_date",
	    response_time(job->created_at), "queued_at", response_time(job->queued_at),
	    "started_at", response_time(job->started_at), "finished_at",
	    response_time(job->finished_at), "response", if_any(job->has_response, job->response),
	    "used_cpu", job->has_usage ? json_real(job->used_cpu) : json_null(), "used_memory",
	    if_any(job->has_usage, job->used_memory), "used_io",
	    if_any(job->has_usage, job->used_io));
}

/* What its owner asked for. */
static json_t *
options_json(const struct job *job)
{
	return json_pack("{s:s?, s:s?, s:s?, s:s, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:o}", "name",
	    job->name, "workdir", job->workdir, "user", job->user, "network", job->network,
	    "timeout", (json_int_t)job->timeout, "grace", (json_int_t)job->grace, "memory",
	    (json_int_t)job->memory, "cpus", job->cpus, "pids", (json_int_t)job->pids, "disk",
	    (json_int_t)job->disk, "retries", (json_int_t)job->retries, "env",
	    job->env != NULL ? json_loads(job->env, 0, NULL) : json_array());
}

/* Adds what part has, and gives part back; false: something has no memory. */
static bool
add_part(json_t *json, json_t *part)
{
	bool done = json != NULL && part != NULL && json_object_update(json, part) == 0;

	json_decref(part);
	return done;
}

static json_t *
job_json(const struct job *job, const struct attachments *attachments)
{
	char id[24];
	json_t *json;
	bool done;

	snprintf(id, sizeof id, "%lld", (long long)job->id);
	json = json_pack("{s:I, s:s?, s:s, s:s?, s:I, s:{s:I}, s:{s:I}, s:o, s:o, s:o}", "id",
	    (json_int_t)job->id, "command", job->command, "state", job->state, "error", job->error,
	    "attempt", (json_int_t)job->attempt, "image", "id", (json_int_t)job->image, "pipeline",
	    "id", (json_int_t)job->pipeline, "attachments", attachments_json(attachments),
	    "attachment_token",
	    veiled(job->attachment_token[0] != '\0' ? job->attachment_token : id), "results_path",
	    veiled(job->results_token));
	done = add_part(json, options_json(job));
	done = add_part(json, life_json(job)) && done;
	if (done)
		return json;
	json_decref(json);
	return NULL;
}

static bool
set_queue(json_t *json, struct list *list, const struct job *job, struct error *err)
{
	struct request *req = list->req;
	struct queue_place place;

	if (strcmp(job->state, "in_queue") != 0)
		return true;
	if (!queue_place(req->db, job, list->marks, req->server->config, &place, err))
		return false;
	return json_object_set_new(json, "queue",
		   json_pack("{s:I, s:s, s:o}", "position", (json_int_t)place.position, "reason",
		       place.reason, "eta_s", if_any(place.eta_s >= 0, place.eta_s))) == 0 ||
	    error_set(err, ERROR_SYSTEM, "show a job: not enough memory");
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
	if (json == NULL || set_queue(json, list, job, err))
		return list_add(list, job->id, json, err);
	json_decref(json);
	return false;
}

/* Of a pipeline, or of "/jobs": all that the viewer sees. */
bool
jobs_list(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);
	cleanup_list struct list list = { 0 };
	int64_t pipeline = req->part_count > 1 ? req->ids[0] : 0;

	if (db == NULL ||
	    (req->part_count > 1 && !pipeline_show(db, &req->account, pipeline, NULL, NULL, err)))
		return false;
	return list_begin_page(&list, req, '{', err) &&
	    job_each(db, &req->account, pipeline, request_text(req, "state"), list.after,
		list.fetch, add_job, &list, err) &&
	    list_end(&list);
}

/* A job while "?wait" lasts: it is there once its state is another one than at first. */
struct watched {
	struct job job;
	char first[sizeof(((struct job *)NULL)->state)];
};

static bool
look_at_job(struct request *req, void *context, bool *changed, struct error *err)
{
	struct database *db = request_database(req, err);
	struct watched *watched = context;

	job_clear(&watched->job);
	if (db == NULL ||
	    !job_find(db, &req->account, req->ids[0], req->ids[1], &watched->job, err))
		return false;
	if (watched->first[0] == '\0')
		memcpy(watched->first, watched->job.state, sizeof watched->first);
	/* One that has ended is run again by its owner alone: nothing is to be waited for. */
	*changed = strcmp(watched->first, watched->job.state) != 0 || job_ended(&watched->job);
	return true;
}

static bool
show_job(struct request *req, const struct job *job, struct error *err)
{
	cleanup_list struct list list = { 0 };

	list_begin(&list, req, '{');
	return request_database(req, err) != NULL && add_job(job, &list, err) && list_end(&list);
}

bool
jobs_show(struct request *req, struct error *err)
{
	struct watched watched = { 0 };
	bool done = wait_for(req, look_at_job, &watched, err);

	if (done)
		done = request_flag(req, "result") ? outbox_send_zip(req, &watched.job, err)
						   : show_job(req, &watched.job, err);
	job_clear(&watched.job);
	return done;
}

bool
jobs_kill(struct request *req, struct error *err)
{
	struct database *db = request_change(req, err);

	if (db == NULL || !jobstate_kill(db, &req->account, req->ids[0], req->ids[1], err))
		return false;
	request_wake(req);
	return response_pack(req, 200, "{s:s}", "message", "Success");
}

bool
jobs_delete(struct request *req, struct error *err)
{
	struct database *db = request_change(req, err);

	if (db == NULL || !jobstate_delete(db, &req->account, req->ids[0], req->ids[1], err))
		return false;
	request_wake(req);
	return response_pack(req, 200, "{s:s}", "message", "Successfully deleted job");
}
