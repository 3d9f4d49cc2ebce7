#ifndef KABUTO_JOBFEED_H
#define KABUTO_JOBFEED_H
/*
 * What the streams of one job share: its row, and the text of its lines. Each part of the log is
 * read and encoded once for all followers that are at the same place, as most are.
 */
#include "logspan.h"
#include "stream.h"

#define JOBFEED_PARTS 4 /* of the log, that are kept for each format while several streams read */

/* A part of the log as events. */
struct jobfeed_part {
	int64_t first;       /* the span's first attempt, which its ids count from */
	int64_t start, end;  /* log ids */
	struct piece *piece; /* NULL: none */
};

struct jobfeed {
	struct jobfeed *next;
	int64_t job;
	int followers;
	/* The row, as of changes_round. */
	int64_t changes_round;
	bool there;      /* the job exists */
	int64_t account; /* its owner */
	int64_t changed; /* number of its last change */
	bool idle;       /* it is ready, and does not wait for a build: nothing will queue it */
	struct logspan span;
	/* The job as GET answers it, as of json_round. */
	int64_t json_round;
	char *json;
	char *end; /* data of the event `end` */
	struct jobfeed_part parts[EVENTTEXT_FORMATS][JOBFEED_PARTS];
	size_t next_part;
	int64_t given_at;      /* clock_monotonic_ms when a follower took a part last */
	int64_t nothing_round; /* in this logs_round nothing came after the id nothing_after */
	int64_t nothing_after;
};

/* Finds or makes the feed of a job. jobfeed_leave must follow. NULL: no memory, err is set. */
struct jobfeed *jobfeed_join(struct stream_context *context, int64_t job, struct error *err);
void jobfeed_leave(struct stream_context *context, struct jobfeed *feed);

/*
 * Reads the row again if rows have changed since it was read. A ready job's span is the attempt
 * that comes next.
 */
bool jobfeed_refresh(struct stream_context *context, struct jobfeed *feed, struct error *err);

/* Makes feed->json and feed->end, if rows have changed since they were made. */
bool jobfeed_describe(struct stream_context *context, struct jobfeed *feed, struct error *err);

/*
 * Reads the events of the lines after the id *after, and sets *after to the last one's id. *piece
 * gets a reference; NULL: there are no lines yet.
 */
bool jobfeed_read(struct stream_context *context, struct jobfeed *feed,
    enum eventtext_format format, int64_t *after, struct piece **piece, struct error *err);

#endif
