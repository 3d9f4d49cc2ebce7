/*
 * Follows one job by events. The ids are log ids, so a client that lost its connection reads on
 * where it was:
 *
 * - `state`, without an id: the job, first as it is now, then after each change.
 * - `log`, with the line's log id.
 * - `end`, after the last line and the last state. Its id is one more than the last line's. So a
 *   client that has not seen it gets it after a reconnect; one that has seen it gets 204, which
 *   tells an EventSource to stop (WHATWG HTML, section 9.2.3).
 *
 * If the job is submitted again while a client reads, its log begins anew, at id 0.
 */
#include "jobevents.h"

#include <stdlib.h>
#include <string.h>

#include "eventid.h"
#include "jobfeed.h"

const struct parameter jobevents_parameters[] = {
	EVENTID_PARAMETER,
	{ 0 },
};

static enum stream_next
jobevents_piece(struct textbuffer *buffer, struct piece **piece, struct error *err)
{
	*piece = piece_make(buffer, err);
	textbuffer_clear(buffer);
	return *piece != NULL ? STREAM_PIECE : STREAM_END;
}

/* Makes the event `state`; after the end of the job, `end` too. */
static enum stream_next
jobevents_send_state(struct stream *stream, struct stream_context *context,
    struct jobevents *events, struct piece **piece, struct error *err)
{
	const struct jobfeed *feed = events->feed;
	struct textbuffer buffer = { 0 };

	if (!jobfeed_describe(context, events->feed, err))
		return STREAM_END;
	if (!eventtext_add(&buffer, stream->format, "state", EVENTTEXT_NO_ID, feed->json,
		strlen(feed->json), err) ||
	    (feed->span.ended &&
		!eventtext_add(&buffer, stream->format, "end", events->after + 1, feed->end,
		    strlen(feed->end), err))) {
		textbuffer_clear(&buffer);
		return STREAM_END;
	}
	events->shown = feed->changed;
	events->over = feed->span.ended;
	return jobevents_piece(&buffer, piece, err);
}

bool
jobevents_visible(const struct stream *stream, const struct jobfeed *feed)
{
	const struct account *viewer = &stream->caller.account;

	return feed->there && (viewer->admin || viewer->id == feed->account);
}

bool
jobevents_refresh(struct stream *stream, struct stream_context *context, struct jobevents *events,
    struct error *err)
{
	if (events->feed == NULL)
		events->feed = jobfeed_join(context, stream->job, err);
	return events->feed != NULL && jobfeed_refresh(context, events->feed, err);
}

enum stream_next
jobevents_read(struct stream *stream, struct stream_context *context, struct jobevents *events,
    struct piece **piece, struct error *err)
{
	struct jobfeed *feed;

	if (events->over || !jobevents_refresh(stream, context, events, err) ||
	    !jobevents_visible(stream, events->feed))
		return STREAM_END;
	feed = events->feed;
	if (events->first != feed->span.first) {
		if (events->first != 0)
			events->after = 0;
		events->first = feed->span.first;
	}
	if (!feed->span.ended && events->shown != feed->changed)
		return jobevents_send_state(stream, context, events, piece, err);
	if (!jobfeed_read(context, feed, stream->format, &events->after, piece, err))
		return STREAM_END;
	if (*piece != NULL)
		return STREAM_PIECE;
	return feed->span.ended ? jobevents_send_state(stream, context, events, piece, err)
				: STREAM_WAIT;
}

void
jobevents_leave(struct stream_context *context, struct jobevents *events)
{
	if (events->feed != NULL)
		jobfeed_leave(context, events->feed);
	events->feed = NULL;
}

static enum stream_next
jobevents_next(struct stream *stream, struct stream_context *context, struct piece **piece,
    struct error *err)
{
	return jobevents_read(stream, context, stream->state, piece, err);
}

static void
jobevents_clear(struct stream *stream, struct stream_context *context)
{
	jobevents_leave(context, stream->state);
	free(stream->state);
}

/* Finds where to begin. *over: the client has seen `end`. */
static bool
jobevents_place(struct request *req, int64_t id, int64_t *after, bool *over, struct error *err)
{
	struct database *db = request_database(req, err);
	struct job job = { 0 };
	int64_t size = 0;
	bool kept;

	if (db == NULL || !job_find(db, &req->caller.account, 0, request_id(req, "job"), &job, err))
		return false;
	if (strcmp(job.state, "ready") != 0) {
		struct logspan span = logspan_of(&job);

		size = logspan_size(&span, req->server->spool.logs, req->config->log_limit);
	}
	*over = job_ended(&job) && id > size;
	/* An id beyond the log is of a former run: the job was submitted again. */
	*after = id > size ? 0 : id;
	kept = logspan_check_kept(&job, err);
	job_clear(&job);
	request_release_database(req);
	return kept;
}

bool
jobevents_show(struct request *req, struct response *res, struct error *err)
{
	static const struct stream_source source = { jobevents_next, jobevents_clear };
	struct jobevents *events;
	int64_t id = 0, after = 0;
	bool over = false;

	if (!eventid_read(req, false, &id, err) || !jobevents_place(req, id, &after, &over, err))
		return false;
	if (over) {
		res->status = 204;
		return response_empty(res, JSON_TYPE);
	}
	events = calloc(1, sizeof *events);
	if (events == NULL)
		return error_set(err, ERROR_SYSTEM, "follow a job: not enough memory");
	events->after = after;
	return stream_open(req, res, &source, events, request_id(req, "job"), false, err);
}
