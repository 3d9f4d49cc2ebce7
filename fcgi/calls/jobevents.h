#ifndef KABUTO_JOBEVENTS_H
#define KABUTO_JOBEVENTS_H
/*
 * Follows one job: GET /execution/<job>/events.
 */
#include "jobfeed.h"
#include "route.h"

extern const struct parameter jobevents_parameters[];
handler jobevents_show;

/* How far a stream has followed a job. Zeroed at first. */
struct jobevents {
	struct jobfeed *feed; /* NULL until the streams' thread has the stream */
	int64_t after;        /* id of the last line that was sent */
	int64_t first;        /* the attempt that ids count from; 0: not known yet */
	int64_t shown;        /* number of the change that the last `state` shows */
	bool over;            /* `end` was sent */
};

/* Joins the feed of stream->job, if events has none, and reads the job's row. False: err is set. */
bool jobevents_refresh(struct stream *stream, struct stream_context *context,
    struct jobevents *events, struct error *err);

/* Whether the job is there, and the viewer may see it, still. */
bool jobevents_visible(const struct stream *stream, const struct jobfeed *feed);

/* Makes the next piece of a job's events, as stream_source.next does. */
enum stream_next jobevents_read(struct stream *stream, struct stream_context *context,
    struct jobevents *events, struct piece **piece, struct error *err);

/* Leaves the feed. */
void jobevents_leave(struct stream_context *context, struct jobevents *events);

#endif
