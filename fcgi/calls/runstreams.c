/*
 * The streams of runs. A stream has phases: the run's answer, the output of its build, its job. The
 * last piece says how it has ended. The source reads the job's row before the build's: the
 * transaction that ends a build without success deletes the job, and then the build's row has the
 * reason.
 */
#include "runstreams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "buildtail.h"
#include "cleanup.h"
#include "commit.h"
#include "jobevents.h"
#include "log.h"
#include "mediatype.h"
#include "runtext.h"
#include "runwords.h"
#include "stream.h"

#define DELETED "the job was deleted"

/* The forms of the answer. */
enum runstreams_form { FORM_JSON, FORM_EVENTS, FORM_TEXT, FORM_ZIP };

enum runstreams_phase { PHASE_BEGIN, PHASE_BUILD, PHASE_JOB, PHASE_OVER };

struct runstream {
	enum runstreams_form form;
	enum runstreams_phase phase;
	char *answer;   /* the 201, as JSON */
	char *results;  /* URL */
	char *software; /* SERVER_SOFTWARE */
	char last;      /* byte of the text that was sent; NUL: none */
	int64_t build;  /* 0: the job has not waited for one */
	struct buildtail tail;
	struct runtext text;
	struct jobevents events; /* its feed serves each form */
};

static void
runstreams_free(struct runstream *run)
{
	free(run->answer);
	free(run->results);
	free(run->software);
	free(run);
}

/*
 * Returns the form that the header Accept likes best (RFC 9110, section 12.5.1). Of two with the
 * same quality it is the one above; a client that takes anything gets JSON.
 */
static enum runstreams_form
runstreams_form_of(const char *accept)
{
	static const struct {
		const char *range;
		enum runstreams_form form;
	} forms[] = {
		{ "application/json", FORM_JSON },
		{ "application/zip", FORM_ZIP },
		{ "application/x-ndjson", FORM_EVENTS },
		{ "text/event-stream", FORM_EVENTS },
		{ "text/plain", FORM_TEXT },
		{ "*/*", FORM_JSON },
	};
	enum runstreams_form form = FORM_JSON;
	int best = 0;

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		int quality = mediatype_quality(accept, forms[i].range);

		if (quality > best) {
			best = quality;
			form = forms[i].form;
		}
	}
	return form;
}

/* Makes a piece of the buffer. Remembers the last byte of a text. */
static enum stream_next
runstreams_piece(struct runstream *run, struct textbuffer *buffer, struct piece **piece,
    struct error *err)
{
	if (buffer->length > 0)
		run->last = buffer->text[buffer->length - 1];
	*piece = piece_make(buffer, err);
	textbuffer_clear(buffer);
	return *piece != NULL ? STREAM_PIECE : STREAM_END;
}

/* Ends with the buffer as the last piece. made: it was made without an error. */
static enum stream_next
runstreams_end(struct runstream *run, struct textbuffer *buffer, bool made, struct piece **piece,
    struct error *err)
{
	run->phase = PHASE_OVER;
	if (made)
		return runstreams_piece(run, buffer, piece, err);
	textbuffer_clear(buffer);
	return STREAM_END;
}

/* Adds a newline if the text before has none at its end. */
static bool
runstreams_begin_line(const struct runstream *run, struct textbuffer *to, struct error *err)
{
	return run->last == '\0' || run->last == '\n' || textbuffer_add(to, "\n", 1, err);
}

/* Adds a response with an error, for the form that has sent no head yet. */
static bool
runstreams_add_error(struct textbuffer *to, int status, const char *why, struct error *err)
{
	cleanup_json json_t *json = json_pack("{s:s}", "error", why);
	cleanup_free char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	char head[RESPONSE_HEAD];
	size_t length = response_format_head(head, status, JSON_TYPE, NULL, "");

	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "end a run: not enough memory");
	return textbuffer_add(to, head, length, err) &&
	    textbuffer_add(to, text, strlen(text), err) && textbuffer_add(to, "\n", 1, err);
}

/* How a run ends that has no results: with a state for events, words for a text, a status. */
struct runstreams_failure {
	const char *state, *words;
	int status;
	const char *why;
};

static enum stream_next
runstreams_fail(struct stream *stream, const struct runstreams_failure *failure,
    struct piece **piece, struct error *err)
{
	struct runstream *run = stream->state;
	struct textbuffer buffer = { 0 };
	cleanup_json json_t *json = NULL;
	cleanup_free char *text = NULL;
	bool made;

	if (run->form == FORM_TEXT)
		return runstreams_end(run, &buffer,
		    runstreams_begin_line(run, &buffer, err) &&
			runwords_add_failure(&buffer, failure->words, failure->why, err),
		    piece, err);
	if (run->form == FORM_ZIP)
		return runstreams_end(run, &buffer,
		    runstreams_add_error(&buffer, failure->status, failure->why, err), piece, err);
	json = json_pack("{s:s, s:n, s:s}", "state", failure->state, "response", "error",
	    failure->why);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	made = text != NULL &&
	    eventtext_add(&buffer, stream->format, "end", EVENTTEXT_NO_ID, text, strlen(text), err);
	if (text == NULL)
		error_set(err, ERROR_SYSTEM, "end a run: not enough memory");
	return runstreams_end(run, &buffer, made, piece, err);
}

/* Ends the run of a job that nothing will queue any more. */
static enum stream_next
runstreams_fail_idle(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct job job = { 0 };
	enum stream_next next = STREAM_END;

	if (job_read(context->db, stream->job, &job, err))
		next = runstreams_fail(stream,
		    &(struct runstreams_failure){ "ready", "failed", 409,
			job.error != NULL ? job.error : "the job was taken out of the queue" },
		    piece, err);
	job_clear(&job);
	return next;
}

/* The first piece of a stream of events. */
static enum stream_next
runstreams_begin(struct stream *stream, struct piece **piece, struct error *err)
{
	struct runstream *run = stream->state;
	struct textbuffer buffer = { 0 };

	run->phase = run->build != 0 ? PHASE_BUILD : PHASE_JOB;
	if (eventtext_add(&buffer, stream->format, "run", EVENTTEXT_NO_ID, run->answer,
		strlen(run->answer), err))
		return runstreams_piece(run, &buffer, piece, err);
	textbuffer_clear(&buffer);
	return STREAM_END;
}

/* Goes on after the build's end, or ends with its error. */
static enum stream_next
runstreams_leave_build(struct stream *stream, const struct build *build, struct piece **piece,
    struct error *err)
{
	struct runstream *run = stream->state;
	struct textbuffer buffer = { 0 };

	if (build->id != 0 && strcmp(build->state, "SUCCESS") != 0)
		return runstreams_fail(stream,
		    &(struct runstreams_failure){ "FAILED", "build failed", 422,
			build->error != NULL ? build->error : "the build failed" },
		    piece, err);
	stream->ticks = false;
	run->phase = PHASE_JOB;
	if (run->form == FORM_TEXT && run->last != '\0' && run->last != '\n' &&
	    textbuffer_add(&buffer, "\n", 1, err))
		return runstreams_piece(run, &buffer, piece, err);
	return STREAM_WAIT; /* the caller goes on with the job */
}

/* Reads the build. build->id == 0: it is gone, with its image. */
static bool
runstreams_find_build(struct stream *stream, struct stream_context *context, struct build *build,
    struct error *err)
{
	const struct runstream *run = stream->state;

	if (build_find(context->db, &stream->caller.account, run->build, 0, build, err))
		return true;
	if (err->kind != ERROR_NOT_FOUND)
		return false;
	err->kind = ERROR_NONE;
	return true;
}

/* Goes on when the output that was there is sent. */
static enum stream_next
runstreams_check_build(struct stream *stream, struct stream_context *context,
    const struct build *build, struct piece **piece, struct error *err)
{
	const struct runstream *run = stream->state;
	const struct jobfeed *feed = run->events.feed;

	if (run->tail.more)
		return STREAM_WAIT;
	if (build->id == 0 || strcmp(build->state, "PENDING") != 0)
		return runstreams_leave_build(stream, build, piece, err);
	if (!feed->there)
		return runstreams_fail(stream,
		    &(struct runstreams_failure){ "FAILED", "failed", 410, DELETED }, piece, err);
	return feed->idle ? runstreams_fail_idle(stream, context, piece, err) : STREAM_WAIT;
}

static enum stream_next
runstreams_follow_build(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct runstream *run = stream->state;
	struct textbuffer buffer = { 0 };
	struct build build = { 0 };
	enum stream_next next = STREAM_END;

	if (!runstreams_find_build(stream, context, &build, err))
		return STREAM_END;
	stream->ticks = true;
	if (run->form == FORM_ZIP ||
	    buildtail_read(&run->tail, context->server->spool.builds, stream->format, &buffer, err))
		next = buffer.length > 0
		    ? runstreams_piece(run, &buffer, piece, err)
		    : runstreams_check_build(stream, context, &build, piece, err);
	build_clear(&build);
	textbuffer_clear(&buffer);
	return next;
}

/* Adds the head that makes the web server send the results. */
static bool
runstreams_add_results(const struct runstream *run, const struct stream_context *context,
    const struct job *job, struct textbuffer *to, struct error *err)
{
	char name[SPOOL_RESULTS_NAME], line[RESPONSE_FILE], headers[RESPONSE_FILE + 256];
	char head[RESPONSE_HEAD], code[48] = "";
	size_t length;

	response_format_file(line, run->software, context->config, "results",
	    spool_results_name(name, job->results_token, "zip"));
	if (job->has_response)
		snprintf(code, sizeof code, "X-Exit-Code: %lld\r\n", (long long)job->response);
	snprintf(headers, sizeof headers,
	    "%s\r\nContent-Disposition: attachment; filename=\"job-%lld.zip\"\r\n"
	    "X-Job: %lld\r\n%s",
	    line, (long long)job->id, (long long)job->id, code);
	if (strlen(headers) >= RESPONSE_HEADERS)
		return error_set(err, ERROR_SYSTEM, "the path of the results is too long");
	length = response_format_head(head, 200, "application/zip", NULL, headers);
	return textbuffer_add(to, head, length, err);
}

/* Ends the run of a job that has ended. */
static enum stream_next
runstreams_finish(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct runstream *run = stream->state;
	struct textbuffer buffer = { 0 };
	struct job job = { 0 };
	bool made;

	if (!job_read(context->db, stream->job, &job, err))
		return STREAM_END;
	if (run->form == FORM_TEXT)
		made = runstreams_begin_line(run, &buffer, err) &&
		    runwords_add_end(&buffer, &job, run->results, err);
	else if (!job.has_response || job.results_token[0] == '\0')
		made = runstreams_add_error(&buffer, 409,
		    job.error != NULL ? job.error : "the job has no results", err);
	else if (job.results_removed_at != 0)
		made = runstreams_add_error(&buffer, 410,
		    "the results were removed, because they were old", err);
	else
		made = runstreams_add_results(run, context, &job, &buffer, err);
	job_clear(&job);
	return runstreams_end(run, &buffer, made, piece, err);
}

static enum stream_next
runstreams_follow_job(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct runstream *run = stream->state;
	const struct jobfeed *feed = run->events.feed;
	struct textbuffer buffer = { 0 };

	if (!feed->there)
		return runstreams_fail(stream,
		    &(struct runstreams_failure){ "FAILED", "failed", 410, DELETED }, piece, err);
	if (feed->idle)
		return runstreams_fail_idle(stream, context, piece, err);
	if (run->form == FORM_EVENTS)
		return jobevents_read(stream, context, &run->events, piece, err);
	if (run->form == FORM_TEXT &&
	    !runtext_read(&run->text, &feed->span, context->server->spool.logs,
		context->config->log_limit, &buffer, err)) {
		textbuffer_clear(&buffer);
		return STREAM_END;
	}
	if (buffer.length > 0)
		return runstreams_piece(run, &buffer, piece, err);
	return feed->span.ended ? runstreams_finish(stream, context, piece, err) : STREAM_WAIT;
}

static enum stream_next
runstreams_next(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct runstream *run = stream->state;
	enum stream_next next = STREAM_WAIT;

	if (run->phase == PHASE_OVER || !jobevents_refresh(stream, context, &run->events, err))
		return STREAM_END;
	/* A viewer that may not see the job any more has lost its account's rights. */
	if (run->events.feed->there && !jobevents_visible(stream, run->events.feed))
		return STREAM_END;
	if (run->phase == PHASE_BEGIN && run->form == FORM_EVENTS)
		return runstreams_begin(stream, piece, err);
	if (run->phase == PHASE_BEGIN)
		run->phase = run->build != 0 ? PHASE_BUILD : PHASE_JOB;
	if (run->phase == PHASE_BUILD)
		next = runstreams_follow_build(stream, context, piece, err);
	if (next == STREAM_WAIT && run->phase == PHASE_JOB)
		next = runstreams_follow_job(stream, context, piece, err);
	return next;
}

static void
runstreams_clear(struct stream *stream, struct stream_context *context)
{
	struct runstream *run = stream->state;

	jobevents_leave(context, &run->events);
	runstreams_free(run);
}

bool
runstreams_reserve(struct request *req, struct error *err)
{
	return runstreams_form_of(request_header(req, "HTTP_ACCEPT")) == FORM_JSON ||
	    stream_reserve(req, err);
}

/* Makes the state from the answer. *job gets the job's id. NULL: err is set. */
static struct runstream *
runstreams_make(const struct request *req, const char *answer, int64_t *job, int64_t *pipeline,
    struct error *err)
{
	cleanup_json json_t *json = json_loads(answer, 0, NULL);
	json_int_t job_id = 0, pipeline_id = 0;
	const char *results = NULL;
	struct runstream *run = calloc(1, sizeof *run);

	if (run == NULL ||
	    json_unpack(json, "{s:I, s:I, s:{s:s}}", "job", &job_id, "pipeline", &pipeline_id,
		"urls", "results", &results) < 0) {
		free(run);
		error_set(err, ERROR_SYSTEM, "follow a run: not enough memory");
		return NULL;
	}
	run->build = json_integer_value(json_object_get(json, "build"));
	run->tail.build = run->build;
	run->answer = strdup(answer);
	run->results = strdup(results);
	run->software = strdup(request_header(req, "SERVER_SOFTWARE"));
	*job = job_id;
	*pipeline = pipeline_id;
	if (run->answer != NULL && run->results != NULL && run->software != NULL)
		return run;
	runstreams_free(run);
	error_set(err, ERROR_SYSTEM, "follow a run: not enough memory");
	return NULL;
}

/* Answers with the stream. */
static bool
runstreams_answer(struct request *req, struct response *res, struct runstream *run, int64_t job,
    int64_t pipeline, struct error *err)
{
	static const struct stream_source source = { runstreams_next, runstreams_clear };
	enum runstreams_form form = run->form;
	enum eventtext_format format = form == FORM_EVENTS
	    ? eventtext_format_of(request_header(req, "HTTP_ACCEPT"))
	    : EVENTTEXT_NONE;
	struct stream *stream = stream_make(req, &source, run, job, format, err);

	if (stream == NULL)
		return false;
	if (form == FORM_ZIP)
		return stream_answer_later(res, stream);
	response_header(res, "X-Job: %lld", (long long)job);
	response_header(res, "X-Pipeline: %lld", (long long)pipeline);
	return stream_answer(res, stream,
	    form == FORM_TEXT ? "text/plain; charset=utf-8" : eventtext_type(format), err);
}

bool
runstreams_open(struct request *req, struct response *res, struct error *err)
{
	enum runstreams_form form = runstreams_form_of(request_header(req, "HTTP_ACCEPT"));
	struct runstream *run;
	int64_t job, pipeline;

	if (form == FORM_JSON)
		return true;
	if (!stream_reserve(req, err))
		return false;
	run = runstreams_make(req, res->text, &job, &pipeline, err);
	if (run == NULL)
		return false;
	run->form = form;
	/* The run is committed: a client that gets an error now would run it again. */
	if (form == FORM_ZIP && !commit_event(req, "job_download", job, err))
		log_write(LOG_WARNING, "job=%lld record its download: %s", (long long)job,
		    err->text);
	return runstreams_answer(req, res, run, job, pipeline, err);
}
