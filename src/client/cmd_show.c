/*
 * kabuto show: shows a job.
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
#include "quantity.h"
#include "reason.h"
#include "utf8.h"

#define NAMES_WIDTH 12

static bool cmd_show_json;

static const struct options_row cmd_show_options[] = {
	{ '\0', "json", NULL, "the server's object", OPTIONS_FLAG, &cmd_show_json },
	{ 0 },
};

/*
 * Prints a line with a name and a value, or nothing for "". A value of several lines goes on below
 * itself on a terminal.
 */
static void
cmd_show_line(const char *name, const char *value)
{
	bool aligned = display_is_terminal(stdout);
	const char *rest = value;

	if (value[0] == '\0')
		return;
	if (!aligned) {
		cleanup_free char *clean = display_clean(value);

		printf("%s\t%s\n", name, clean != NULL ? clean : "");
		return;
	}
	printf("%s%-*s%s", display_colour(stdout, DISPLAY_DIM), NAMES_WIDTH, name,
	    display_colour(stdout, DISPLAY_PLAIN));
	while (rest != NULL) {
		cleanup_free char *line = strndup(rest, strcspn(rest, "\n"));
		cleanup_free char *clean = line != NULL ? display_clean(line) : NULL;

		printf("%*s%s\n", rest == value ? 0 : NAMES_WIDTH, "", clean != NULL ? clean : "");
		rest = strchr(rest, '\n');
		rest = rest != NULL ? rest + 1 : NULL;
	}
}

/* The same for "<text> (<id>)". */
static void
cmd_show_named(const char *name, const char *text, int64_t id)
{
	char value[512];

	if (text[0] == '\0')
		snprintf(value, sizeof value, "%" PRId64, id);
	else
		snprintf(value, sizeof value, "%.400s (%" PRId64 ")", text, id);
	cmd_show_line(name, utf8_make_valid(value));
}

static void
cmd_show_time(const json_t *job, const char *name, const char *member)
{
	char text[JOBTEXT];

	cmd_show_line(name,
	    display_is_terminal(stdout) ? jobtext_format_time(jobtext_member(job, member), text)
					: jobtext_member(job, member));
}

static const char *
cmd_show_bytes(const json_t *job, const char *member, char text[static QUANTITY_TEXT])
{
	const json_t *number = json_object_get(job, member);

	text[0] = '\0';
	return json_is_integer(number) ? quantity_format_bytes(json_integer_value(number), text)
				       : text;
}

/* What the job used, beside its limits. */
static void
cmd_show_usage(const json_t *job)
{
	const json_t *cpu = json_object_get(job, "used_cpu");
	char used[QUANTITY_TEXT], limit[QUANTITY_TEXT], seconds[JOBTEXT], text[128];
	double ran = jobtext_run_seconds(job);

	if (ran >= 0)
		cmd_show_line("ran", jobtext_format_seconds(ran, seconds));
	if (json_is_number(cpu)) {
		snprintf(text, sizeof text, "%s of processor time",
		    jobtext_format_seconds(json_number_value(cpu), seconds));
		cmd_show_line("cpu", text);
	}
	(void)cmd_show_bytes(job, "memory", limit);
	if (cmd_show_bytes(job, "used_memory", used)[0] != '\0')
		snprintf(text, sizeof text, "%s at most, of %s", used, limit);
	else
		snprintf(text, sizeof text, "limit %s", limit);
	cmd_show_line("memory", text);
	cmd_show_line("disk io", cmd_show_bytes(job, "used_io", used));
}

static void
cmd_show_limits(const json_t *job)
{
	double cpus = json_number_value(json_object_get(job, "cpus"));
	char seconds[JOBTEXT], disk[QUANTITY_TEXT], text[256];

	snprintf(text, sizeof text,
	    "%g CPU%s, time %s, %" PRId64 " processes, outbox %s, network %s", cpus,
	    cpus == 1 ? "" : "s",
	    jobtext_format_seconds((double)json_integer_value(json_object_get(job, "timeout")),
		seconds),
	    (int64_t)json_integer_value(json_object_get(job, "pids")),
	    cmd_show_bytes(job, "disk", disk), jobtext_member(job, "network"));
	cmd_show_line("limits", text);
}

static void
cmd_show_inputs(const json_t *job)
{
	const json_t *files = json_object_get(job, "attachments");
	char bytes[QUANTITY_TEXT], text[512];
	int64_t sum = 0;
	size_t i;
	json_t *file;

	json_array_foreach (files, i, file)
		sum += json_integer_value(json_object_get(file, "size"));
	if (json_array_size(files) == 0)
		return;
	snprintf(text, sizeof text, "%.300s%s: %zu file%s, %s",
	    jobtext_member(json_array_get(files, 0), "name"),
	    json_array_size(files) > 1 ? ", …" : "", json_array_size(files),
	    json_array_size(files) > 1 ? "s" : "", quantity_format_bytes(sum, bytes));
	cmd_show_line("inputs", utf8_make_valid(text));
}

static void
cmd_show_state(const json_t *job)
{
	const char *state = jobtext_member(job, "state");

	if (display_is_terminal(stdout))
		printf("%s%-*s%s%s%s\n", display_colour(stdout, DISPLAY_DIM), NAMES_WIDTH, "state",
		    display_colour(stdout, jobtext_state_colour(state)), jobtext_state(state),
		    display_colour(stdout, DISPLAY_PLAIN));
	else
		cmd_show_line("state", state);
}

static void
cmd_show_print(const struct http *http, const struct jobref *ref)
{
	const json_t *job = ref->job, *response = json_object_get(job, "response");
	int64_t rerun_of = jobtext_id(job, "rerun_of");
	char text[2048];
	struct reason reason;

	reason_explain(job, &reason);
	cmd_show_named("job", jobtext_member(job, "name"), ref->id);
	cmd_show_state(job);
	cmd_show_line("why", reason.text);
	cmd_show_line("next", reason.next);
	if (json_is_integer(response)) {
		snprintf(text, sizeof text, "%" PRId64, (int64_t)json_integer_value(response));
		cmd_show_line("exit code", text);
	}
	cmd_show_line("command", jobtext_member(job, "command"));
	cmd_show_named("image", jobtext_member(job, "image_name"), jobtext_id(job, "image"));
	cmd_show_named("pipeline", jobtext_member(job, "pipeline_name"), ref->pipeline);
	if (rerun_of > 0)
		cmd_show_named("rerun of", "", rerun_of);
	cmd_show_inputs(job);
	cmd_show_time(job, "created", "creation_date");
	cmd_show_time(job, "queued", "queued_at");
	cmd_show_time(job, "started", "started_at");
	cmd_show_time(job, "ended", "finished_at");
	cmd_show_usage(job);
	cmd_show_limits(job);
	snprintf(text, sizeof text, "%s/ui/job/%" PRId64, http->settings.url, ref->id);
	cmd_show_line("page", text);
}

static int
cmd_show_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_jobref struct jobref job = { 0 };
	struct error err;

	(void)command;
	(void)count;
	if (!http_open(&http, &err) || !jobref_find(&http, words[0], &job, &err))
		return display_failed(&err, EXIT_FAILED);
	if (cmd_show_json) {
		display_json(job.job);
		return EXIT_DONE;
	}
	display_start_pager();
	cmd_show_print(&http, &job);
	return EXIT_DONE;
}

const struct command cmd_show = {
	.name = "show",
	.arguments = "JOB",
	.summary = "Shows a job: state, command, times, what it used.",
	.options = cmd_show_options,
	.least = 1,
	.most = 1,
	.run = cmd_show_run,
};
