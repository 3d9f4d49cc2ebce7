/*
 * Makes the JSON object of a job.
 */
#include "jobjson.h"

#include <stdio.h>
#include <string.h>

#include "attachment.h"
#include "joboption.h"
#include "response.h"
#include "secret.h"

/* NULL: no memory. This holds for all functions here that return JSON. */
static json_t *
jobjson_attachments(const struct attachments *list)
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
jobjson_mask(const char *token)
{
	char text[NAME_TEXT];

	if (token[0] == '\0')
		return json_null();
	secret_mask_name(token, text);
	return json_string(text);
}

static json_t *
jobjson_if_any(bool any, json_int_t value)
{
	return any ? json_integer(value) : json_null();
}

/* Returns the job's times, exit code and usage. */
static json_t *
jobjson_life(const struct job *job)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "creation_date",
	    response_time(job->created_at), "queued_at", response_time(job->queued_at),
	    "started_at", response_time(job->started_at), "finished_at",
	    response_time(job->finished_at), "response",
	    jobjson_if_any(job->has_response, job->response), "used_cpu",
	    job->has_usage ? json_real(job->used_cpu) : json_null(), "used_memory",
	    jobjson_if_any(job->has_usage, job->used_memory), "used_io",
	    jobjson_if_any(job->has_io, job->used_io));
}

/* Returns the value of one option. */
static json_t *
jobjson_option(const struct joboption *option, struct job *job)
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
jobjson_options(const struct job *job)
{
	struct job copy = *job; /* joboption_number and the like need a job that is not const */
	json_t *json = json_object();

	for (size_t i = 0; i < JOBOPTION_COUNT; i++)
		if (json_object_set_new(json, joboptions[i].name,
			jobjson_option(&joboptions[i], &copy)) < 0) {
			json_decref(json);
			return NULL;
		}
	return json;
}

/* Adds the members of part to json, and frees part. False: json or part is NULL, or no memory. */
static bool
jobjson_add_part(json_t *json, json_t *part)
{
	bool done = json != NULL && part != NULL && json_object_update(json, part) == 0;

	json_decref(part);
	return done;
}

static json_t *
jobjson_pack(const struct job *job, const struct attachments *attachments)
{
	char id[24];
	json_t *json;
	bool done;

	snprintf(id, sizeof id, "%lld", (long long)job->id);
	json = json_pack("{s:I, s:s, s:s?, s:I, s:{s:I}, s:{s:I}, s:o, s:o, s:o}", "id",
	    (json_int_t)job->id, "state", job->state, "error", job->error, "attempt",
	    (json_int_t)job->attempt, "image", "id", (json_int_t)job->image, "pipeline", "id",
	    (json_int_t)job->pipeline, "attachments", jobjson_attachments(attachments),
	    "attachment_token",
	    jobjson_mask(job->attachment_token[0] != '\0' ? job->attachment_token : id),
	    "results_path", jobjson_mask(job->results_token));
	done = jobjson_add_part(json,
	    json_pack("{s:s, s:s?, s:s?, s:o, s:o, s:o}", "account", job->login, "image_name",
		job->image_name, "pipeline_name", job->pipeline_name, "rerun_of",
		jobjson_if_any(job->rerun_of != 0, job->rerun_of), "reruns",
		json_loads(job->reruns, 0, NULL), "build",
		job->build != 0 ? json_pack("{s:I}", "id", (json_int_t)job->build) : json_null()));
	done = jobjson_add_part(json, jobjson_options(job)) && done;
	done = jobjson_add_part(json, jobjson_life(job)) && done;
	if (done)
		return json;
	json_decref(json);
	return NULL;
}

/* Returns what a job shows that waits for the build of its image. NULL: no memory. */
static json_t *
jobjson_waiting(const struct job *job)
{
	char reason[64];

	snprintf(reason, sizeof reason, "its image is being built (build %lld)",
	    (long long)job->build);
	return json_pack("{s:n, s:s, s:n}", "position", "reason", reason, "eta_s");
}

/* Adds "queue" to a job that is in queue, or waits for a build. */
static bool
jobjson_set_queue(struct database *db, const struct config *config, struct queue_mark *marks,
    const struct job *job, json_t *json, struct error *err)
{
	struct queue_place place;
	json_t *queue;

	if (strcmp(job->state, "in_queue") == 0) {
		if (!queue_place(db, job, marks, config, &place, err))
			return false;
		queue = json_pack("{s:I, s:s, s:o}", "position", (json_int_t)place.position,
		    "reason", place.reason, "eta_s", jobjson_if_any(place.eta_s >= 0, place.eta_s));
	} else if (job->build != 0)
		queue = jobjson_waiting(job);
	else
		return true;
	return json_object_set_new(json, "queue", queue) == 0 ||
	    error_set(err, ERROR_SYSTEM, "show a job: not enough memory");
}

json_t *
jobjson_make(struct database *db, const struct config *config,
    struct queue_mark marks[static QUEUE_MARKS], const struct job *job, struct error *err)
{
	struct attachments attachments = { 0 };
	json_t *json;

	if (!attachment_list(db, job->id, &attachments, err))
		return NULL;
	json = jobjson_pack(job, &attachments);
	attachment_clear(&attachments);
	if (json == NULL) {
		error_set(err, ERROR_SYSTEM, "show a job: not enough memory");
		return NULL;
	}
	if (jobjson_set_queue(db, config, marks, job, json, err))
		return json;
	json_decref(json);
	return NULL;
}
