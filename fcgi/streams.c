/*
 * One thread serves all streams. A stream is in the queue while it may have something to send: it
 * then sends one piece at a time, in turn with the others. It leaves the queue when its source has
 * nothing more (a change wakes it) or when its connection takes no more (epoll wakes it).
 */
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "authenticate.h"
#include "changefeed.h"
#include "clock.h"
#include "log.h"
#include "logwatch.h"
#include "schema.h"

#define TICK_MS      50    /* between two polls of the database's version */
#define HEARTBEAT_MS 15000 /* proxies cut a connection that is silent for 60 s */
#define BUCKETS      257   /* bucket 0: streams of an account; the others: of jobs */
#define EVENTS       64    /* that epoll reports at a time */
#define CHANGES      1000  /* that are read at a time */

struct streams {
	struct server *server;
	pthread_t thread;
	pthread_mutex_t lock; /* protects arrived */
	struct stream *arrived;
	int wake; /* eventfd: streams have arrived */
	/* The rest belongs to the thread. */
	struct stream_context context;
	struct database db; /* open while there are streams */
	int64_t version;    /* of the database, as last read */
	int64_t seen;       /* number of the last change that streams were woken for */
	int epoll;
	struct logwatch logs;
	struct stream *all;
	struct stream *buckets[BUCKETS];
	struct stream *first, *last; /* the queue */
	int64_t tick_at;             /* clock_monotonic_ms of the next tick */
};

static size_t
streams_bucket(int64_t job)
{
	return job == 0 ? 0 : 1 + (size_t)job % (BUCKETS - 1);
}

/* Puts a stream in the queue, at its end. */
static void
streams_enqueue(struct streams *streams, struct stream *stream)
{
	if (stream->in_queue || stream->blocked)
		return;
	stream->in_queue = true;
	stream->next_in_queue = NULL;
	if (streams->last != NULL)
		streams->last->next_in_queue = stream;
	else
		streams->first = stream;
	streams->last = stream;
}

static struct stream *
streams_dequeue(struct streams *streams)
{
	struct stream *stream = streams->first;

	if (stream == NULL)
		return NULL;
	streams->first = stream->next_in_queue;
	if (streams->first == NULL)
		streams->last = NULL;
	stream->in_queue = false;
	return stream;
}

/* Enters a stream that has arrived in the lists. If epoll cannot watch it, it is closed. */
static void
streams_enter(struct streams *streams, struct stream *stream)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = stream };
	struct stream **bucket = &streams->buckets[streams_bucket(stream->job)];

	if (epoll_ctl(streams->epoll, EPOLL_CTL_ADD, stream->fd, &event) < 0) {
		log_write(LOG_ERROR, "streams: watch a connection: %s", strerror(errno));
		stream_free(stream, &streams->context);
		return;
	}
	stream->previous = NULL;
	stream->next = streams->all;
	if (streams->all != NULL)
		streams->all->previous = stream;
	streams->all = stream;
	stream->next_of_bucket = *bucket;
	*bucket = stream;
	stream->beat_at = clock_monotonic_ms() + HEARTBEAT_MS;
	streams_enqueue(streams, stream);
}

/* Takes a stream, which must not be in the queue, out of the lists and frees it. */
static void
streams_drop(struct streams *streams, struct stream *stream)
{
	struct stream **place = &streams->buckets[streams_bucket(stream->job)];

	while (*place != stream)
		place = &(*place)->next_of_bucket;
	*place = stream->next_of_bucket;
	if (stream->next != NULL)
		stream->next->previous = stream->previous;
	if (stream->previous != NULL)
		stream->previous->next = stream->next;
	else
		streams->all = stream->next;
	stream_free(stream, &streams->context);
}

/* Asks the source for the next piece. False: the stream is over. */
static bool
streams_fetch(struct streams *streams, struct stream *stream)
{
	struct error err = { .kind = ERROR_NONE };

	switch (stream->source->next(stream, &streams->context, &stream->piece, &err)) {
	case STREAM_PIECE:
	case STREAM_WAIT:
		return true;
	case STREAM_END:
		break;
	}
	if (err.kind == ERROR_BUSY) {
		stream->again = true;
		return true;
	}
	if (err.kind == ERROR_SYSTEM)
		log_write(LOG_ERROR, "stream of account=%lld job=%lld: %s",
		    (long long)stream->caller.account.id, (long long)stream->job, err.text);
	if (err.kind == ERROR_NONE)
		stream_end(stream);
	else
		stream_end_early(stream);
	return false;
}

/* Sends a piece. False: the stream is over. */
static bool
streams_pump(struct streams *streams, struct stream *stream)
{
	if (stream->piece == NULL && !streams_fetch(streams, stream))
		return false;
	if (stream->piece == NULL)
		return true;
	switch (stream_send(stream)) {
	case STREAM_SENT:
		streams_enqueue(streams, stream);
		return true;
	case STREAM_BLOCKED:
		stream->blocked = true;
		return true;
	case STREAM_BROKEN:
		break;
	}
	return false;
}

/* Gives each stream that is in the queue now one turn. */
static void
streams_pump_all(struct streams *streams)
{
	struct stream *end = streams->last, *stream;

	while ((stream = streams_dequeue(streams)) != NULL) {
		bool was_end = stream == end;

		if (!streams_pump(streams, stream))
			streams_drop(streams, stream);
		if (was_end)
			return;
	}
}

/* Reads what the web server sends, which nobody needs. False: it has closed the connection. */
static bool
streams_drain(int fd)
{
	char rest[512];
	ssize_t length;

	do
		length = read(fd, rest, sizeof rest);
	while (length > 0 || (length < 0 && errno == EINTR));
	return length < 0 && errno == EAGAIN;
}

/* Takes a stream out of the queue, wherever it stands. */
static void
streams_remove_from_queue(struct streams *streams, struct stream *stream)
{
	struct stream **place = &streams->first, *before = NULL;

	if (!stream->in_queue)
		return;
	while (*place != stream) {
		before = *place;
		place = &before->next_in_queue;
	}
	*place = stream->next_in_queue;
	if (streams->last == stream)
		streams->last = before;
	stream->in_queue = false;
}

static void
streams_handle_event(struct streams *streams, const struct epoll_event *event)
{
	struct stream *stream = event->data.ptr;

	if ((event->events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0 ||
	    ((event->events & EPOLLIN) != 0 && !streams_drain(stream->fd))) {
		streams_remove_from_queue(streams, stream);
		streams_drop(streams, stream);
		return;
	}
	if ((event->events & EPOLLOUT) != 0 && stream->blocked) {
		stream->blocked = false;
		streams_enqueue(streams, stream);
	}
}

/* Wakes the streams that show a changed object. */
static bool
streams_wake_changed(const struct changefeed_item *item, void *context, struct error *err)
{
	struct streams *streams = context;
	struct stream *stream = streams->buckets[0];

	(void)err;
	streams->seen = item->number;
	for (; stream != NULL; stream = stream->next_of_bucket)
		if (stream->of_everyone || stream->caller.account.id == item->account)
			streams_enqueue(streams, stream);
	if (item->kind != CHANGEFEED_JOB)
		return true;
	stream = streams->buckets[streams_bucket(item->object)];
	for (; stream != NULL; stream = stream->next_of_bucket)
		if (stream->job == item->object)
			streams_enqueue(streams, stream);
	return true;
}

static void
streams_wake_all(struct streams *streams)
{
	streams->context.changes_round++;
	streams->context.logs_round++;
	for (struct stream *stream = streams->all; stream != NULL; stream = stream->next)
		streams_enqueue(streams, stream);
}

static void
streams_wake_log(int64_t job, void *context)
{
	struct streams *streams = context;
	struct stream *stream = streams->buckets[streams_bucket(job)];

	if (job == 0) {
		streams_wake_all(streams);
		return;
	}
	for (; stream != NULL; stream = stream->next_of_bucket)
		if (stream->job == job)
			streams_enqueue(streams, stream);
}

/* Finds out what other connections have committed, and wakes its streams. */
static bool
streams_poll_changes(struct streams *streams, struct error *err)
{
	int64_t version = 0, seen;

	if (!database_version(&streams->db, &version, err))
		return false;
	if (version == streams->version)
		return true;
	streams->context.changes_round++;
	streams->context.logs_round++;
	do {
		const struct changefeed_range range = { .after = streams->seen, .limit = CHANGES };

		seen = streams->seen;
		if (!changefeed_each(&streams->db, &range, streams_wake_changed, streams, err))
			return false;
	} while (streams->seen != seen);
	streams->version = version;
	return true;
}

/* Checks the stream's session, and sends a comment if nothing else is on the way. */
static bool
streams_beat(struct streams *streams, struct stream *stream)
{
	const char *text = eventtext_heartbeat(stream->format);
	struct textbuffer buffer = { 0 };
	struct error err;

	stream->beat_at += HEARTBEAT_MS;
	if (authenticate_again(&streams->db, streams->context.config, &stream->caller, &err) &&
	    (stream->caller.account.id != stream->opener ||
		(stream->of_everyone && !stream->caller.account.admin))) {
		stream_end_early(stream);
		return false;
	}
	if (stream->piece != NULL || text[0] == '\0' ||
	    !textbuffer_add(&buffer, text, strlen(text), &err))
		return true;
	stream->piece = piece_make(&buffer, &err);
	textbuffer_clear(&buffer);
	streams_enqueue(streams, stream);
	return true;
}

static void
streams_tick(struct streams *streams)
{
	int64_t now = clock_monotonic_ms();
	struct stream *stream = streams->all, *next;
	struct error err;

	if (streams->all == NULL || now < streams->tick_at)
		return;
	streams->tick_at = now + TICK_MS;
	streams->context.config = streams->server->config;
	if (!streams_poll_changes(streams, &err) && err.kind != ERROR_BUSY) {
		log_write(LOG_ERROR, "streams: %s, trying again", err.text);
		streams->tick_at = now + MS_PER_S;
	}
	if (!logwatch_works(&streams->logs))
		streams_wake_all(streams);
	for (; stream != NULL; stream = next) {
		next = stream->next;
		if (stream->again || stream->ticks) {
			stream->again = false;
			streams_enqueue(streams, stream);
		}
		if (now < stream->beat_at || streams_beat(streams, stream))
			continue;
		streams_remove_from_queue(streams, stream);
		streams_drop(streams, stream);
	}
}

/* Opens what is needed only while there are streams. */
static bool
streams_acquire(struct streams *streams, struct error *err)
{
	if (streams->db.handle != NULL)
		return true;
	if (!schema_open(&streams->db, streams->server->pool.path, err))
		return false;
	streams->context.config = streams->server->config;
	if (!database_version(&streams->db, &streams->version, err) ||
	    !changefeed_last(&streams->db, &streams->seen, err)) {
		connection_close(&streams->db);
		return false;
	}
	logwatch_begin(&streams->logs, streams->server->spool.logs, streams->epoll);
	streams->tick_at = clock_monotonic_ms() + TICK_MS;
	return true;
}

/* Closes it again when the last stream has gone. */
static void
streams_release_if_idle(struct streams *streams)
{
	if (streams->all != NULL || streams->db.handle == NULL)
		return;
	logwatch_end(&streams->logs);
	connection_close(&streams->db);
}

static struct stream *
streams_take_arrived(struct streams *streams)
{
	struct stream *arrived;

	pthread_mutex_lock(&streams->lock);
	arrived = streams->arrived;
	streams->arrived = NULL;
	pthread_mutex_unlock(&streams->lock);
	return arrived;
}

static void
streams_receive(struct streams *streams)
{
	struct stream *stream, *next;
	eventfd_t ignored;
	struct error err;
	bool ready;

	(void)eventfd_read(streams->wake, &ignored);
	stream = streams_take_arrived(streams);
	ready = stream == NULL || streams_acquire(streams, &err);
	if (!ready)
		log_write(LOG_ERROR, "streams: %s", err.text);
	streams->context.changes_round++;
	streams->context.logs_round++;
	for (; stream != NULL; stream = next) {
		next = stream->next;
		if (ready)
			streams_enter(streams, stream);
		else
			stream_free(stream, &streams->context);
	}
}

/* Returns how many ms epoll may wait; -1: until something happens. */
static int
streams_timeout_ms(const struct streams *streams)
{
	int64_t now = clock_monotonic_ms(), until = streams->tick_at;

	if (streams->first != NULL)
		return 0;
	if (streams->all == NULL)
		return -1;
	if (logwatch_pause_ends(&streams->logs) < until)
		until = logwatch_pause_ends(&streams->logs);
	return until > now ? (int)(until - now) : 0;
}

/* Waits for events and handles them. False: the process stops. */
static bool
streams_wait(struct streams *streams)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(streams->epoll, events, EVENTS, streams_timeout_ms(streams));

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == &streams->server->stop)
			return false;
		if (events[i].data.ptr == streams)
			streams_receive(streams);
		else if (events[i].data.ptr == &streams->logs) {
			streams->context.logs_round++;
			logwatch_read(&streams->logs, streams_wake_log, streams);
		} else
			streams_handle_event(streams, &events[i]);
	}
	return true;
}

static void *
streams_work(void *argument)
{
	struct streams *streams = argument;

	while (streams_wait(streams)) {
		streams_tick(streams);
		streams_pump_all(streams);
		streams_release_if_idle(streams);
		logwatch_resume(&streams->logs);
	}
	while (streams->all != NULL) {
		streams_remove_from_queue(streams, streams->all);
		stream_end_early(streams->all);
		streams_drop(streams, streams->all);
	}
	streams_release_if_idle(streams);
	return NULL;
}

/* Makes epoll report fd with this pointer. */
static bool
streams_listen(struct streams *streams, int fd, void *pointer)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = pointer };

	return epoll_ctl(streams->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

struct streams *
streams_start(struct server *server, struct error *err)
{
	struct streams *streams = calloc(1, sizeof *streams);

	if (streams == NULL) {
		error_set(err, ERROR_SYSTEM, "serve streams: not enough memory");
		return NULL;
	}
	streams->server = server;
	streams->context.server = server;
	streams->context.db = &streams->db;
	pthread_mutex_init(&streams->lock, NULL);
	logwatch_init(&streams->logs);
	streams->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	streams->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (streams->wake >= 0 && streams->epoll >= 0 &&
	    streams_listen(streams, streams->wake, streams) &&
	    streams_listen(streams, server->stop, &server->stop)) {
		errno = pthread_create(&streams->thread, NULL, streams_work, streams);
		if (errno == 0)
			return streams;
	}
	error_errno(err, "serve streams");
	free(streams);
	return NULL;
}

void
streams_stop(struct streams *streams)
{
	struct stream *stream, *next;

	pthread_join(streams->thread, NULL);
	for (stream = streams_take_arrived(streams); stream != NULL; stream = next) {
		next = stream->next;
		stream_end_early(stream);
		stream_free(stream, NULL);
	}
	(void)close(streams->epoll);
	(void)close(streams->wake);
	pthread_mutex_destroy(&streams->lock);
	free(streams);
}

void
streams_add(struct streams *streams, struct stream *stream, int fd, int request)
{
	stream->fd = fd;
	stream->request = request;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	pthread_mutex_lock(&streams->lock);
	stream->next = streams->arrived;
	streams->arrived = stream;
	pthread_mutex_unlock(&streams->lock);
	(void)eventfd_write(streams->wake, 1);
}
