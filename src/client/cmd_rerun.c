/*
 * kabuto rerun: runs a job again as a new one, with changes; or all failed jobs of a pipeline.
 */
#include <inttypes.h>
#include <stdio.h>

#include "attend.h"
#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "http.h"
#include "jobref.h"
#include "makecall.h"
#include "options.h"
#include "runform.h"

static const char *cmd_rerun_image, *cmd_rerun_pipeline;
static struct options_texts cmd_rerun_removed;
static bool cmd_rerun_failed, cmd_rerun_oom;

static const struct options_row cmd_rerun_options[] = {
	{ 'i', "image", "IMAGE", "another image: its id or name", OPTIONS_TEXT, &cmd_rerun_image },
	{ 'p', "pipeline", "ID", "run the failed jobs of this pipeline again, and print their ids",
	    OPTIONS_TEXT, &cmd_rerun_pipeline },
	{ '\0', "failed", NULL, "with -p: all that failed (as without it)", OPTIONS_FLAG,
	    &cmd_rerun_failed },
	{ '\0', "oom", NULL, "with -p: only those that were out of memory", OPTIONS_FLAG,
	    &cmd_rerun_oom },
	{ '\0', "remove", "NAME", "leave out this file of the old job", OPTIONS_TEXTS,
	    &cmd_rerun_removed },
	OPTIONS_INCLUDE(runform_options),
	OPTIONS_INCLUDE(attend_options),
	{ 0 },
};

/* Adds the changes to the form. */
static bool
cmd_rerun_add(struct http *http, const struct runform *run, struct sendform *form, char **words,
    int count, struct error *err)
{
	char text[24];
	int64_t image;

	if (cmd_rerun_image != NULL) {
		if (!jobref_find_image(http, cmd_rerun_image, &image, err))
			return false;
		snprintf(text, sizeof text, "%" PRId64, image);
		if (!sendform_field(form, "image_id", text, err))
			return false;
	}
	for (size_t i = 0; i < cmd_rerun_removed.count; i++)
		if (!sendform_field(form, "remove_attachments", cmd_rerun_removed.items[i], err))
			return false;
	return runform_add(run, form, words, count, err);
}

/* Makes the copy, and attends it. */
static int
cmd_rerun_job(struct http *http, const struct runform *run, char **words, int count)
{
	cleanup_sendform struct sendform form = { 0 };
	cleanup_jobref struct jobref old = { 0 };
	cleanup_json json_t *made = NULL;
	cleanup_free char *page = NULL;
	struct attend attend = { .http = http };
	char path[96];
	struct error err;
	int status;

	if (!jobref_find(http, words[0], &old, &err) ||
	    !cmd_rerun_add(http, run, &form, words + 1, count - 1, &err))
		return makecall_failed(&err, EXIT_TROUBLE);
	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/job/%" PRId64 "/rerun", old.pipeline,
	    old.id);
	status = attend_send(http, &form, path, &made);
	if (status != EXIT_DONE)
		return status;
	attend.job = json_integer_value(json_object_get(made, "id"));
	attend.pipeline = old.pipeline;
	attend.made = made;
	if (asprintf(&page, "%s/ui/job/%" PRId64, http->settings.url, attend.job) < 0)
		page = NULL;
	attend.page = page;
	return attend_run(&attend);
}

static void
cmd_rerun_print(const json_t *ids)
{
	const json_t *id;
	size_t index;

	json_array_foreach (ids, index, id)
		printf("%" PRId64 "\n", (int64_t)json_integer_value(id));
}

/* Makes copies of a pipeline's failed jobs. */
static int
cmd_rerun_all(struct http *http, const struct runform *run, char **words, int count)
{
	cleanup_sendform struct sendform form = { 0 };
	cleanup_json json_t *made = NULL;
	const json_t *ids;
	char path[64];
	struct error err;
	int status;

	if (!sendform_field(&form, "only", cmd_rerun_oom ? "oom" : "failed", &err) ||
	    !cmd_rerun_add(http, run, &form, words, count, &err))
		return makecall_failed(&err, EXIT_TROUBLE);
	snprintf(path, sizeof path, "/pipeline/%s/rerun", cmd_rerun_pipeline);
	status = attend_send(http, &form, path, &made);
	if (status != EXIT_DONE)
		return status;
	ids = json_object_get(made, "ids");
	if (!json_is_array(ids)) {
		(void)httpanswer_foreign(http->settings.url, &err);
		return display_failed(&err, EXIT_TROUBLE);
	}
	if (attend_is_json())
		display_json(made);
	else
		cmd_rerun_print(ids);
	if (json_array_size(ids) == 0)
		display_say("no job of pipeline %s failed%s without having been run again",
		    cmd_rerun_pipeline, cmd_rerun_oom ? " out of memory" : "");
	return EXIT_DONE;
}

/* Checks the options that only one of the two forms takes. */
static int
cmd_rerun_check(const struct command *command, int count)
{
	int64_t id;

	if (cmd_rerun_pipeline == NULL && count == 0)
		return options_wrong(command, "rerun: which job? Give its id, or -p PIPELINE");
	if (cmd_rerun_pipeline == NULL && (cmd_rerun_failed || cmd_rerun_oom))
		return options_wrong(command, "--failed and --oom go with -p PIPELINE");
	if (cmd_rerun_pipeline != NULL && !jobref_parse_id(cmd_rerun_pipeline, &id))
		return options_wrong(command, "%s: a pipeline is a number", cmd_rerun_pipeline);
	if (cmd_rerun_failed && cmd_rerun_oom)
		return options_wrong(command, "--failed and --oom exclude each other");
	if (cmd_rerun_pipeline != NULL && (runform_has_files() || cmd_rerun_removed.count > 0))
		return options_wrong(command, "-p takes neither -f nor --remove");
	if (cmd_rerun_pipeline != NULL && attend_waits())
		return options_wrong(command,
		    "-p does not wait for the jobs: it goes with neither -o nor --kill");
	return EXIT_DONE;
}

static int
cmd_rerun_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	struct runform run = { 0 };
	struct error err;
	int status = cmd_rerun_check(command, count);

	if (status == EXIT_DONE)
		status = attend_begin(command);
	if (status == EXIT_DONE)
		status = runform_begin(&run, command);
	if (status == EXIT_DONE && !makecall_open(&http, &err))
		status = makecall_failed(&err, EXIT_TROUBLE);
	if (status == EXIT_DONE)
		status = cmd_rerun_pipeline != NULL ? cmd_rerun_all(&http, &run, words, count)
						    : cmd_rerun_job(&http, &run, words, count);
	runform_clear(&run);
	return status;
}

const struct command cmd_rerun = {
	.name = "rerun",
	.arguments = "JOB [COMMAND...]",
	.summary = "Runs a job again as a new one, with changes; or the failed jobs of a pipeline.",
	.options = cmd_rerun_options,
	.least = 0,
	.most = -1,
	.run = cmd_rerun_run,
};
