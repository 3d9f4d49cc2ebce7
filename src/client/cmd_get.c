/*
 * kabuto get: fetches a job's results into a folder, single files of them, or their zip.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "extract.h"
#include "http.h"
#include "interrupt.h"
#include "jobref.h"
#include "jobtext.h"
#include "options.h"
#include "outcome.h"
#include "quantity.h"
#include "results.h"

static const char *cmd_get_folder, *cmd_get_zip;
static bool cmd_get_force, cmd_get_quiet;

static const struct options_row cmd_get_options[] = {
	{ 'o', "output", "FOLDER", "unpack into this folder; default: job-<id>", OPTIONS_TEXT,
	    &cmd_get_folder },
	{ '\0', "zip", "FILE", "save the zip as it is; -: on the standard output", OPTIONS_TEXT,
	    &cmd_get_zip },
	{ '\0', "force", NULL, "replace files of the same names", OPTIONS_FLAG, &cmd_get_force },
	{ 'q', "quiet", NULL, "show no progress and no summary", OPTIONS_FLAG, &cmd_get_quiet },
	{ 0 },
};

static int
cmd_get_fail(struct error *err)
{
	if (err->kind != ERROR_INTERRUPTED)
		return display_failed(err, EXIT_FAILED);
	display_say("interrupted: the same command goes on where this one ended");
	return interrupt_code();
}

static bool
cmd_get_check_ended(const struct jobref *job, struct error *err)
{
	return outcome_ended(job->job) ||
	    error_set(err, ERROR_CONFLICT,
		"job %" PRId64 " is %s: 'kabuto wait %" PRId64 "' waits for its end", job->id,
		jobtext_state(jobtext_member(job->job, "state")), job->id);
}

static bool
cmd_get_save(struct http *http, const struct jobref *job, struct error *err)
{
	return results_check_file(cmd_get_zip, cmd_get_force, err) &&
	    results_save(http, job->pipeline, job->id, cmd_get_zip, cmd_get_force, cmd_get_quiet,
		err);
}

/* Fetches into a folder, and says what was fetched. */
static bool
cmd_get_unpack(struct http *http, const struct jobref *job, char *const *names, size_t count,
    struct error *err)
{
	char folder[32], size[QUANTITY_TEXT];
	struct extract extract = { .target = cmd_get_folder,
		.force = cmd_get_force,
		.add = count > 0,
		.quiet = cmd_get_quiet };
	bool done;

	snprintf(folder, sizeof folder, "job-%" PRId64, job->id);
	if (extract.target == NULL)
		extract.target = folder;
	done = extract_check_target(&extract, err) &&
	    (count > 0
		    ? results_fetch_names(http, job->pipeline, job->id, &extract, names, count, err)
		    : results_fetch(http, job->pipeline, job->id, &extract, err));
	if (done && !cmd_get_quiet)
		display_say("%zu %s, %s, in %s", extract.files,
		    extract.files == 1 ? "file" : "files",
		    quantity_format_bytes(extract.size, size), extract.target);
	return done;
}

static int
cmd_get_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_jobref struct jobref job = { 0 };
	struct error err;

	if (cmd_get_zip != NULL && (count > 1 || cmd_get_folder != NULL))
		return options_wrong(command, "--zip excludes -o and names of results");
	interrupt_begin();
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	http.stop = interrupt_first();
	http.quiet = cmd_get_quiet;
	if (!jobref_find(&http, words[0], &job, &err) || !cmd_get_check_ended(&job, &err) ||
	    (cmd_get_zip != NULL
		    ? !cmd_get_save(&http, &job, &err)
		    : !cmd_get_unpack(&http, &job, words + 1, (size_t)count - 1, &err)))
		return cmd_get_fail(&err);
	return EXIT_DONE;
}

const struct command cmd_get = {
	.name = "get",
	.arguments = "JOB [NAME...]",
	.summary = "Fetches the results of a job into a folder.",
	.options = cmd_get_options,
	.least = 1,
	.most = -1,
	.run = cmd_get_run,
};
