/*
 * Follows the changes of jobs, builds and pipelines. An event's id is the number of the object's
 * last change (changefeed.h), so a client reads on after any id, of any age: it gets each object
 * that has changed since then once, as it is now.
 *
 * - `job`, `build`, `pipeline`: the object as GET answers it, or {"id", "deleted": true}.
 * - `now`, only with "after=now": the number from which on the client gets changes.
 *
 * An id that is larger than all numbers is from before the database was restored from a backup.
 * The client then gets each object once, as with 0.
 */
#include "changeevents.h"

#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "buildjson.h"
#include "changefeed.h"
#include "cleanup.h"
#include "eventid.h"
#include "jobjson.h"
#include "pipelinejson.h"
#include "stream.h"
#include "transaction.h"

#define PIECE_BYTES 60000 /* a piece ends after the event that reaches it */
#define CHANGES     64    /* changes that are read at a time */

const struct parameter changeevents_parameters[] = {
	EVENTID_PARAMETER,
	{ .name = "own", .type = PARAMETER_BOOLEAN },
	{ 0 },
};

struct changeevents {
	int64_t after;          /* number of the last event that was sent */
	int64_t removals_after; /* older deletions are of no interest */
	bool says_now;          /* the event `now` is to be sent */
};

/* The changes that are being read for a piece. */
struct changeevents_reading {
	struct stream *stream;
	struct stream_context *context;
	struct textbuffer buffer;
	struct queue_mark marks[QUEUE_MARKS];
	bool full; /* the rest is for the next piece */
};

static json_t *
changeevents_job(struct changeevents_reading *reading, int64_t id, struct error *err)
{
	struct stream_context *context = reading->context;
	struct job job = { 0 };
	json_t *json = NULL;

	if (job_find(context->db, &reading->stream->caller.account, 0, id, &job, err))
		json = jobjson_make(context->db, context->config, reading->marks, &job, err);
	job_clear(&job);
	return json;
}

static json_t *
changeevents_build(struct changeevents_reading *reading, int64_t id, struct error *err)
{
	struct build build = { 0 };
	json_t *json = NULL;

	if (build_find(reading->context->db, &reading->stream->caller.account, id, 0, &build, err))
		json = buildjson_make_named(&build, err);
	build_clear(&build);
	return json;
}

struct changeevents_pipeline {
	struct database *db;
	json_t *json;
};

static bool
changeevents_take_pipeline(const struct pipeline *pipeline, void *context, struct error *err)
{
	struct changeevents_pipeline *taken = context;

	taken->json = pipelinejson_make(taken->db, pipeline, err);
	return taken->json != NULL;
}

static json_t *
changeevents_pipeline(struct changeevents_reading *reading, int64_t id, struct error *err)
{
	struct changeevents_pipeline taken = { reading->context->db, NULL };

	(void)pipeline_show(taken.db, &reading->stream->caller.account, id,
	    changeevents_take_pipeline, &taken, err);
	return taken.json;
}

static const struct {
	const char *event;
	json_t *(*make)(struct changeevents_reading *reading, int64_t id, struct error *err);
} changeevents_kinds[] = {
	[CHANGEFEED_JOB] = { "job", changeevents_job },
	[CHANGEFEED_BUILD] = { "build", changeevents_build },
	[CHANGEFEED_PIPELINE] = { "pipeline", changeevents_pipeline },
};

static bool
changeevents_add(const struct changefeed_item *item, void *context, struct error *err)
{
	struct changeevents_reading *reading = context;
	struct changeevents *events = reading->stream->state;
	cleanup_json json_t *json = NULL;
	cleanup_free char *text = NULL;

	if (reading->full)
		return true;
	json = item->removed ? json_pack("{s:I, s:b}", "id", (json_int_t)item->object, "deleted", 1)
			     : changeevents_kinds[item->kind].make(reading, item->object, err);
	text = json == NULL ? NULL : response_dump(json);
	if (json == NULL)
		return false;
	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "show a change: not enough memory");
	if (!eventtext_add(&reading->buffer, reading->stream->format,
		changeevents_kinds[item->kind].event, item->number, text, strlen(text), err))
		return false;
	events->after = item->number;
	reading->full = reading->buffer.length >= PIECE_BYTES;
	return true;
}

/* Reads the changes, and their objects, as they are at one moment. */
static bool
changeevents_read(struct changeevents_reading *reading, struct error *err)
{
	struct database *db = reading->context->db;
	const struct stream *stream = reading->stream;
	const struct changeevents *events = stream->state;
	const struct changefeed_range range = {
		.account = stream->of_everyone ? 0 : stream->caller.account.id,
		.after = events->after,
		.removals_after = events->removals_after,
		.limit = CHANGES,
	};
	bool done;

	if (!transaction_begin_reading(db, err))
		return false;
	done = changefeed_each(db, &range, changeevents_add, reading, err);
	transaction_end_reading(db);
	return done;
}

static enum stream_next
changeevents_next(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct changeevents *events = stream->state;
	struct changeevents_reading reading = { .stream = stream, .context = context };
	int64_t before = events->after;
	bool done;

	if (events->says_now) {
		events->says_now = false;
		done = eventtext_add(&reading.buffer, stream->format, "now", events->after, "{}", 2,
		    err);
	} else {
		done = changeevents_read(&reading, err);
	}
	if (done && reading.buffer.length > 0)
		*piece = piece_make(&reading.buffer, err);
	textbuffer_clear(&reading.buffer);
	if (*piece != NULL)
		return STREAM_PIECE;
	events->after = before; /* nothing was sent: a later try reads the same again */
	return done ? STREAM_WAIT : STREAM_END;
}

static void
changeevents_clear(struct stream *stream, struct stream_context *context)
{
	(void)context;
	free(stream->state);
}

bool
changeevents_show(struct request *req, struct response *res, struct error *err)
{
	static const struct stream_source source = { changeevents_next, changeevents_clear };
	struct database *db = request_database(req, err);
	struct changeevents *events;
	int64_t after = 0, last = 0;

	if (db == NULL || !eventid_read(req, true, &after, err) || !changefeed_last(db, &last, err))
		return false;
	request_release_database(req);
	events = calloc(1, sizeof *events);
	if (events == NULL)
		return error_set(err, ERROR_SYSTEM, "follow changes: not enough memory");
	events->says_now = after == EVENTID_NOW;
	events->after = after == EVENTID_NOW ? last : after > last ? 0 : after;
	/* A client that begins anew knows none of the objects that were deleted. */
	events->removals_after = events->after == 0 ? last : events->after;
	return stream_open(req, res, &source, events, 0,
	    req->caller.account.admin && !request_flag(req, "own"), err);
}
