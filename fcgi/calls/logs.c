/*
 * Reads and follows logs (logspan.h). The job's state is read before its log: if the job has ended,
 * the log that is read afterwards is complete.
 */
#include "logs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "job.h"
#include "joblog.h"
#include "logspan.h"
#include "number.h"
#include "response.h"
#include "wait.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define POLL_MS   1000 /* a follower polls at least this often */

#define PIECE 65536 /* bytes that are sent at a time */

const struct parameter logs_range_parameters[] = {
	{ .name = "start_byte", .type = PARAMETER_NUMBER, .least = 0 },
	{ .name = "size", .type = PARAMETER_NUMBER, .least = 0 },
	{ .name = "attempt", .type = PARAMETER_NUMBER, .least = 1 },
	{ 0 },
};

const struct parameter logs_show_parameters[] = {
	{ .name = "limit", .type = PARAMETER_NUMBER, .least = 1 },
	{ .name = "tail", .type = PARAMETER_NUMBER, .least = 0, .most = JOBLOG_TAIL_MOST },
	{ .name = "wait", .type = PARAMETER_NUMBER, .least = 0, .choices = "seconds" },
	{ .name = "raw", .type = PARAMETER_FLAG },
	{ .name = "attempt", .type = PARAMETER_NUMBER, .least = 1 },
	{ 0 },
};

/* A call that asks for lines: its parameters, and the progress. */
struct lines {
	struct request *req;
	struct response *res;
	int64_t after;
	int64_t limit;   /* lines; 0: no limit */
	int64_t tail;    /* lines from the end; -1: not given */
	int64_t attempt; /* only this attempt; 0: all since the submit */
	struct logspan span;
	int64_t count; /* lines that were written */
};

/* Writes a line as an item of an array. */
static bool
logs_write_line(const struct joblog_line *line, void *context, bool *enough, struct error *err)
{
	struct lines *lines = context;
	cleanup_json json_t *json = logspan_line_json(lines->span.job, line, err);

	if (json == NULL)
		return false;
	if (!response_write(lines->res, lines->count++ == 0 ? "[" : ",", 1) ||
	    !response_value(lines->res, json))
		return error_set(err, ERROR_INTERRUPTED,
		    "read a log: the client is gone, or there is not enough memory");
	*enough = lines->count == lines->limit;
	return true;
}

/* Checks that the attempt exists and that its log was not removed. */
static bool
logs_check_there(const struct lines *lines, const struct job *job, struct error *err)
{
	if (lines->attempt > job->attempt)
		return error_set(err, ERROR_NOT_FOUND, "attempt: the job has only %lld attempts",
		    (long long)job->attempt);
	return logspan_check_kept(job, err);
}

/* Reads the job, and finds out which attempts' logs to read. */
static bool
logs_find_job(struct lines *lines, struct error *err)
{
	struct database *db = request_database(lines->req, err);
	struct job job = { 0 };
	bool there;

	if (db == NULL || !job_find(db, &lines->req->caller.account, 0, lines->span.job, &job, err))
		return false;
	lines->span = logspan_of(&job);
	if (lines->attempt != 0) {
		lines->span.ended = lines->span.ended || lines->attempt < job.attempt;
		lines->span.first = lines->span.last = lines->attempt;
	}
	there = logs_check_there(lines, &job, err);
	job_clear(&job);
	request_release_database(lines->req);
	return there;
}

/* Waits until the log changes, but not longer than POLL_MS or most_ms. False: the process stops. */
static bool
logs_wait_for_change(struct request *req, int64_t job, int64_t attempt, int64_t most_ms)
{
	cleanup_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd fds[] = { { .fd = watch, .events = POLLIN },
		{ .fd = req->server->stop, .events = POLLIN } };
	char path[64], name[JOBLOG_NAME];

	/* Without a file, or without inotify, wait a shorter time for the stop alone. */
	snprintf(path, sizeof path, "/proc/self/fd/%d/%s", req->server->spool.logs,
	    joblog_name(name, job, attempt, "log"));
	if (watch < 0 ||
	    inotify_add_watch(watch, path, IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB) < 0) {
		fds[0].fd = -1;
		most_ms = most_ms > POLL_MS / 5 ? POLL_MS / 5 : most_ms;
	}
	(void)poll(fds, 2, (int)(most_ms > POLL_MS ? POLL_MS : most_ms));
	return fds[1].revents == 0;
}

/*
 * Writes the lines. If no line has come and last is false, it writes nothing and *answered is
 * false.
 */
static bool
logs_read_once(struct lines *lines, bool last, bool *answered, struct error *err)
{
	const int logs = lines->req->server->spool.logs;
	const int64_t limit = lines->req->config->log_limit;

	response_drop_headers(lines->res);
	response_header(lines->res, "X-Log-Size: %lld",
	    (long long)logspan_size(&lines->span, logs, limit));
	if (!logspan_each(&lines->span, logs, limit, lines->after, lines->tail, logs_write_line,
		lines, err))
		return false;
	*answered = last || lines->count > 0;
	if (*answered)
		response_write(lines->res, lines->count > 0 ? "]\n" : "[]\n",
		    lines->count > 0 ? 2 : 3);
	return true;
}

static bool
logs_follow(struct lines *lines, int64_t wait_s, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + wait_s * MS_PER_S, left;
	bool answered;

	for (;;) {
		if (!logs_find_job(lines, err))
			return false;
		left = deadline - clock_monotonic_ms();
		if (!logs_read_once(lines, lines->span.ended || left <= 0, &answered, err))
			return false;
		if (answered)
			return true;
		/* If the process stops, answer at once; the client calls again. */
		if (!logs_wait_for_change(lines->req, lines->span.job, lines->span.last, left))
			deadline = 0;
	}
}

/* Makes the web server send the text as the job printed it. */
static bool
logs_send_raw(struct lines *lines, struct error *err)
{
	struct request *req = lines->req;
	char name[JOBLOG_NAME];
	struct joblog log;
	bool there;

	if (!logs_find_job(lines, err) ||
	    !joblog_open(&log, req->server->spool.logs, lines->span.job, lines->span.last,
		lines->span.ended, req->config->log_limit, err))
		return false;
	response_header(lines->res, "X-Log-Size: %lld", (long long)log.size);
	there = log.text >= 0;
	joblog_close(&log);
	if (there)
		return response_file(lines->res, "logs",
		    joblog_name(name, lines->span.job, lines->span.last, "log"), TEXT_TYPE, NULL);
	return response_empty(lines->res, TEXT_TYPE);
}

/* Reads the id in the path, if it has one. Clients of the original begin with -1, for all lines. */
static bool
logs_read_after(const struct request *req, int64_t *after, struct error *err)
{
	const char *word = request_word(req, "after");

	*after = 0;
	if (word == NULL)
		return true;
	if (!number_parse_integer(word, after))
		return error_set(err, ERROR_INPUT,
		    "the log id must be a whole number; 0 gives all lines");
	*after = *after < 0 ? 0 : *after;
	return true;
}

static struct lines
logs_asked_lines(struct request *req, struct response *res)
{
	return (struct lines){
		.req = req,
		.res = res,
		.span.job = request_id(req, "job"),
		.limit = request_number(req, "limit", 0),
		.tail = request_number(req, "tail", -1),
		.attempt = request_number(req, "attempt", 0),
	};
}

static bool
logs_write_lines(struct request *req, struct response *res, struct error *err)
{
	struct lines lines = logs_asked_lines(req, res);
	int64_t wait_s = wait_seconds(req);
	bool done;

	if (!logs_read_after(req, &lines.after, err))
		return false;
	if (wait_s == 0)
		return logs_follow(&lines, 0, err);
	if (!wait_enter(req, err))
		return false;
	done = logs_follow(&lines, wait_s, err);
	wait_leave(req);
	return done;
}

bool
logs_show(struct request *req, struct response *res, struct error *err)
{
	struct lines lines = logs_asked_lines(req, res);

	return request_flag(req, "raw") ? logs_send_raw(&lines, err)
					: response_stream(res, JSON_TYPE, logs_write_lines, NULL);
}

/* Writes the text from at to end. It ends earlier if the job has truncated its log meanwhile. */
static bool
logs_write_bytes(struct response *res, const struct joblog *log, int64_t at, int64_t end,
    struct error *err)
{
	cleanup_free char *piece = malloc(PIECE);

	if (piece == NULL)
		return error_set(err, ERROR_SYSTEM, "read a log: not enough memory");
	while (at < end) {
		ssize_t length =
		    pread(log->text, piece, end - at < PIECE ? (size_t)(end - at) : PIECE, at);

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			break;
		if (!response_write(res, piece, (size_t)length))
			break;
		at += length;
	}
	return true;
}

static bool
logs_write_range(struct request *req, struct response *res, struct error *err)
{
	struct lines lines = logs_asked_lines(req, res);
	int64_t start = request_number(req, "start_byte", 0), end;
	int64_t size = request_number(req, "size", 0);
	struct joblog log;
	bool done;

	if (!logs_find_job(&lines, err) ||
	    !joblog_open(&log, req->server->spool.logs, lines.span.job, lines.span.last,
		lines.span.ended, req->config->log_limit, err))
		return false;
	start = start < log.size ? start : log.size;
	end = size > 0 && size < log.size - start ? start + size : log.size;
	response_header(res, "X-Log-Size: %lld", (long long)log.size);
	response_header(res, "Content-Disposition: attachment; filename=\"job_%lld_logs.txt\"",
	    (long long)lines.span.job);
	done = logs_write_bytes(res, &log, start, end, err);
	joblog_close(&log);
	return done;
}

/* Sends a range of the text, as the original's last version does; it ends at the text's end. */
bool
logs_range(struct request *req, struct response *res, struct error *err)
{
	(void)req;
	(void)err;
	return response_stream(res, TEXT_TYPE, logs_write_range, NULL);
}
