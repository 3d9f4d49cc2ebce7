/*
 * kabuto why: says why a job waits or failed, and what to do.
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
#include "reason.h"

#define LAST_LINES 5 /* of the log of a job that failed */

static bool cmd_why_json;

static const struct options_row cmd_why_options[] = {
	{ '\0', "json", NULL, "an object: id, state, reason, next", OPTIONS_FLAG, &cmd_why_json },
	{ 0 },
};

static void
cmd_why_print(const char *text)
{
	cleanup_free char *clean = display_clean(text);

	if (clean != NULL && clean[0] != '\0')
		puts(clean);
}

/* Prints the last lines of the log. A log that cannot be read is left out. */
static void
cmd_why_print_log(struct http *http, int64_t job)
{
	cleanup_fields struct http_fields fields = { 0 };
	cleanup_json json_t *lines = NULL;
	char path[64];
	struct error err;
	size_t i;
	json_t *line;

	snprintf(path, sizeof path, "/execution/%" PRId64 "/logs", job);
	httpfields_add_number(&fields, "tail", LAST_LINES);
	if (!http_call(http, "GET", path, &fields, &lines, &err) || json_array_size(lines) == 0)
		return;
	printf("The end of its log:\n");
	json_array_foreach (lines, i, line) {
		cleanup_free char *clean = display_clean(jobtext_member(line, "logline"));

		printf("    %s\n", clean != NULL ? clean : "");
	}
}

static void
cmd_why_print_json(const struct jobref *job, const struct reason *reason)
{
	cleanup_json json_t *json =
	    json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t)job->id, "state",
		jobtext_member(job->job, "state"), "reason", reason->text, "next", reason->next);

	display_json(json);
}

static int
cmd_why_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_jobref struct jobref job = { 0 };
	struct reason reason;
	struct error err;

	(void)command;
	(void)count;
	if (!http_open(&http, &err) || !jobref_find(&http, words[0], &job, &err))
		return display_failed(&err, EXIT_FAILED);
	reason_explain(job.job, &reason);
	if (cmd_why_json) {
		cmd_why_print_json(&job, &reason);
		return EXIT_DONE;
	}
	printf("Job %" PRId64 " (%s%s%s). ", job.id,
	    display_colour(stdout, jobtext_state_colour(jobtext_member(job.job, "state"))),
	    jobtext_state(jobtext_member(job.job, "state")), display_colour(stdout, DISPLAY_PLAIN));
	cmd_why_print(reason.text);
	cmd_why_print(reason.next);
	if (reason.look)
		cmd_why_print_log(&http, job.id);
	return EXIT_DONE;
}

const struct command cmd_why = {
	.name = "why",
	.arguments = "JOB",
	.summary = "Says why a job waits or failed, and what to do.",
	.options = cmd_why_options,
	.least = 1,
	.most = 1,
	.run = cmd_why_run,
};
