/*
 * kabuto ps: lists jobs, the newest first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "http.h"
#include "jobref.h"
#include "jobtext.h"
#include "listing.h"
#include "options.h"
#include "table.h"

#define LIMIT_USUAL 20

static bool cmd_ps_all, cmd_ps_quiet, cmd_ps_json;
static const char *cmd_ps_state, *cmd_ps_name, *cmd_ps_image;
static int64_t cmd_ps_pipeline = -1, cmd_ps_limit = LIMIT_USUAL;

static const struct options_row cmd_ps_options[] = {
	{ 'a', "all", NULL, "all jobs, not only the newest 20", OPTIONS_FLAG, &cmd_ps_all },
	{ '\0', "limit", "N", "at most N jobs (20)", OPTIONS_NUMBER, &cmd_ps_limit },
	{ '\0', "state", "STATE", "ready, in_queue, running, done or failed", OPTIONS_TEXT,
	    &cmd_ps_state },
	{ 'p', "pipeline", "ID", "jobs of this pipeline", OPTIONS_NUMBER, &cmd_ps_pipeline },
	{ 'i', "image", "IMAGE", "jobs of this image: its id or name", OPTIONS_TEXT,
	    &cmd_ps_image },
	{ 'n', "name", "TEXT", "jobs whose name contains the text", OPTIONS_TEXT, &cmd_ps_name },
	{ 'q', "quiet", NULL, "the ids alone", OPTIONS_FLAG, &cmd_ps_quiet },
	{ '\0', "json", NULL, "the server's objects, by id", OPTIONS_FLAG, &cmd_ps_json },
	{ 0 },
};

static const struct table_column cmd_ps_columns[] = {
	{ "ID", 0, true },
	{ "STATE", 0, false },
	{ "EXIT", 0, true },
	{ "AGE", 0, true },
	{ "RAN", 0, true },
	{ "NAME", 24, false },
	{ "IMAGE", 20, false },
	{ "REASON", 40, false },
	{ "COMMAND", 0, false },
};
#define COLUMNS (sizeof cmd_ps_columns / sizeof cmd_ps_columns[0])

/* The texts of a row: short on a terminal, exact for programs. */
struct cells {
	char exit[24], age[JOBTEXT], ran[JOBTEXT];
};

static void
cmd_ps_write_cells(const json_t *job, bool aligned, struct cells *cells)
{
	const json_t *response = json_object_get(job, "response");
	double seconds = jobtext_run_seconds(job);

	cells->exit[0] = cells->ran[0] = '\0';
	if (json_is_integer(response))
		snprintf(cells->exit, sizeof cells->exit, "%" PRId64,
		    (int64_t)json_integer_value(response));
	if (aligned)
		(void)jobtext_format_age(jobtext_member(job, "creation_date"), cells->age);
	else
		snprintf(cells->age, sizeof cells->age, "%s", jobtext_member(job, "creation_date"));
	if (seconds >= 0 && aligned)
		(void)jobtext_format_seconds(seconds, cells->ran);
	else if (seconds >= 0)
		snprintf(cells->ran, sizeof cells->ran, "%.3f", seconds);
}

/* Returns why the job waits or failed; "" if the exit code says it. */
static const char *
cmd_ps_reason(const json_t *job, bool aligned)
{
	const json_t *queue = json_object_get(job, "queue");
	const char *error = jobtext_member(job, "error");

	if (json_is_object(queue))
		return jobtext_member(queue, "reason");
	return aligned && strncmp(error, "exit code ", 10) == 0 && strchr(error, ':') == NULL
	    ? ""
	    : error;
}

static bool
cmd_ps_add(const char *id, const json_t *job, void *context)
{
	struct table *table = context;
	const char *state = jobtext_member(job, "state");
	struct cells texts;
	const char *cells[COLUMNS];

	if (cmd_ps_quiet) {
		puts(id);
		return !display_is_over();
	}
	cmd_ps_write_cells(job, table->aligned, &texts);
	cells[0] = id;
	cells[1] = table->aligned ? jobtext_state(state) : state;
	cells[2] = texts.exit;
	cells[3] = texts.age;
	cells[4] = texts.ran;
	cells[5] = jobtext_member(job, "name");
	cells[6] = jobtext_member(job, "image_name");
	cells[7] = cmd_ps_reason(job, table->aligned);
	cells[8] = jobtext_member(job, "command");
	table_add(table, cells, 1, jobtext_state_colour(state));
	return !display_is_over();
}

static bool
cmd_ps_print(struct http *http, const struct http_fields *fields, int64_t limit, struct error *err)
{
	struct table table;
	bool done;

	if (cmd_ps_json)
		return listing_print_json(http, "/jobs", fields, limit, err);
	if (limit > LIMIT_USUAL)
		display_start_pager();
	table_begin(&table, cmd_ps_columns, COLUMNS);
	done = listing_each(http, "/jobs", fields, limit, cmd_ps_add, &table, err);
	if (done && table.aligned && table.rows_count == 0 && !cmd_ps_quiet)
		display_say("no jobs");
	table_end(&table);
	return done;
}

static int
cmd_ps_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_fields struct http_fields fields = { 0 };
	struct error err;
	int64_t image = 0;

	(void)count;
	(void)words;
	if (cmd_ps_limit == 0)
		return options_wrong(command, "--limit: must be at least 1");
	if (cmd_ps_pipeline == 0)
		return options_wrong(command, "--pipeline: must be the id of a pipeline");
	if (cmd_ps_quiet && cmd_ps_json)
		return options_wrong(command, "-q and --json exclude each other");
	if (!http_open(&http, &err) ||
	    (cmd_ps_image != NULL && !jobref_find_image(&http, cmd_ps_image, &image, &err)))
		return display_failed(&err, EXIT_FAILED);
	httpfields_add(&fields, "order", "newest");
	httpfields_add(&fields, "own", "true");
	httpfields_add(&fields, "state", cmd_ps_state);
	httpfields_add(&fields, "name", cmd_ps_name);
	if (cmd_ps_pipeline > 0)
		httpfields_add_number(&fields, "pipeline", cmd_ps_pipeline);
	if (image > 0)
		httpfields_add_number(&fields, "image", image);
	return cmd_ps_print(&http, &fields, cmd_ps_all ? LISTING_ALL : cmd_ps_limit, &err)
	    ? EXIT_DONE
	    : display_failed(&err, EXIT_FAILED);
}

const struct command cmd_ps = {
	.name = "ps",
	.arguments = "",
	.summary = "Lists your jobs, the newest first.",
	.options = cmd_ps_options,
	.run = cmd_ps_run,
};
