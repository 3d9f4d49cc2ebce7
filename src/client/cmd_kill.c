/*
 * kabuto kill: ends jobs that run, and takes jobs out of the queue.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "http.h"
#include "jobref.h"
#include "jobtext.h"
#include "options.h"

static bool cmd_kill_json;

static const struct options_row cmd_kill_options[] = {
	{ '\0', "json", NULL, "the server's answers, by id", OPTIONS_FLAG, &cmd_kill_json },
	{ 0 },
};

/* Whether the job is the only one of its pipeline, as those of kabuto run are. */
static bool
cmd_kill_is_alone(struct http *http, const struct jobref *job, bool *alone, struct error *err)
{
	cleanup_json json_t *answer = NULL;
	char path[64];
	const json_t *pipeline;

	snprintf(path, sizeof path, "/pipeline/%" PRId64, job->pipeline);
	if (!http_call(http, "GET", path, NULL, &answer, err))
		return false;
	pipeline = json_object_iter_value(json_object_iter(answer));
	*alone = json_array_size(json_object_get(pipeline, "jobs")) == 1;
	return true;
}

/*
 * Takes a job out of the queue. The API can only cancel a whole pipeline, so that this is done for
 * a job alone.
 */
static bool
cmd_kill_queued(struct http *http, const struct jobref *job, json_t **answer, struct error *err)
{
	char path[64];
	bool alone;

	if (!cmd_kill_is_alone(http, job, &alone, err))
		return false;
	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/cancel", job->pipeline);
	return alone ? http_call(http, "POST", path, NULL, answer, err)
		     : error_set(err, ERROR_CONFLICT,
			   "it waits in pipeline %" PRId64
			   " with other jobs; this cancels all of them: kabuto api POST %s",
			   job->pipeline, path);
}

/* Kills a job. *id gets its number, *answer the server's object, which the caller decrefs. */
static bool
cmd_kill_job(struct http *http, const char *text, int64_t *id, json_t **answer, struct error *err)
{
	cleanup_jobref struct jobref job = { 0 };
	char path[96];

	if (!jobref_find(http, text, &job, err))
		return false;
	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/job/%" PRId64 "/kill", job.pipeline,
	    job.id);
	*id = job.id;
	if (http_call(http, "POST", path, NULL, answer, err))
		return true;
	if (err->kind == ERROR_CONFLICT &&
	    strcmp(jobtext_member(job.job, "state"), "in_queue") == 0 &&
	    cmd_kill_queued(http, &job, answer, err))
		return true;
	return error_wrap(err, "job %" PRId64, job.id);
}

static int
cmd_kill_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_json json_t *answers = json_object();
	struct error err;
	int status = EXIT_DONE;

	(void)command;
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	for (int i = 0; i < count; i++) {
		json_t *answer = NULL;
		int64_t id;
		char key[24];

		if (!cmd_kill_job(&http, words[i], &id, &answer, &err)) {
			status = display_failed(&err, EXIT_FAILED);
			continue;
		}
		snprintf(key, sizeof key, "%" PRId64, id);
		(void)json_object_set_new(answers, key, answer);
		if (!cmd_kill_json)
			puts(key);
	}
	if (cmd_kill_json)
		display_json(answers);
	return status;
}

const struct command cmd_kill = {
	.name = "kill",
	.arguments = "JOB...",
	.summary = "Ends running jobs, and takes jobs out of the queue.",
	.options = cmd_kill_options,
	.least = 1,
	.most = -1,
	.run = cmd_kill_run,
};
