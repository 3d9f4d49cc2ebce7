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
#include <sys/param.h>

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
#define PARTS       8     /* pieces that are kept for other streams */

const struct parameter changeevents_parameters[] = {
	EVENTID_PARAMETER,
	{ .name = "own", .type = PARAMETER_BOOLEAN },
	{ 0 },
};

struct changeevents {
	int64_t after;          /* number of the last event that was sent */
	int64_t removals_after; /* older deletions are of no interest */
	bool says_now;          /* the event `now` is to be sent */
	bool joined;            /* counts in context->parts */
};

/* A piece for all streams of an account that stand at the same place. */
struct changeevents_part {
	int64_t round;   /* context->changes_round when it was read */
	int64_t account; /* 0: of all accounts */
	enum eventtext_format format;
	int64_t after, removals_after; /* the place */
	int64_t end;                   /* number of its last event */
	struct piece *piece;           /* NULL: none */
};

/*
 * An object may be large (a pipeline lists its jobs), and an account may have many streams: without
 * sharing, each change would cost their product, and all other streams would wait for it.
 */
struct changeevents_parts {
	int64_t streams; /* that share them; the last one frees them */
	size_t next;     /* the item to replace */
	struct changeevents_part items[PARTS];
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
	const struct account *viewer;
	json_t *json;
};

static bool
changeevents_take_pipeline(const struct pipeline *pipeline, void *context, struct error *err)
{
	struct changeevents_pipeline *taken = context;

	taken->json = pipelinejson_make(taken->db, taken->viewer, pipeline, err);
	return taken->json != NULL;
}

static json_t *
changeevents_pipeline(struct changeevents_reading *reading, int64_t id, struct error *err)
{
	struct changeevents_pipeline taken = { reading->context->db,
		&reading->stream->caller.account, NULL };

	(void)pipeline_show(taken.db, taken.viewer, id, changeevents_take_pipeline, &taken, err);
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

/* Returns the place where the stream stands, as a part without a piece. */
static struct changeevents_part
changeevents_place(const struct stream *stream, const struct stream_context *context)
{
	const struct changeevents *events = stream->state;

	return (struct changeevents_part){ .round = context->changes_round,
		.account = stream->of_everyone ? 0 : stream->caller.account.id,
		.format = stream->format,
		.after = events->after,
		.removals_after = MAX(events->after, events->removals_after) };
}

/* Joins those that share parts. False: no memory. */
static bool
changeevents_join(struct changeevents *events, struct stream_context *context, struct error *err)
{
	if (events->joined)
		return true;
	if (context->parts == NULL)
		context->parts = calloc(1, sizeof *context->parts);
	if (context->parts == NULL)
		return error_set(err, ERROR_SYSTEM, "follow changes: not enough memory");
	context->parts->streams++;
	events->joined = true;
	return true;
}

/* Returns another stream's piece for the place, and drops old ones. NULL: there is none. */
static struct piece *
changeevents_find_part(struct stream_context *context, struct changeevents *events,
    const struct changeevents_part *place)
{
	for (size_t i = 0; i < PARTS; i++) {
		struct changeevents_part *part = &context->parts->items[i];

		if (part->piece == NULL)
			continue;
		if (part->round != place->round) {
			piece_drop(part->piece);
			part->piece = NULL;
		} else if (part->account == place->account && part->format == place->format &&
		    part->after == place->after && part->removals_after == place->removals_after) {
			events->after = part->end;
			return piece_share(part->piece);
		}
	}
	return NULL;
}

/* Keeps the piece for other streams that stand at the place. */
static void
changeevents_keep_part(struct stream_context *context, const struct changeevents *events,
    const struct changeevents_part *place, struct piece *piece)
{
	struct changeevents_part *part = &context->parts->items[context->parts->next];

	context->parts->next = (context->parts->next + 1) % PARTS;
	piece_drop(part->piece);
	*part = *place;
	part->end = events->after;
	part->piece = piece_share(piece);
}

/* Makes the piece with the next changes. *piece is NULL if there are none. */
static bool
changeevents_make_piece(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct changeevents *events = stream->state;
	struct changeevents_reading reading = { .stream = stream, .context = context };
	const struct changeevents_part place = changeevents_place(stream, context);
	bool done;

	*piece = changeevents_find_part(context, events, &place);
	if (*piece != NULL)
		return true;
	done = changeevents_read(&reading, err);
	if (done && reading.buffer.length > 0)
		*piece = piece_make(&reading.buffer, err);
	textbuffer_clear(&reading.buffer);
	if (*piece != NULL)
		changeevents_keep_part(context, events, &place, *piece);
	else
		events->after = place.after; /* a later try reads the same again */
	return done;
}

static bool
changeevents_say_now(struct stream *stream, struct piece **piece, struct error *err)
{
	struct changeevents *events = stream->state;
	struct textbuffer buffer = { 0 };

	if (eventtext_add(&buffer, stream->format, "now", events->after, "{}", 2, err))
		*piece = piece_make(&buffer, err);
	textbuffer_clear(&buffer);
	events->says_now = false;
	return *piece != NULL;
}

static enum stream_next
changeevents_next(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	struct changeevents *events = stream->state;
	bool done = changeevents_join(events, context, err) &&
	    (events->says_now ? changeevents_say_now(stream, piece, err)
			      : changeevents_make_piece(stream, context, piece, err));

	if (*piece != NULL)
		return STREAM_PIECE;
	return done ? STREAM_WAIT : STREAM_END;
}

static void
changeevents_clear(struct stream *stream, struct stream_context *context)
{
	struct changeevents *events = stream->state;

	if (events->joined && --context->parts->streams == 0) {
		for (size_t i = 0; i < PARTS; i++)
			piece_drop(context->parts->items[i].piece);
		free(context->parts);
		context->parts = NULL;
	}
	free(events);
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
