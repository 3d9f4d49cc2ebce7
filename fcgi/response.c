/*
 * Answers through FastCGI's output stream.
 */
#include "response.h"

#include <errno.h>
#include <fcgiapp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "body.h"
#include "cleanup.h"
#include "message.h"
#include "quantity.h"
#include "router.h"
#include "utf8.h"

#define JSON_FORM (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))

/*
 * Nothing that is answered is a page: it loads nothing, nobody frames it, and no other site's page
 * reads it, whatever a browser takes it for.
 */
#define SECURITY_HEADERS                                                                           \
	"X-Content-Type-Options: nosniff\r\n"                                                      \
	"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n"         \
	"X-Frame-Options: DENY\r\n"                                                                \
	"Referrer-Policy: no-referrer\r\n"                                                         \
	"Cross-Origin-Resource-Policy: same-origin\r\n"                                            \
	"Cache-Control: no-store\r\n"

static const struct {
	int status;
	const char *reason;
} statuses[] = {
	[ERROR_NONE] = { 500, "Internal Server Error" },
	[ERROR_INPUT] = { 400, "Bad Request" },
	[ERROR_UNAUTHORIZED] = { 401, "Unauthorized" },
	[ERROR_FORBIDDEN] = { 403, "Forbidden" },
	[ERROR_NOT_FOUND] = { 404, "Not Found" },
	[ERROR_GONE] = { 410, "Gone" },
	[ERROR_METHOD] = { 405, "Method Not Allowed" },
	[ERROR_CONFLICT] = { 409, "Conflict" },
	[ERROR_RANGE] = { 416, "Range Not Satisfiable" },
	[ERROR_TOO_LARGE] = { 413, "Content Too Large" },
	[ERROR_MEDIA_TYPE] = { 415, "Unsupported Media Type" },
	[ERROR_IMPOSSIBLE] = { 422, "Unprocessable Content" },
	[ERROR_TOO_MANY] = { 429, "Too Many Requests" },
	[ERROR_SYSTEM] = { 500, "Internal Server Error" },
	[ERROR_BUSY] = { 503, "Service Unavailable" },
	[ERROR_NO_SPACE] = { 507, "Insufficient Storage" },
	[ERROR_AWAY] = { 503, "Service Unavailable" },
	[ERROR_REGISTRY] = { 503, "Service Unavailable" },
	[ERROR_INTERRUPTED] = { 503, "Service Unavailable" },
};
_Static_assert(sizeof statuses / sizeof statuses[0] == ERROR_KINDS, "each has a status");

static const char *
reason_of(int status)
{
	if (status == 206)
		return "Partial Content";
	if (status == 304)
		return "Not Modified";
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (statuses[i].status == status)
			return statuses[i].reason;
	return "OK";
}

void
response_header(struct request *req, const char *format, ...)
{
	size_t used = strlen(req->headers);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(req->headers + used, sizeof req->headers - used, format, arguments);
	va_end(arguments);
	if (length < 0 || used + (size_t)length + 3 > sizeof req->headers) {
		req->headers[used] = '\0'; /* no half header */
		return;
	}
	memcpy(req->headers + used + length, "\r\n", 3);
}

void
response_begin(struct request *req, int status, const char *content_type)
{
	FCGX_FPrintF(req->fcgi->out, "Status: %d %s\r\nContent-Type: %s\r\n" SECURITY_HEADERS,
	    status, reason_of(status), content_type);
	FCGX_PutS(req->headers, req->fcgi->out);
	FCGX_PutS("\r\n", req->fcgi->out);
	req->answered = true;
}

bool
response_write(struct request *req, const char *data, size_t length)
{
	while (length > 0) {
		int piece = (int)MIN(length, (size_t)1 << 20);

		if (FCGX_PutStr(data, piece, req->fcgi->out) < 0)
			return false;
		data += piece;
		length -= (size_t)piece;
	}
	return true;
}

void
response_lines(struct request *req, int fd, const char *before)
{
	cleanup_file FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	cleanup_free char *line = NULL;
	size_t room = 0;
	ssize_t length;
	bool first = true;

	response_write(req, "[", 1);
	while (file != NULL && (length = getline(&line, &room, file)) > 1 &&
	    line[length - 1] == '\n') {
		size_t skip = before != NULL ? strcspn(line, before) + 1 : 0;

		if (!first)
			response_write(req, ",", 1);
		first = false;
		if (skip < (size_t)length &&
		    !response_write(req, line + skip, (size_t)length - skip - 1))
			break;
	}
	/* Without its end, nobody takes for whole what could not be read on. */
	if (file != NULL && ferror(file))
		log_write(LOG_ERROR, "path=%s read a file of lines: %s", req->route->path,
		    strerror(errno));
	else
		response_write(req, "]", 1);
	if (file == NULL && fd >= 0)
		(void)close(fd);
}

static int
put(const char *data, size_t length, void *req)
{
	return response_write(req, data, length) ? 0 : -1;
}

bool
response_value(struct request *req, const json_t *value)
{
	return json_dump_callback(value, put, req, JSON_FORM) == 0;
}

/* With its length, so that a client sees where it was cut off: by a handler that died, say. */
static void
send_json(struct request *req, int status, const char *text)
{
	response_header(req, "Content-Length: %zu", strlen(text) + 1);
	response_begin(req, status, JSON_TYPE);
	response_write(req, text, strlen(text));
	response_write(req, "\n", 1);
}

/* What a call was to change could not be committed, or has been by one that came first. */
static bool
answer_unsettled(struct request *req, struct error *err)
{
	struct error why;
	bool replayed = false;

	if (err->kind == ERROR_CONFLICT && response_replay(req, &replayed, &why) && replayed)
		return true;
	response_failed(req, err);
	return true;
}

bool
response_json(struct request *req, int status, json_t *body)
{
	static const char none[] = "{\"error\":\"not enough memory\"}";
	cleanup_free char *made = body == NULL ? NULL : json_dumps(body, JSON_FORM);
	struct error err;

	json_decref(body);
	if (made == NULL) {
		log_write(LOG_ERROR, "path=%s the answer could not be made: not enough memory",
		    req->route != NULL ? req->route->path : "?");
		status = 500;
	}
	if (!request_settle(req, status, made != NULL ? made : none, &err))
		return answer_unsettled(req, &err);
	send_json(req, status, made != NULL ? made : none);
	return true;
}

bool
response_replay(struct request *req, bool *replayed, struct error *err)
{
	const struct idempotency call = request_idempotency(req);
	struct database *db = request_database(req, err);
	cleanup_free char *answer = NULL;
	int status = 0;

	*replayed = false;
	if (db == NULL || !idempotency_find(db, &call, &status, &answer, err))
		return false;
	if (answer == NULL)
		return true;
	*replayed = true;
	response_header(req, "Idempotency-Replayed: true");
	send_json(req, status, answer);
	return true;
}

bool
response_pack(struct request *req, int status, const char *format, ...)
{
	va_list arguments;
	json_t *body;

	va_start(arguments, format);
	body = json_vpack_ex(NULL, 0, format, arguments);
	va_end(arguments);
	return response_json(req, status, body);
}

/* What only the operator can mend is in the log; the client learns whom to ask. */
static const char *
public_text(const struct error *err)
{
	return err->kind == ERROR_SYSTEM
	    ? "something failed here; the operator finds the reason in the log"
	    : err->text;
}

static void
answer_error(struct request *req, const struct error *err)
{
	size_t length;
	cleanup_free char *text = utf8_repair(public_text(err), strlen(public_text(err)), &length);
	json_t *body = json_pack("{s:s}", "error", text != NULL ? text : "not enough memory");

	if (err->retry_after_s > 0 || err->kind == ERROR_BUSY || err->kind == ERROR_AWAY)
		response_header(req, "Retry-After: %d",
		    err->retry_after_s > 0 ? err->retry_after_s : 1);
	if (req->route != NULL && (req->route->flags & SAYS_STATUS) != 0)
		json_object_set_new(body, "status", json_string("fail"));
	response_json(req, statuses[err->kind].status, body);
}

void
response_failed(struct request *req, const struct error *err)
{
	if (err->kind == ERROR_SYSTEM || err->kind == ERROR_NO_SPACE)
		log_write(LOG_ERROR, "method=%s path=%s account=%lld %s", req->method,
		    req->route != NULL ? req->route->path : "?",
		    /* not req->path: tokens stand in it */ (long long)req->account.id, err->text);
	if (req->answered)
		return;
	request_release_database(req);
	body_drain(req);
	answer_error(req, err);
}

bool
response_file(struct request *req, const char *folder, const char *name, const char *content_type,
    const char *save_as)
{
	/* lighttpd wants a path, nginx a location that only it can ask for (etc/ has both). */
	if (strncmp(request_header(req, "SERVER_SOFTWARE"), "lighttpd", 8) == 0)
		response_header(req, "X-Sendfile: %s/%s/%s", req->config->state_dir, folder, name);
	else
		response_header(req, "X-Accel-Redirect: /_kabuto/%s/%s", folder, name);
	if (save_as != NULL)
		response_header(req, "Content-Disposition: attachment; filename=\"%s\"", save_as);
	response_begin(req, 200, content_type);
	return true;
}

json_t *
response_time(int64_t time_ms)
{
	char text[QUANTITY_TEXT];

	return time_ms == 0 ? json_null() : json_string(time_format(time_ms, text));
}
