/*
 * Runs a command in one call.
 */
#include "runs.h"

#include <stdio.h>

#include "commit.h"
#include "joboptionform.h"
#include "launch.h"
#include "origin.h"
#include "response.h"

/* clang-format off */

const struct parameter runs_create_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID, .required = true },
	{ .name = "attachments", .type = PARAMETER_FILES },
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
	    json_object_set_new(urls, "build", json_null()) == 0)
		return urls;
	json_decref(urls);
	return NULL;
}

static bool
runs_launch(struct request *req, struct response *res, struct job *job, struct error *err)
{
	const struct launch launch = { .viewer = &req->caller.account,
		.config = req->config,
		.spool = &req->server->spool,
		.staging = &req->upload.staging,
		.attachments = &req->upload.parts[UPLOAD_INBOX].files,
		.job = job };
	struct database *db = commit_begin(req, err);

	if (db == NULL || !launch_create(db, &launch, err))
		return false;
	commit_object(req, job->id);
	commit_wake(req);
	return response_pack(res, err, 201, "{s:I, s:I, s:I, s:n, s:o}", "job", (json_int_t)job->id,
	    "pipeline", (json_int_t)job->pipeline, "image", (json_int_t)job->image, "build", "urls",
	    runs_make_urls(req, job));
}

bool
runs_create(struct request *req, struct response *res, struct error *err)
{
	struct job job = { .pipeline = request_number(req, "pipeline", 0) };
	bool done;

	joboption_unset(&job);
	done = joboptionform_read(req, &job, err) && runs_launch(req, res, &job, err);
	job_clear(&job);
	return done;
}
