/*
 * Opens a stream, and writes its records.
 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Sends what comes before the first event, and leaves the stream for the handing over. */
static bool
stream_write_begin(struct request *req, struct response *res, struct error *err)
{
	struct stream *stream = (struct stream *)res->context;
	const char *begin = eventtext_begin(stream->format);

	(void)err;
	req->stream = stream;
	response_write(res, begin, strlen(begin)); /* if the client is gone, the thread finds out */
	return true;
}

static bool
stream_enter(struct request *req, struct error *err)
{
	if (!req->server->follows)
		return error_set(err, ERROR_AWAY,
		    "this call needs the pool \"follow\", and the web server's configuration sends it to "
		    "another one; the operator must add its route (see nginx.conf.example)");
	if (waiters_enter(&req->server->streams_open, req->caller.account.id,
		req->config->streams_max))
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have %lld streams of events at a time; close one first",
	    (long long)req->config->streams_max);
	err->retry_after_s = 1;
	return false;
}

/* Makes the stream of a call that was counted. NULL: no memory. */
static struct stream *
stream_make(const struct request *req, const struct stream_source *source, void *state)
{
	struct stream *stream = calloc(1, sizeof *stream);

	if (stream == NULL)
		return NULL;
	stream->source = source;
	stream->state = state;
	stream->server = req->server;
	stream->caller = req->caller;
	stream->opener = req->caller.account.id;
	stream->format = eventtext_format_of(request_header(req, "HTTP_ACCEPT"));
	stream->fd = -1;
	return stream;
}

bool
stream_open(struct request *req, struct response *res, const struct stream_source *source,
    void *state, int64_t job, bool of_everyone, struct error *err)
{
	struct stream *stream;

	response_header(res, "X-Accel-Buffering: no"); /* nginx must not hold events back */
	if (request_is_head(req)) {
		free(state);
		return response_empty(res,
		    eventtext_type(eventtext_format_of(request_header(req, "HTTP_ACCEPT"))));
	}
	if (!stream_enter(req, err)) {
		free(state);
		return false;
	}
	stream = stream_make(req, source, state);
	if (stream == NULL) {
		free(state);
		waiters_leave(&req->server->streams_open, req->caller.account.id);
		return error_set(err, ERROR_SYSTEM, "open a stream: not enough memory");
	}
	stream->job = job;
	stream->of_everyone = of_everyone;
	return response_stream(res, eventtext_type(stream->format), stream_write_begin, stream);
}

void
stream_free(struct stream *stream, struct stream_context *context)
{
	stream->source->clear(stream, context);
	piece_drop(stream->piece);
	waiters_leave(&stream->server->streams_open, stream->opener);
	if (stream->fd >= 0)
		(void)close(stream->fd);
	free(stream);
}

/* Begins the next record of the piece. */
static void
stream_begin_record(struct stream *stream)
{
	stream->record_left = MIN(stream->piece->length - stream->sent, (size_t)FCGIRECORD_MOST);
	fcgirecord_body(stream->header, stream->request, stream->record_left);
	stream->header_left = FCGIRECORD_HEADER;
}

/* Counts bytes that were sent: first those of the header, then those of the content. */
static void
stream_count(struct stream *stream, size_t bytes)
{
	size_t of_header = MIN(bytes, stream->header_left);

	stream->header_left -= of_header;
	stream->record_left -= bytes - of_header;
	stream->sent += bytes - of_header;
}

enum stream_sending
stream_send(struct stream *stream)
{
	while (stream->sent < stream->piece->length) {
		struct iovec parts[2];
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
		ssize_t bytes;

		if (stream->record_left == 0)
			stream_begin_record(stream);
		parts[0] = (struct iovec){ stream->header + FCGIRECORD_HEADER - stream->header_left,
			stream->header_left };
		parts[1] =
		    (struct iovec){ stream->piece->text + stream->sent, stream->record_left };
		bytes = sendmsg(stream->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return errno == EAGAIN ? STREAM_BLOCKED : STREAM_BROKEN;
		stream_count(stream, (size_t)bytes);
	}
	piece_drop(stream->piece);
	stream->piece = NULL;
	stream->sent = 0;
	return STREAM_SENT;
}

void
stream_end(struct stream *stream)
{
	unsigned char records[FCGIRECORD_END];

	if (stream->piece != NULL)
		return;
	fcgirecord_end(records, stream->request);
	(void)send(stream->fd, records, sizeof records, MSG_DONTWAIT | MSG_NOSIGNAL);
}
