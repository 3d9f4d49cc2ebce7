/*
 * Reads the events of a job over as many connections as it takes.
 */
#include "follower.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "display.h"
#include "ndjson.h"
#include "outcome.h"
#include "patience.h"

#define SILENT_S 40 /* the server sends something every 15 s */

struct following {
	const struct follower *follower;
	int64_t last; /* id of the last line that came */
	char run[64]; /* queued_at of the run that is followed; "": not known */
	json_t *job;  /* of the last `state` */
	bool ended;   /* `end` came, or the job is idle */
	bool came;    /* something came on any connection */
	bool failed;  /* a callback has set err */
	bool anew;    /* the job was submitted again: connect for its new log */
	int64_t from; /* `after` of this connection */
	bool placed;  /* a `state` came on this connection */
	struct ndjson lines;
	struct patience patience;
};

bool
follower_read_line(const json_t *json, int64_t before, struct follower_line *line,
    struct error *err)
{
	const json_t *text = json_object_get(json, "logline");
	const json_t *id = json_object_get(json, "id");
	const char *stream = json_string_value(json_object_get(json, "stream"));
	const char *time = json_string_value(json_object_get(json, "time"));

	if (!json_is_string(text) || !json_is_integer(id) || stream == NULL || time == NULL)
		return error_set(err, ERROR_SYSTEM,
		    "the server sent a line of a log that this version of kabuto does not know");
	*line = (struct follower_line){ .text = json_string_value(text),
		.length = json_string_length(text),
		.id = json_integer_value(id),
		.bytes = -1,
		.stream = stream,
		.time = time,
		.partial = json_is_true(json_object_get(json, "partial")),
		.json = json };
	if (before >= 0 && line->id > before)
		line->bytes = line->id - before;
	return true;
}

static bool
follower_take_line(struct following *following, const json_t *data, struct error *err)
{
	const struct follower *follower = following->follower;
	struct follower_line line;

	if (!follower_read_line(data, following->last, &line, err))
		return false;
	following->last = line.id;
	return follower->line(follower->context, &line, err);
}

/*
 * Compares the run that a job's object shows with the one that is followed. A new one has a log of
 * its own with ids from 0. If this connection began after a line of the old log, the new log's
 * first lines may have been left out: then the answer is false, and the next connection gets them.
 */
static bool
follower_check_run(struct following *following, const json_t *job)
{
	const char *queued = json_string_value(json_object_get(job, "queued_at"));
	bool same =
	    following->run[0] == '\0' || queued == NULL || strcmp(following->run, queued) == 0;

	if (queued != NULL)
		snprintf(following->run, sizeof following->run, "%s", queued);
	if (same)
		return true;
	display_say("job %" PRId64 " was submitted again; what follows is its new run",
	    following->follower->job);
	following->last = 0;
	following->anew = !following->placed && following->from != 0;
	return !following->anew;
}

static bool
follower_take_state(struct following *following, const json_t *data, struct error *err)
{
	const struct follower *follower = following->follower;
	bool right = follower_check_run(following, data);

	following->placed = true;
	json_decref(following->job);
	following->job = json_deep_copy(data);
	if (following->job == NULL)
		return error_set(err, ERROR_SYSTEM, "follow a job: not enough memory");
	if (!right)
		return error_set(err, ERROR_AWAY, "the job was submitted again");
	if (outcome_idle(data))
		following->ended = true;
	return follower->state == NULL || follower->state(follower->context, data, err);
}

static bool
follower_take(const json_t *event, void *context, struct error *err)
{
	struct following *following = context;
	const char *name = json_string_value(json_object_get(event, "event"));
	const json_t *data = json_object_get(event, "data");

	if (name == NULL || following->ended)
		return true;
	if (strcmp(name, "log") == 0)
		return follower_take_line(following, data, err);
	if (strcmp(name, "state") == 0)
		return follower_take_state(following, data, err);
	if (strcmp(name, "end") == 0)
		following->ended = true;
	return true;
}

static bool
follower_write(void *context, const char *data, size_t length, struct error *err)
{
	struct following *following = context;
	const struct follower *follower = following->follower;

	following->came = true;
	patience_reset(&following->patience);
	following->failed =
	    !ndjson_add(&following->lines, data, length, follower_take, following, err) ||
	    (follower->flush != NULL && !follower->flush(follower->context, err));
	if (following->failed)
		return false;
	/* The server keeps the stream of an idle job open, until somebody submits it. */
	return !following->ended || !outcome_idle(following->job) ||
	    error_set(err, ERROR_INTERRUPTED, "the job is idle");
}

/* Makes one connection, and reads what comes. False: err says why it ended. */
static bool
follower_connect(struct following *following, long *status, struct error *err)
{
	cleanup_http_answer struct http_answer answer = { 0 };
	cleanup_fields struct http_fields fields = { 0 };
	char path[64];
	const struct http_request request = { .path = path,
		.fields = &fields,
		.accept = "application/x-ndjson",
		.write = follower_write,
		.context = following,
		.silent_s = SILENT_S };
	bool done;

	snprintf(path, sizeof path, "/execution/%" PRId64 "/events", following->follower->job);
	if (following->last > 0)
		httpfields_add_number(&fields, "after", following->last);
	following->from = following->last;
	following->placed = following->failed = following->anew = false;
	ndjson_clear(&following->lines);
	done = http_transfer(following->follower->http, &request, &answer, err);
	*status = answer.status;
	return done;
}

/* Says how a connection ended, and whether another one may help. */
static bool
follower_may_go_on(const struct following *following, long status, struct error *err)
{
	if (following->anew)
		return true;
	if (following->failed)
		return false;
	if (status == 404 && following->came)
		return error_set(err, ERROR_NOT_FOUND,
		    "job %" PRId64 " was deleted while it was followed", following->follower->job);
	return patience_may_help(err);
}

static bool
follower_read(struct following *following, struct error *err)
{
	for (;;) {
		long status = 0;
		bool done = follower_connect(following, &status, err);

		if (following->ended && !following->failed)
			return true;
		/* The server closes a stream in good order when it stops, and if the job is gone.
		 */
		if (done)
			error_set(err, ERROR_AWAY, "the server closed the connection");
		else if (!follower_may_go_on(following, status, err))
			return false;
		if (!following->anew &&
		    !patience_wait(&following->patience, following->follower->http, err))
			return false;
	}
}

bool
follower_run(const struct follower *follower, json_t **job, struct error *err)
{
	struct following following = { .follower = follower, .last = follower->after };
	bool done = follower_read(&following, err);

	if (done && following.job == NULL)
		done = error_set(err, ERROR_SYSTEM,
		    "the server ended the events of job %" PRId64 " without its state",
		    follower->job);
	if (done)
		*job = json_incref(following.job);
	json_decref(following.job);
	ndjson_clear(&following.lines);
	return done;
}
