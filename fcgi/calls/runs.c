/*
 * Runs a command in one call.
 */
#include "runs.h"

#include <stdio.h>

#include "buildform.h"
#include "commit.h"
#include "joboptionform.h"
#include "launch.h"
#include "origin.h"
#include "response.h"
#include "runstreams.h"

/* clang-format off */

const struct parameter runs_create_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID },
	BUILDFORM_PARAMETERS,
	{ .name = "context", .type = PARAMETER_FILES, .folder = UPLOAD_CONTEXT },
	{ .name = "attachments", .type = PARAMETER_FILES },
	{ .name = "repo_url", .type = PARAMETER_TEXT }, /* only to say what takes it */
	{ .name = "pipeline", .type = PARAMETER_ID },
	JOBOPTIONS(JOBOPTIONFORM_PARAMETER)
	{ 0 },
};

/* clang-format on */

#define URL_MOST (ORIGIN_ADDRESS + 96)

/* Adds a URL: the address that the client called, and a path with one or two ids. */
static bool
runs_add_url(json_t *urls, const char *name, const char *address, const char *format, int64_t first,
    int64_t second)
{
	char path[96], url[URL_MOST];

	snprintf(path, sizeof path, format, (long long)first, (long long)second);
	snprintf(url, sizeof url, "%s%s", address, path);
	return json_object_set_new(urls, name, json_string(url)) == 0;
}

/* Returns the URLs of a job. NULL: no memory. */
static json_t *
runs_make_urls(const struct request *req, const struct job *job)
{
	char address[ORIGIN_ADDRESS];
	json_t *urls = json_object();

	origin_address(req, address);
	if (runs_add_url(urls, "job", address, "/pipeline/%lld/job/%lld", job->pipeline, job->id) &&
	    runs_add_url(urls, "log", address, "/execution/%lld/logs", job->id, 0) &&
	    runs_add_url(urls, "events", address, "/execution/%lld/events", job->id, 0) &&
	    runs_add_url(urls, "results", address, "/pipeline/%lld/job/%lld?result", job->pipeline,
		job->id) &&
	    runs_add_url(urls, "kill", address, "/pipeline/%lld/job/%lld/kill", job->pipeline,
		job->id) &&
	    runs_add_url(urls, "page", address, "/ui/job/%lld", job->id, 0) &&
	    (job->build != 0
		    ? runs_add_url(urls, "build", address, "/image/build/%lld", job->build, 0)
		    : json_object_set_new(urls, "build", json_null()) == 0))
		return urls;
	json_decref(urls);
	return NULL;
}

static json_t *
runs_id_unless(bool unless, int64_t id)
{
	return unless ? json_null() : json_integer(id);
}

static bool
runs_launch(struct request *req, struct response *res, struct job *job,
    const struct build_request *build, struct error *err)
{
	const struct launch launch = { .viewer = &req->caller.account,
		.config = req->config,
		.spool = &req->server->spool,
		.staging = &req->upload.staging,
		.attachments = &req->upload.parts[UPLOAD_INBOX].files,
		.build = build,
		.job = job };
	struct database *db = commit_begin(req, err);

	if (db == NULL || !launch_create(db, &launch, err))
		return false;
	commit_object(req, job->id);
	commit_wake(req);
	return response_pack(res, err, 201, "{s:I, s:I, s:o, s:o, s:o}", "job", (json_int_t)job->id,
	    "pipeline", (json_int_t)job->pipeline, "image",
	    runs_id_unless(job->build != 0, job->image), "build",
	    runs_id_unless(job->build == 0, job->build), "urls", runs_make_urls(req, job));
}

/* Checks what the job runs in: either an image, or what one is built from. */
static bool
runs_check_source(const struct request *req, const struct buildform *form, bool has_image,
    struct error *err)
{
	static const char *const of_build[] = { "dockerfile", "nocache", "build_arg" };

	if (parameter_value(&req->values, "repo_url") != NULL)
		return error_set(err, ERROR_INPUT,
		    "repo_url: this call takes a dockerfile and context; POST /image builds from a "
		    "repository, then send its image_id here");
	if (!has_image)
		return buildform_check(form,
		    "(or give an image_id, or a context file with the name Dockerfile)", err);
	for (size_t i = 0; i < sizeof of_build / sizeof of_build[0]; i++)
		if (parameter_value(&req->values, of_build[i]) != NULL)
			return error_set(err, ERROR_INPUT,
			    "%s: give either an image_id or what to build, not both", of_build[i]);
	return req->upload.parts[UPLOAD_CONTEXT].files.count == 0 ||
	    error_set(err, ERROR_INPUT,
		"context: give either an image_id or what to build, not both; files for the job "
		"are attachments");
}

/* Checks the id of a pipeline that is named. In struct job 0 means that one is to be made. */
static bool
runs_check_pipeline(const struct request *req, const struct job *job, struct error *err)
{
	return job->pipeline != 0 || parameter_value(&req->values, "pipeline") == NULL ||
	    error_set(err, ERROR_NOT_FOUND, "Pipeline not found");
}

/* Runs the job in an image that is built from the form, or was already. */
static bool
runs_build(struct request *req, struct response *res, struct job *job, struct buildform *form,
    struct error *err)
{
	const struct build_request build = { .builds_max = req->config->builds_max,
		.dockerfile = form->dockerfile,
		.build_arg = form->build_arg,
		.nocache = request_flag(req, "nocache"),
		.content_hash = form->content_hash,
		.staging = &req->upload.staging };

	return buildform_store(req, "context", form, err) &&
	    runs_launch(req, res, job, &build, err);
}

bool
runs_create(struct request *req, struct response *res, struct error *err)
{
	bool has_image = parameter_value(&req->values, "image_id") != NULL;
	struct job job = { .pipeline = request_number(req, "pipeline", 0) };
	struct buildform form = { 0 };
	bool done;

	joboption_unset(&job);
	done = runstreams_reserve(req, err) && runs_check_pipeline(req, &job, err) &&
	    buildform_read(req, &form, err) && runs_check_source(req, &form, has_image, err) &&
	    joboptionform_read(req, &job, err) &&
	    (has_image ? runs_launch(req, res, &job, NULL, err)
		       : runs_build(req, res, &job, &form, err));
	buildform_clear(&form);
	job_clear(&job);
	return done;
}

bool
runs_deliver(struct request *req, struct response *res, struct error *err)
{
	return runstreams_open(req, res, err);
}
