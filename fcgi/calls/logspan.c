/*
 * Reads the logs of a run's attempts as one.
 */
#include "logspan.h"

#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "quantity.h"
#include "response.h"
#include "utf8.h"

/* Returns whether the job was submitted and no attempt has begun since then. */
static bool
logspan_not_begun(const struct job *job)
{
	return strcmp(job->state, "in_queue") == 0 && job->retries_left == job->retries;
}

struct logspan
logspan_of(const struct job *job)
{
	int64_t last = job->attempt + logspan_not_begun(job);
	bool one = logspan_not_begun(job) || job->first_attempt == 0;

	return (struct logspan){ .job = job->id,
		.first = one ? last : job->first_attempt,
		.last = last,
		.ended = job_ended(job) || (strcmp(job->state, "ready") == 0 && job->build == 0) };
}

bool
logspan_check_kept(const struct job *job, struct error *err)
{
	char removed[QUANTITY_TEXT];

	return job->logs_removed_at == 0 || !job_ended(job) ||
	    error_set(err, ERROR_GONE, "the logs were removed at %s, because they were old",
		quantity_format_time(job->logs_removed_at, removed));
}

int64_t
logspan_size(const struct logspan *span, int logs, int64_t limit)
{
	int64_t size = 0;

	for (int64_t attempt = span->first; attempt <= span->last; attempt++)
		size += joblog_size(logs, span->job, attempt, limit);
	return size;
}

/* Visits the lines of one attempt. base is the sum of the sizes of the earlier attempts' logs. */
static bool
logspan_visit_lines(struct joblog *log, int64_t base, int64_t after, int64_t tail,
    logspan_visit *visit, void *context, bool *enough, struct error *err)
{
	int64_t position = after > base ? after - base : 0;
	struct joblog_line line;
	int row = 1;

	if (tail >= 0 && !joblog_tail(log, tail, &position, err))
		return false;
	while (!*enough && (row = joblog_next(log, &position, &line, err)) == 1) {
		line.id += base;
		if (!visit(&line, context, enough, err))
			return false;
	}
	return row >= 0;
}

bool
logspan_each(const struct logspan *span, int logs, int64_t limit, int64_t after, int64_t tail,
    logspan_visit *visit, void *context, struct error *err)
{
	int64_t base = 0;
	bool enough = false;

	for (int64_t attempt = span->first; attempt <= span->last && !enough; attempt++) {
		int64_t size = joblog_size(logs, span->job, attempt, limit);
		bool last = attempt == span->last, done;
		struct joblog log;

		if (last || (tail < 0 && after < base + size)) {
			if (!joblog_open(&log, logs, span->job, attempt, span->ended || !last,
				limit, err))
				return false;
			done = logspan_visit_lines(&log, base, after, tail, visit, context, &enough,
			    err);
			joblog_close(&log);
			if (!done)
				return false;
		}
		base += size;
	}
	return true;
}

static const char *
logspan_stream_name(enum joblog_stream stream)
{
	static const char *const names[] = {
		[JOBLOG_STDOUT] = "stdout", [JOBLOG_STDERR] = "stderr", [JOBLOG_SYSTEM] = "system"
	};

	return names[stream];
}

json_t *
logspan_line_json(int64_t job, const struct joblog_line *line, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	json_t *json;

	text = utf8_repair(line->text, line->length, &length);
	json = text == NULL ? NULL
			    : json_pack("{s:I, s:I, s:s%, s:s, s:o}", "id", (json_int_t)line->id,
				  "job", (json_int_t)job, "logline", text, length, "stream",
				  logspan_stream_name(line->stream), "time",
				  response_time(line->time_ns / NS_PER_MS));
	if (json == NULL ||
	    (line->partial && json_object_set_new(json, "partial", json_true()) < 0)) {
		error_set(err, ERROR_SYSTEM, "read a log: not enough memory");
		json_decref(json);
		return NULL;
	}
	return json;
}
