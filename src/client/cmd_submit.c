/*
 * kabuto submit: queues the jobs of a pipeline.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "http.h"
#include "interrupt.h"
#include "jobref.h"
#include "makecall.h"
#include "options.h"
#include "waitjobs.h"

static bool cmd_submit_wait, cmd_submit_quiet, cmd_submit_json;

static const struct options_row cmd_submit_options[] = {
	{ 'w', "wait", NULL, "wait for the ends of the jobs, as kabuto wait does", OPTIONS_FLAG,
	    &cmd_submit_wait },
	{ 'q', "quiet", NULL, "print the ids alone; with --wait, nothing", OPTIONS_FLAG,
	    &cmd_submit_quiet },
	{ '\0', "json", NULL, "print the server's answer; with --wait, the jobs at their ends",
	    OPTIONS_FLAG, &cmd_submit_json },
	{ 0 },
};

/* Prints each job and its state. */
static void
cmd_submit_print(const json_t *states)
{
	const char *id;
	const json_t *state;

	if (cmd_submit_json) {
		display_json(states);
		return;
	}
	json_object_foreach ((json_t *)states, id, state) {
		if (cmd_submit_quiet)
			printf("%s\n", id);
		else
			printf("%s\t%s\n", id, json_string_value(state));
	}
}

/* Checks that the answer has the states of jobs by their ids. */
static bool
cmd_submit_check(const struct http *http, const json_t *states, struct error *err)
{
	const char *id;
	const json_t *state;
	int64_t number;

	json_object_foreach ((json_t *)states, id, state)
		if (!jobref_parse_id(id, &number) || !json_is_string(state))
			return httpanswer_foreign(http->settings.url, err);
	return json_is_object(states) || httpanswer_foreign(http->settings.url, err);
}

/* Waits for the ends of the jobs. Returns the exit code. */
static int
cmd_submit_await(struct http *http, int64_t pipeline, const json_t *states)
{
	cleanup_free struct waitjobs *waits = calloc(json_object_size(states) + 1, sizeof *waits);
	cleanup_json json_t *jobs = NULL;
	int code = EXIT_DONE;
	size_t count = 0;
	struct error err;
	const char *id;
	const json_t *state;

	if (waits == NULL) {
		display_say("not enough memory");
		return EXIT_TROUBLE;
	}
	json_object_foreach ((json_t *)states, id, state)
		waits[count++] = (struct waitjobs){ pipeline, strtoll(id, NULL, 10) };
	if (!waitjobs_all(http, waits, count, !cmd_submit_quiet && !cmd_submit_json, &jobs, &code,
		&err))
		return interrupt_signal() != 0 ? interrupt_code()
					       : display_failed(&err, EXIT_TROUBLE);
	if (cmd_submit_json)
		display_json(jobs);
	return code;
}

static int
cmd_submit_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_json json_t *states = NULL;
	int trouble = cmd_submit_wait ? EXIT_TROUBLE : EXIT_FAILED;
	char path[64];
	struct error err;
	int64_t pipeline;

	(void)count;
	if (!jobref_parse_id(words[0], &pipeline))
		return options_wrong(command, "%s: a pipeline is a number", words[0]);
	interrupt_begin();
	if (!http_open(&http, &err))
		return display_failed(&err, trouble);
	http.stop = interrupt_second(); /* whether the server got the call must be known */
	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/submit", pipeline);
	if (!http_call(&http, "POST", path, NULL, &states, &err) ||
	    !cmd_submit_check(&http, states, &err))
		return makecall_stopped(&err, "the jobs may be in the queue; kabuto ps shows them",
		    trouble);
	if (!cmd_submit_wait)
		cmd_submit_print(states);
	http.stop = interrupt_first();
	return cmd_submit_wait ? cmd_submit_await(&http, pipeline, states) : EXIT_DONE;
}

const struct command cmd_submit = {
	.name = "submit",
	.arguments = "PIPELINE",
	.summary = "Queues the jobs of a pipeline.",
	.options = cmd_submit_options,
	.least = 1,
	.most = 1,
	.run = cmd_submit_run,
};
