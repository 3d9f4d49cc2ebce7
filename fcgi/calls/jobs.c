/*
 * Handles jobs: adds, lists, shows, changes, kills and deletes them.
 */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "commit.h"
#include "jobjson.h"
#include "joblist.h"
#include "joboption.h"
#include "joboptionform.h"
#include "jobstate.h"
#include "list.h"
#include "outbox.h"
#include "pipeline.h"
#include "response.h"
#include "wait.h"

/* clang-format off */

const struct parameter jobs_create_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID, .required = true },
	{ .name = "attachments", .type = PARAMETER_FILES },
	JOBOPTIONS(JOBOPTIONFORM_PARAMETER)
	{ 0 },
};

const struct parameter jobs_update_parameters[] = {
	{ .name = "image_id", .type = PARAMETER_ID },
	{ .name = "attachments", .type = PARAMETER_FILES },
	JOBOPTIONS(JOBOPTIONFORM_PARAMETER)
	{ 0 },
};

/* clang-format on */

#define JOBS_STATE                                                                                 \
	{                                                                                          \
		.name = "state", .type = PARAMETER_CHOICE,                                         \
		.choices = "ready in_queue running done failed"                                    \
	}

const struct parameter jobs_list_parameters[] = {
	LIST_PARAMETERS,
	LIST_ORDER,
	LIST_OWN,
	LIST_NAME,
	JOBS_STATE,
	{ .name = "image", .type = PARAMETER_ID },
	{ .name = "pipeline", .type = PARAMETER_ID },
	{ .name = "account", .type = PARAMETER_TEXT, .least = 1, .most = LOGIN_MOST },
	{ 0 },
};

const struct parameter jobs_of_pipeline_parameters[] = {
	LIST_PARAMETERS,
	LIST_ORDER,
	LIST_NAME,
	JOBS_STATE,
	{ .name = "image", .type = PARAMETER_ID },
	{ 0 },
};

const struct parameter jobs_show_parameters[] = {
	{ .name = "result", .type = PARAMETER_FLAG },
	WAIT_PARAMETER,
	{ 0 },
};

bool
jobs_create(struct request *req, struct response *res, struct error *err)
{
	struct job job = { .pipeline = request_id(req, "pipeline") };
	struct database *db;
	bool done;

	joboption_unset(&job);
	done = joboptionform_read(req, &job, err) && (db = commit_begin(req, err)) != NULL &&
	    job_create(db, &req->server->spool, &req->caller.account, &job,
		&req->upload.parts[UPLOAD_INBOX].files, &req->upload.staging,
		req->config->storage_max, err) &&
	    response_pack(res, err, 200, "{s:I}", "id", (json_int_t)job.id);
	commit_object(req, job.id);
	job_clear(&job);
	return done;
}

bool
jobs_update(struct request *req, struct response *res, struct error *err)
{
	const struct job_change change = { .pipeline = request_id(req, "pipeline"),
		.id = request_id(req, "job"),
		.apply = joboptionform_apply,
		.context = req };
	struct database *db = commit_begin(req, err);
	char former[NAME_TEXT];

	if (db == NULL ||
	    !job_update(db, &req->server->spool, &req->caller.account, &change,
		&req->upload.parts[UPLOAD_INBOX].files, &req->upload.staging, req->config, former,
		err))
		return false;
	if (req->upload.parts[UPLOAD_INBOX].files.count > 0)
		commit_replaced(req, former);
	return response_pack(res, err, 200, "{s:I}", "id", (json_int_t)change.id);
}

static bool
jobs_add_job(const struct job *job, void *context, struct error *err)
{
	struct list *list = context;
	size_t attachments;
	json_t *json;

	if (list_is_full(list))
		return true;
	json = jobjson_make(list->req->db, list->req->config, list->marks, job, err);
	if (json == NULL)
		return false;
	attachments = json_array_size(json_object_get(json, "attachments"));
	if (!list_add(list, job->id, json, err))
		return false;
	list->parts += (int64_t)attachments;
	return true;
}

/* Sets *account to the one whose jobs are wanted; 0: all that the viewer may see. */
static bool
jobs_read_account(struct request *req, const struct account *viewer, int64_t *account,
    struct error *err)
{
	const char *login = request_text(req, "account");
	char hash[PASSWORD_HASH];
	struct account found;
	bool confirmed;

	*account = 0;
	if (login == NULL || strcasecmp(login, viewer->login) == 0) {
		*account = login == NULL ? 0 : viewer->id;
		return true;
	}
	if (!viewer->admin)
		return error_set(err, ERROR_FORBIDDEN,
		    "account: only an admin may list another account's jobs");
	if (!account_find(req->db, login, &found, hash, &confirmed, err))
		return false;
	*account = found.id;
	return found.id != 0 ||
	    error_set(err, ERROR_NOT_FOUND, "account: no account has this login");
}

/* Adds the jobs of the pipeline in the path, or, for "/jobs", all jobs that the caller may see. */
static bool
jobs_add_page(struct list *list, struct error *err)
{
	struct request *req = list->req;
	const struct account viewer = list_viewer(list);
	int64_t pipeline = request_id(req, "pipeline");
	struct joblist_filter filter = { .pipeline =
					     pipeline != 0 ? pipeline : list_id(list, "pipeline"),
		.image = list_id(list, "image"),
		.state = request_text(req, "state"),
		.name = list_name(list) };

	if (pipeline != 0 && !pipeline_show(req->db, &viewer, pipeline, NULL, NULL, err))
		return false;
	return jobs_read_account(req, &viewer, &filter.account, err) &&
	    joblist_each(req->db, &viewer, &filter, &list->page, jobs_add_job, list, err);
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
	int64_t first_build; /* that the job waited for then */
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
	if (watched->first[0] == '\0') {
		memcpy(watched->first, watched->job.state, sizeof watched->first);
		watched->first_build = watched->job.build;
	}
	/*
	 * An ended job changes its state only if its owner submits it again: do not wait for that.
	 */
	*changed = strcmp(watched->first, watched->job.state) != 0 ||
	    watched->first_build != watched->job.build || job_ended(&watched->job);
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
