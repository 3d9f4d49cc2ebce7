#ifndef KABUTO_STREAM_H
#define KABUTO_STREAM_H
/*
 * A response that stays open and sends events as they come. The call's thread checks the call and
 * sends the head. Then it hands the connection over to the thread of streams.c, which serves all
 * streams of the process and writes FastCGI records itself. So an open stream needs no thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"
#include "error.h"
#include "eventtext.h"
#include "fcgirecord.h"
#include "piece.h"
#include "request.h"
#include "response.h"

struct changeevents_parts;
struct jobfeed;
struct stream;

/* What the streams' thread gives to the sources of events. */
struct stream_context {
	struct server *server;
	const struct config *config;
	struct database *db;
	int64_t changes_round; /* grows when rows may have changed since it was read last */
	int64_t logs_round;    /* grows when logs may have grown */
	struct jobfeed *feeds; /* what the streams of one job share (calls/jobfeed.c) */
	struct changeevents_parts *parts; /* the same of an account (calls/changeevents.c) */
};

enum stream_next {
	STREAM_PIECE, /* *piece is to be sent */
	STREAM_WAIT,  /* nothing to send until the next change */
	STREAM_END    /* nothing more will come */
};

/* Where the events of a stream come from. Both functions run in the streams' thread. */
struct stream_source {
	/* Returns what to do next. It must not wait. If err is set, it returns STREAM_END. */
	enum stream_next (*next)(struct stream *stream, struct stream_context *context,
	    struct piece **piece, struct error *err);
	/* Frees stream->state. context is NULL if the stream was never served. */
	void (*clear)(struct stream *stream, struct stream_context *context);
};

struct stream {
	const struct stream_source *source;
	void *state; /* the source's; allocated */
	struct server *server;
	struct caller caller;
	int64_t opener; /* the account that streams_max counts it for */
	enum eventtext_format format;
	/* What wakes it. */
	int64_t job;      /* changes of this job, and of its log; 0: changes of an account */
	bool ticks;       /* each tick of the thread, too: it reads what nothing else reports */
	bool of_everyone; /* changes of all accounts */
	/* The connection, and what is being sent. */
	int fd;
	int request; /* FastCGI's request id */
	struct piece *piece;
	size_t sent;        /* bytes of the piece */
	size_t record_left; /* bytes of content that the open record still needs */
	unsigned char header[FCGIRECORD_HEADER];
	size_t header_left; /* bytes of the header that are not sent yet */
	/* For streams.c */
	struct stream *previous, *next;
	struct stream *next_of_bucket;
	struct stream *next_in_queue;
	bool in_queue;
	bool blocked;    /* the connection takes no more now */
	bool again;      /* the database was busy: try again at the next tick */
	int64_t beat_at; /* clock_monotonic_ms of the next heartbeat */
};

/*
 * Counts a stream of the account for a call that will open one. So a call that changes something
 * can fail before it does. ERROR_AWAY: this process is in a pool without streams. ERROR_TOO_MANY:
 * the account has streams_max streams.
 */
bool stream_reserve(struct request *req, struct error *err);

/*
 * Makes the stream of a call; stream_reserve is called if the call has not done it. state is the
 * source's, and is freed if this fails; job is what wakes the stream. NULL: err is set. Else
 * stream_answer or stream_answer_later must follow.
 */
struct stream *stream_make(struct request *req, const struct stream_source *source, void *state,
    int64_t job, enum eventtext_format format, struct error *err);

/* Answers with the head, and then with what the stream sends. False: no memory; it is freed. */
bool stream_answer(struct response *res, struct stream *stream, const char *type,
    struct error *err);

/*
 * The same without a head: the source's first piece must contain it (response_format_head). Always
 * true.
 */
bool stream_answer_later(struct response *res, struct stream *stream);

/* Answers a call with a stream of events, in the format that it accepts. */
bool stream_open(struct request *req, struct response *res, const struct stream_source *source,
    void *state, int64_t job, bool of_everyone, struct error *err);

/* Closes the connection if it has one, and frees the stream. */
void stream_free(struct stream *stream, struct stream_context *context);

enum stream_sending { STREAM_SENT, STREAM_BLOCKED, STREAM_BROKEN };

/* Sends the piece without waiting. STREAM_SENT: all of it; then stream->piece is NULL. */
enum stream_sending stream_send(struct stream *stream);

/* Ends the response, if no part of a piece waits: else the client must see that it is cut off. */
void stream_end(struct stream *stream);

/*
 * The same before the source has come to its end. A client of events reconnects; one of a text or a
 * file must see that it is cut off, so the response does not end.
 */
void stream_end_early(struct stream *stream);

#endif
