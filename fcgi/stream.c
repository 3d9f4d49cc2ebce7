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

#include "parameter.h"
#include "route.h"

/* Leaves the stream for the handing over. The stream sends the head itself. */
static bool
stream_write_nothing(struct request *req, struct response *res, struct error *err)
{
	(void)err;
	req->stream = (struct stream *)res->context;
	res->sent = true;
	return true;
}

bool
stream_reserve(struct request *req, struct error *err)
{
	if (!req->server->streams_here)
		return error_set(err, ERROR_AWAY,
		    "this call needs the pool \"%s\", and the web server's configuration sends it to "
		    "another one; the operator must add its route (see nginx.conf.example)",
		    parameter_takes_files(req->route->parameters) ? "upload" : "follow");
	if (req->stream_counted)
		return true;
	req->stream_counted = waiters_enter(&req->server->streams_open, req->caller.account.id,
	    req->config->streams_max);
	if (req->stream_counted)
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have %lld streams of events at a time; close one first",
	    (long long)req->config->streams_max);
	err->retry_after_s = 1;
	return false;
}

struct stream *
stream_make(struct request *req, const struct stream_source *source, void *state, int64_t job,
    enum eventtext_format format, struct error *err)
{
	struct stream *stream = NULL;

	if (stream_reserve(req, err)) {
		stream = calloc(1, sizeof *stream);
		if (stream == NULL)
			error_set(err, ERROR_SYSTEM, "open a stream: not enough memory");
	}
	if (stream == NULL) {
		free(state);
		return NULL;
	}
	req->stream_counted = false; /* stream_free ends it */
	stream->source = source;
	stream->state = state;
	stream->server = req->server;
	stream->caller = req->caller;
	stream->opener = req->caller.account.id;
	stream->job = job;
	stream->format = format;
	stream->fd = -1;
	return stream;
}

/*
 * The head is the stream's first piece. libfcgi would pad its record, and nginx holds a head back
 * that padding follows, until the first byte of the body comes.
 */
bool
stream_answer(struct response *res, struct stream *stream, const char *type, struct error *err)
{
	const char *begin = eventtext_begin(stream->format);
	struct textbuffer buffer = { 0 };
	char head[RESPONSE_HEAD];
	size_t length;

	response_header(res, "X-Accel-Buffering: no"); /* nginx must not hold events back */
	length = response_format_head(head, res->status, type, res->security, res->headers);
	if (textbuffer_add(&buffer, head, length, err) &&
	    textbuffer_add(&buffer, begin, strlen(begin), err))
		stream->piece = piece_make(&buffer, err);
	textbuffer_clear(&buffer);
	if (stream->piece != NULL)
		return stream_answer_later(res, stream);
	stream_free(stream, NULL);
	return false;
}

bool
stream_answer_later(struct response *res, struct stream *stream)
{
	return response_stream(res, res->type, stream_write_nothing, stream);
}

bool
stream_open(struct request *req, struct response *res, const struct stream_source *source,
    void *state, int64_t job, bool of_everyone, struct error *err)
{
	enum eventtext_format format = eventtext_format_of(request_header(req, "HTTP_ACCEPT"));
	struct stream *stream;

	if (request_is_head(req)) {
		free(state);
		response_header(res, "X-Accel-Buffering: no");
		return response_empty(res, eventtext_type(format));
	}
	stream = stream_make(req, source, state, job, format, err);
	if (stream == NULL)
		return false;
	stream->of_everyone = of_everyone;
	return stream_answer(res, stream, eventtext_type(format), err);
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

void
stream_end_early(struct stream *stream)
{
	if (stream->format != EVENTTEXT_NONE)
		stream_end(stream);
}
