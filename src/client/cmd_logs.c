/*
 * kabuto logs: prints the log of a job, and follows it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "follower.h"
#include "http.h"
#include "interrupt.h"
#include "jobref.h"
#include "logprinter.h"
#include "output.h"
#include "options.h"
#include "outcome.h"
#include "patience.h"

#define PAGE      2000   /* lines that are asked for at a time */
#define TAIL_MOST 100000 /* the server's limit */

static bool cmd_logs_follow, cmd_logs_times, cmd_logs_raw, cmd_logs_json;
static int64_t cmd_logs_tail = -1;

static const struct options_row cmd_logs_options[] = {
	{ 'f', "follow", NULL, "go on until the job has ended", OPTIONS_FLAG, &cmd_logs_follow },
	{ 'n', "tail", "LINES", "only this many last lines, at most 100000", OPTIONS_NUMBER,
	    &cmd_logs_tail },
	{ 't', "time", NULL, "the time before each line", OPTIONS_FLAG, &cmd_logs_times },
	{ '\0', "raw", NULL, "all bytes on stdout, as the job's last attempt printed them",
	    OPTIONS_FLAG, &cmd_logs_raw },
	{ '\0', "json", NULL, "one JSON object a line", OPTIONS_FLAG, &cmd_logs_json },
	{ 0 },
};

/* What the callbacks of a call share. */
struct logs {
	struct http *http;
	int64_t job;
	struct logprinter *printer;
	int64_t last; /* id of the last line that was printed */
};

/* Prints the lines of a list but for the first `skipped`. */
static bool
cmd_logs_print(struct logs *logs, const json_t *list, size_t skipped, struct error *err)
{
	const json_t *item;
	size_t index;

	json_array_foreach (list, index, item) {
		struct follower_line line;

		if (!follower_read_line(item, logs->last, &line, err))
			return false;
		logs->last = line.id;
		if (index >= skipped && !logprinter_line(logs->printer, &line, err))
			return false;
	}
	return logprinter_flush(logs->printer, err);
}

/* Gets lines: all after an id, or the last `tail`. */
static bool
cmd_logs_get(struct logs *logs, const char *name, int64_t number, json_t **list, struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	char path[96];

	snprintf(path, sizeof path, "/execution/%" PRId64 "/logs/%" PRId64, logs->job, logs->last);
	httpfields_add_number(&fields, name, number);
	return http_call(logs->http, "GET", path, &fields, list, err);
}

/*
 * Prints the last lines. One more is asked for: its id says where the first one begins, and where
 * to go on if no line is wanted.
 */
static bool
cmd_logs_print_tail(struct logs *logs, struct error *err)
{
	int64_t ask = cmd_logs_tail < TAIL_MOST ? cmd_logs_tail + 1 : TAIL_MOST;
	cleanup_json json_t *list = NULL;

	if (!cmd_logs_get(logs, "tail", ask, &list, err))
		return false;
	if ((int64_t)json_array_size(list) >= ask || !logs->printer->exact)
		logs->last = -1; /* the first line that came is not the log's first */
	return cmd_logs_print(logs, list, (int64_t)json_array_size(list) > cmd_logs_tail, err);
}

/* Prints what there is, in pages, so that a long log needs no more memory than a short one. */
static bool
cmd_logs_print_all(struct logs *logs, struct error *err)
{
	for (;;) {
		cleanup_json json_t *list = NULL;

		if (!cmd_logs_get(logs, "limit", PAGE, &list, err) ||
		    !cmd_logs_print(logs, list, 0, err))
			return false;
		if (json_array_size(list) < PAGE)
			return true;
	}
}

static bool
cmd_logs_line(void *context, const struct follower_line *line, struct error *err)
{
	struct logs *logs = context;

	return logprinter_line(logs->printer, line, err);
}

static bool
cmd_logs_flush(void *context, struct error *err)
{
	struct logs *logs = context;

	return logprinter_flush(logs->printer, err);
}

static bool
cmd_logs_follow_job(struct logs *logs, struct error *err)
{
	cleanup_json json_t *job = NULL;
	const struct follower follower = { .http = logs->http,
		.job = logs->job,
		.after = logs->last > 0 ? logs->last : 0,
		.line = cmd_logs_line,
		.flush = cmd_logs_flush,
		.context = logs };

	if (!follower_run(&follower, &job, err))
		return false;
	if (outcome_idle(job))
		display_say("job %" PRId64 " is not in the queue: kabuto submit %" PRId64
			    " queues the jobs of its pipeline",
		    logs->job,
		    (int64_t)json_integer_value(json_object_get(json_object_get(job, "pipeline"),
			"id")));
	return true;
}

/* The raw log */

struct raw {
	struct output out;
	int64_t at; /* bytes that were printed */
};

static bool
cmd_logs_write_raw(void *context, const char *data, size_t length, struct error *err)
{
	struct raw *raw = context;

	raw->at += (int64_t)length;
	return output_add(&raw->out, data, length, err);
}

/* Asks for what was not printed yet. *status gets that of the answer. */
static bool
cmd_logs_ask_raw(struct logs *logs, struct raw *raw, long *status, struct error *err)
{
	cleanup_http_answer struct http_answer answer = { 0 };
	char path[64], range[64];
	const char *const headers[] = { range, NULL };
	const struct http_request request = { .path = path,
		.accept = "*/*",
		.headers = raw->at > 0 ? headers : NULL,
		.write = cmd_logs_write_raw,
		.context = raw };
	bool done;

	snprintf(path, sizeof path, "/execution/%" PRId64 "/logs?raw", logs->job);
	snprintf(range, sizeof range, "Range: bytes=%" PRId64 "-", raw->at);
	done = http_transfer(logs->http, &request, &answer, err);
	*status = answer.status;
	return done;
}

static bool
cmd_logs_print_raw(struct logs *logs, struct error *err)
{
	cleanup_free struct raw *raw = calloc(1, sizeof *raw);
	struct patience patience = { 0 };
	long status = 0;

	if (raw == NULL)
		return error_set(err, ERROR_SYSTEM, "not enough memory");
	raw->out.fd = STDOUT_FILENO;
	raw->out.stop = interrupt_first();
	for (;;) {
		int64_t before = raw->at;

		if (cmd_logs_ask_raw(logs, raw, &status, err) || (status == 416 && before > 0))
			return output_flush(&raw->out, err);
		logs->printer->out.closed = raw->out.closed;
		if (raw->at > before)
			patience_reset(&patience);
		if (!patience_may_help(err) || !patience_wait(&patience, logs->http, err))
			return false;
	}
}

static bool
cmd_logs_show(struct logs *logs, struct error *err)
{
	if (cmd_logs_raw)
		return cmd_logs_print_raw(logs, err);
	if (cmd_logs_tail >= 0 && !cmd_logs_print_tail(logs, err))
		return false;
	if (cmd_logs_follow)
		return cmd_logs_follow_job(logs, err);
	return cmd_logs_tail >= 0 || cmd_logs_print_all(logs, err);
}

/* Prints the log of the job that was found. Returns the exit code. */
static int
cmd_logs_job(struct http *http, const struct jobref *job)
{
	struct logs logs = { .http = http, .job = job->id };
	struct error err;
	bool done, closed;

	logs.printer = logprinter_new(http, job->id);
	if (logs.printer == NULL)
		return EXIT_FAILED;
	logs.printer->times = cmd_logs_times;
	logs.printer->json = cmd_logs_json;
	logprinter_set_job(logs.printer, job->job);
	done = cmd_logs_show(&logs, &err);
	logprinter_finish(logs.printer);
	closed = logprinter_closed(logs.printer);
	logprinter_free(logs.printer);
	if (done || closed)
		return EXIT_DONE;
	return interrupt_signal() != 0 ? interrupt_code() : display_failed(&err, EXIT_FAILED);
}

static int
cmd_logs_run(const struct command *command, int count, char **words)
{
	cleanup_jobref struct jobref job = { 0 };
	cleanup_http struct http http = { 0 };
	struct error err;

	(void)count;
	if (cmd_logs_raw &&
	    (cmd_logs_follow || cmd_logs_times || cmd_logs_json || cmd_logs_tail >= 0))
		return options_wrong(command, "--raw takes no other option");
	if (cmd_logs_json && cmd_logs_times)
		return options_wrong(command,
		    "-t and --json exclude each other: the objects have the time");
	if (cmd_logs_tail > TAIL_MOST)
		return options_wrong(command, "--tail: at most %d lines", TAIL_MOST);
	interrupt_begin();
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	http.stop = interrupt_first();
	if (!jobref_find(&http, words[0], &job, &err))
		return interrupt_signal() != 0 ? interrupt_code()
					       : display_failed(&err, EXIT_FAILED);
	return cmd_logs_job(&http, &job);
}

const struct command cmd_logs = {
	.name = "logs",
	.arguments = "JOB",
	.summary =
	    "Prints the log of a job: what it wrote to stdout on stdout, the rest on stderr.",
	.options = cmd_logs_options,
	.least = 1,
	.most = 1,
	.run = cmd_logs_run,
};
