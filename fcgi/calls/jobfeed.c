/*
 * Reads jobs and their logs for streams.
 */
#include "jobfeed.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "jobjson.h"

#define PART_BYTES 60000    /* a part ends after the line that reaches it: about one record */
#define KEPT_MS    MS_PER_S /* parts are kept for so long after a follower has taken one */

struct jobfeed *
jobfeed_join(struct stream_context *context, int64_t job, struct error *err)
{
	struct jobfeed *feed = context->feeds;

	while (feed != NULL && feed->job != job)
		feed = feed->next;
	if (feed == NULL) {
		feed = calloc(1, sizeof *feed);
		if (feed == NULL) {
			error_set(err, ERROR_SYSTEM, "follow a job: not enough memory");
			return NULL;
		}
		feed->job = job;
		feed->next = context->feeds;
		context->feeds = feed;
	}
	feed->followers++;
	return feed;
}

static void
jobfeed_drop_parts(struct jobfeed *feed)
{
	for (size_t format = 0; format < EVENTTEXT_FORMATS; format++)
		for (size_t i = 0; i < JOBFEED_PARTS; i++) {
			piece_drop(feed->parts[format][i].piece);
			feed->parts[format][i].piece = NULL;
		}
}

void
jobfeed_leave(struct stream_context *context, struct jobfeed *feed)
{
	struct jobfeed **place = &context->feeds;

	if (--feed->followers > 0)
		return;
	while (*place != feed)
		place = &(*place)->next;
	*place = feed->next;
	jobfeed_drop_parts(feed);
	free(feed->json);
	free(feed->end);
	free(feed);
}

bool
jobfeed_refresh(struct stream_context *context, struct jobfeed *feed, struct error *err)
{
	struct job job = { 0 };

	if (feed->changes_round == context->changes_round)
		return true;
	if (!job_read(context->db, feed->job, &job, err))
		return false;
	feed->changes_round = context->changes_round;
	feed->there = job.id != 0 && !job.deleted;
	if (feed->there) {
		feed->account = job.account;
		feed->changed = job.changed;
		feed->span = logspan_of(&job);
		feed->idle = strcmp(job.state, "ready") == 0 && job.build == 0;
		if (strcmp(job.state, "ready") == 0)
			feed->span = (struct logspan){
				.job = job.id, .first = job.attempt + 1, .last = job.attempt + 1
			};
	}
	job_clear(&job);
	return true;
}

/* Returns the data of the event `end`. The caller frees it. NULL: no memory. */
static char *
jobfeed_end_text(const json_t *job)
{
	cleanup_json json_t *end = json_pack("{s:O, s:O}", "state", json_object_get(job, "state"),
	    "response", json_object_get(job, "response"));

	return end == NULL ? NULL : json_dumps(end, JSON_COMPACT);
}

bool
jobfeed_describe(struct stream_context *context, struct jobfeed *feed, struct error *err)
{
	struct queue_mark marks[QUEUE_MARKS] = { 0 };
	cleanup_json json_t *json = NULL;
	struct job job = { 0 };

	if (feed->json != NULL && feed->json_round == context->changes_round)
		return true;
	if (!job_read(context->db, feed->job, &job, err))
		return false;
	if (job.id == 0)
		error_set(err, ERROR_NOT_FOUND, "Job not found");
	else
		json = jobjson_make(context->db, context->config, marks, &job, err);
	job_clear(&job);
	if (json == NULL)
		return false;
	free(feed->json);
	free(feed->end);
	feed->json = response_dump(json);
	feed->end = jobfeed_end_text(json);
	feed->json_round = context->changes_round;
	if (feed->json != NULL && feed->end != NULL)
		return true;
	free(feed->json);
	feed->json = NULL;
	return error_set(err, ERROR_SYSTEM, "follow a job: not enough memory");
}

/* A part that is being read. */
struct jobfeed_reading {
	int64_t job;
	enum eventtext_format format;
	struct textbuffer buffer;
	int64_t end; /* id of the last line */
};

static bool
jobfeed_add_line(const struct joblog_line *line, void *context, bool *enough, struct error *err)
{
	struct jobfeed_reading *reading = context;
	cleanup_json json_t *json = logspan_line_json(reading->job, line, err);
	cleanup_free char *text = json == NULL ? NULL : response_dump(json);

	if (json == NULL)
		return false;
	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "read a log: not enough memory");
	if (!eventtext_add(&reading->buffer, reading->format, "log", line->id, text, strlen(text),
		err))
		return false;
	reading->end = line->id;
	*enough = reading->buffer.length >= PART_BYTES;
	return true;
}

/* Reads the part that begins after part->start. part->piece is NULL if there is no line yet. */
static bool
jobfeed_make_part(struct stream_context *context, struct jobfeed *feed,
    enum eventtext_format format, struct jobfeed_part *part, struct error *err)
{
	struct jobfeed_reading reading = { .job = feed->job, .format = format };
	bool done = logspan_each(&feed->span, context->server->spool.logs,
	    context->config->log_limit, part->start, -1, jobfeed_add_line, &reading, err);

	if (done && reading.buffer.length > 0) {
		part->piece = piece_make(&reading.buffer, err);
		part->end = reading.end;
		done = part->piece != NULL;
	}
	textbuffer_clear(&reading.buffer);
	return done;
}

/* Gives the part's piece to a follower. */
static void
jobfeed_give(struct jobfeed *feed, const struct jobfeed_part *part, int64_t *after,
    struct piece **piece)
{
	*piece = piece_share(part->piece);
	*after = part->end;
	feed->given_at = clock_monotonic_ms();
}

/* Keeps a part for the other followers, in place of an older one. Takes over its piece. */
static void
jobfeed_keep(struct jobfeed *feed, struct jobfeed_part *parts, const struct jobfeed_part *made)
{
	if (feed->followers == 1) {
		piece_drop(made->piece);
		return;
	}
	feed->next_part = (feed->next_part + 1) % JOBFEED_PARTS;
	piece_drop(parts[feed->next_part].piece);
	parts[feed->next_part] = *made;
}

/* Records that nothing comes after an id, and drops parts that nobody has taken for a while. */
static void
jobfeed_record_nothing(struct stream_context *context, struct jobfeed *feed, int64_t after)
{
	feed->nothing_round = context->logs_round;
	feed->nothing_after = after;
	if (clock_monotonic_ms() - feed->given_at > KEPT_MS)
		jobfeed_drop_parts(feed);
}

bool
jobfeed_read(struct stream_context *context, struct jobfeed *feed, enum eventtext_format format,
    int64_t *after, struct piece **piece, struct error *err)
{
	struct jobfeed_part *parts = feed->parts[format];
	struct jobfeed_part made = { .first = feed->span.first, .start = *after };

	if (feed->nothing_round == context->logs_round && feed->nothing_after == *after) {
		jobfeed_record_nothing(context, feed, *after);
		return true;
	}
	for (size_t i = 0; i < JOBFEED_PARTS; i++)
		if (parts[i].piece != NULL && parts[i].start == *after &&
		    parts[i].first == feed->span.first) {
			jobfeed_give(feed, &parts[i], after, piece);
			return true;
		}
	if (!jobfeed_make_part(context, feed, format, &made, err))
		return false;
	if (made.piece == NULL) {
		jobfeed_record_nothing(context, feed, *after);
		return true;
	}
	jobfeed_give(feed, &made, after, piece);
	jobfeed_keep(feed, parts, &made);
	return true;
}
