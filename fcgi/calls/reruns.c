/*
 * Runs jobs again: copies one job, or all failed jobs of a pipeline, with changes.
 */
#include "reruns.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "commit.h"
#include "joboptionform.h"
#include "rerun.h"
#include "response.h"

#define REMOVE "remove_attachments"

/* clang-format off */

const struct parameter reruns_job_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID },
	{ .name = "attachments", .type = PARAMETER_FILES },
	{ .name = REMOVE, .type = PARAMETER_TEXTS, .least = 1 },
	{ .name = "submit", .type = PARAMETER_BOOLEAN },
	JOBOPTIONS(JOBOPTIONFORM_PARAMETER)
	{ 0 },
};

const struct parameter reruns_pipeline_parameters[] = {
	{ .name = "only", .type = PARAMETER_CHOICE, .choices = "failed oom" },
	{ .name = "image_id", .type = PARAMETER_ID },
	JOBOPTIONS(JOBOPTIONFORM_PARAMETER)
	{ 0 },
};

/* clang-format on */

static struct rerun
reruns_of(struct request *req)
{
	return (struct rerun){ .pipeline = request_id(req, "pipeline"),
		.apply = joboptionform_apply,
		.context = req,
		.staging = &req->upload.staging,
		.config = req->config };
}

/* Lists the names of attachments to leave out. The caller frees *names, but not the texts. */
static bool
reruns_read_removed(const struct request *req, const char ***names, size_t *count,
    struct error *err)
{
	*count = 0;
	*names = calloc(req->values.count + 1, sizeof **names);
	if (*names == NULL)
		return error_set(err, ERROR_SYSTEM, "read the names: not enough memory");
	for (size_t i = 0; i < req->values.count; i++)
		if (strcmp(req->values.items[i].parameter->name, REMOVE) == 0)
			(*names)[(*count)++] = req->values.items[i].text;
	return true;
}

bool
reruns_job(struct request *req, struct response *res, struct error *err)
{
	const struct rerun rerun = reruns_of(req);
	bool submit =
	    parameter_value(&req->values, "submit") == NULL || request_flag(req, "submit");
	cleanup_free const char **removed = NULL;
	struct database *db;
	size_t count;
	int64_t id;

	if (!reruns_read_removed(req, &removed, &count, err) ||
	    !upload_open(&req->upload, UPLOAD_INBOX, "attachments", err))
		return false;
	db = commit_begin(req, err);
	if (db == NULL ||
	    !rerun_job(db, &req->server->spool, &req->caller.account, &rerun,
		request_id(req, "job"), &req->upload.parts[UPLOAD_INBOX].files, removed, count,
		submit, &id, err))
		return false;
	commit_object(req, id);
	if (submit)
		commit_wake(req);
	return response_pack(res, err, 200, "{s:I}", "id", (json_int_t)id);
}

/* NULL: no memory. */
static json_t *
reruns_ids_json(const struct ids *ids)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ids->count; i++)
		if (json_array_append_new(array, json_integer(ids->items[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

bool
reruns_pipeline(struct request *req, struct response *res, struct error *err)
{
	const struct rerun rerun = reruns_of(req);
	const char *only = request_text(req, "only");
	struct ids ids = { 0 };
	struct database *db;
	bool done;

	if (!upload_open(&req->upload, UPLOAD_INBOX, "attachments", err))
		return false;
	db = commit_begin(req, err);
	done = db != NULL &&
	    rerun_pipeline(db, &req->server->spool, &req->caller.account, &rerun,
		only != NULL && strcmp(only, "oom") == 0, &ids, err) &&
	    response_pack(res, err, 200, "{s:o}", "ids", reruns_ids_json(&ids));
	free(ids.items);
	if (done)
		commit_wake(req);
	return done;
}
