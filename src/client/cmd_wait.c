/*
 * kabuto wait: waits for the ends of jobs, and exits with the code of the first that failed.
 */
#include <stdlib.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "http.h"
#include "interrupt.h"
#include "jobref.h"
#include "options.h"
#include "waitjobs.h"

static bool cmd_wait_quiet, cmd_wait_json;

static const struct options_row cmd_wait_options[] = {
	{ 'q', "quiet", NULL, "print nothing: the exit code says it", OPTIONS_FLAG,
	    &cmd_wait_quiet },
	{ '\0', "json", NULL, "print the jobs as the server shows them", OPTIONS_FLAG,
	    &cmd_wait_json },
	{ 0 },
};

/* Finds all jobs before it waits for the first. */
static bool
cmd_wait_find(struct http *http, char **words, size_t count, struct waitjobs *waits,
    struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_jobref struct jobref job = { 0 };

		if (!jobref_find(http, words[i], &job, err))
			return error_wrap(err, "%s", words[i]);
		waits[i] = (struct waitjobs){ job.pipeline, job.id };
	}
	return true;
}

static int
cmd_wait_run(const struct command *command, int count, char **words)
{
	cleanup_free struct waitjobs *waits = calloc((size_t)count, sizeof *waits);
	cleanup_json json_t *jobs = NULL;
	cleanup_http struct http http = { 0 };
	int code = EXIT_DONE;
	struct error err;

	(void)command;
	interrupt_begin();
	if (waits == NULL) {
		display_say("not enough memory");
		return EXIT_TROUBLE;
	}
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_TROUBLE);
	http.stop = interrupt_first();
	if (!cmd_wait_find(&http, words, (size_t)count, waits, &err) ||
	    !waitjobs_all(&http, waits, (size_t)count, !cmd_wait_quiet && !cmd_wait_json, &jobs,
		&code, &err))
		return interrupt_signal() != 0 ? interrupt_code()
					       : display_failed(&err, EXIT_TROUBLE);
	if (cmd_wait_json)
		display_json(jobs);
	return code;
}

const struct command cmd_wait = {
	.name = "wait",
	.arguments = "JOB...",
	.summary = "Waits for the ends of jobs, and exits with the code of the first that failed.",
	.options = cmd_wait_options,
	.least = 1,
	.most = -1,
	.run = cmd_wait_run,
};
