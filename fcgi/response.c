/*
 * Sends responses through FastCGI's output stream.
 */
#include "response.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "quantity.h"
#include "route.h"
#include "utf8.h"

#define JSON_FORM (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))

/*
 * A response is no web page, unless its handler says so. These headers tell a browser that it must
 * not load anything for it, show it in a frame, guess its type, or let another site's page read it.
 */
static const char response_security[] =
    "X-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cache-Control: no-store\r\n";

static const struct {
	int status;
	const char *reason;
} response_statuses[] = {
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
	[ERROR_ENGINE] = { 503, "Service Unavailable" },
	[ERROR_REGISTRY] = { 503, "Service Unavailable" },
	[ERROR_INTERRUPTED] = { 503, "Service Unavailable" },
};
_Static_assert(sizeof response_statuses / sizeof response_statuses[0] == ERROR_KINDS,
    "each kind has a status");

static const char *
response_reason(int status)
{
	if (status == 201)
		return "Created";
	if (status == 204)
		return "No Content";
	if (status == 206)
		return "Partial Content";
	if (status == 302)
		return "Found";
	if (status == 304)
		return "Not Modified";
	for (size_t i = 0; i < sizeof response_statuses / sizeof response_statuses[0]; i++)
		if (response_statuses[i].status == status)
			return response_statuses[i].reason;
	return "OK";
}

void
response_begin(struct response *res, struct request *req)
{
	*res = (struct response){
		.req = req, .status = 200, .type = JSON_TYPE, .security = response_security
	};
}

void
response_clear(struct response *res)
{
	free(res->text);
	res->text = NULL;
}

void
response_header(struct response *res, const char *format, ...)
{
	size_t used = strlen(res->headers);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(res->headers + used, sizeof res->headers - used, format, arguments);
	va_end(arguments);
	if (length < 0 || used + (size_t)length + 3 > sizeof res->headers) {
		res->headers[used] = '\0'; /* drop a header that does not fit */
		return;
	}
	memcpy(res->headers + used + length, "\r\n", 3);
}

void
response_drop_headers(struct response *res)
{
	res->headers[0] = '\0';
}

bool
response_text(struct response *res, int status, const char *text, struct error *err)
{
	free(res->text);
	res->text = strdup(text);
	res->status = status;
	return res->text != NULL || error_set(err, ERROR_SYSTEM, "answer: not enough memory");
}

bool
response_json(struct response *res, int status, json_t *body, struct error *err)
{
	char *text = body == NULL ? NULL : json_dumps(body, JSON_FORM);

	json_decref(body);
	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "answer: not enough memory");
	free(res->text);
	res->text = text;
	res->status = status;
	return true;
}

bool
response_pack(struct response *res, struct error *err, int status, const char *format, ...)
{
	va_list arguments;
	json_t *body;

	va_start(arguments, format);
	body = json_vpack_ex(NULL, 0, format, arguments);
	va_end(arguments);
	return response_json(res, status, body, err);
}

bool
response_empty(struct response *res, const char *type)
{
	res->type = type;
	return true;
}

bool
response_redirect(struct response *res, const char *to)
{
	response_header(res, "Location: %s", to);
	res->status = 302;
	return response_empty(res, res->type);
}

bool
response_stream(struct response *res, const char *type, response_writer *write, const void *context)
{
	free(res->text);
	res->text = NULL;
	res->type = type;
	res->write = write;
	res->context = context;
	return true;
}

void
response_format_file(char line[static RESPONSE_FILE], const char *software,
    const struct config *config, const char *folder, const char *name)
{
	/* lighttpd needs a path, nginx an internal location (examples of both are in etc/). */
	if (strncmp(software, "lighttpd", 8) == 0)
		snprintf(line, RESPONSE_FILE, "X-Sendfile: %s/%s/%s", config->state_dir, folder,
		    name);
	else
		snprintf(line, RESPONSE_FILE, "X-Accel-Redirect: /_kabuto/%s/%s", folder, name);
}

bool
response_file(struct response *res, const char *folder, const char *name, const char *type,
    const char *save_as)
{
	char line[RESPONSE_FILE];

	response_format_file(line, request_header(res->req, "SERVER_SOFTWARE"), res->req->config,
	    folder, name);
	response_header(res, "%s", line);
	if (save_as != NULL)
		response_header(res, "Content-Disposition: attachment; filename=\"%s\"", save_as);
	res->type = type;
	return true;
}

/* Returns the text for the client. Only the log has the details of ERROR_SYSTEM. */
static const char *
response_public_text(const struct error *err)
{
	return err->kind == ERROR_SYSTEM
	    ? "an internal error occurred; ask the operator to look up the reason in the log"
	    : err->text;
}

/* Returns the body of an error. The caller frees it. NULL: no memory. */
static char *
response_error_text(const struct request *req, const struct error *err)
{
	const char *said = response_public_text(err);
	size_t length;
	cleanup_free char *text = utf8_repair(said, strlen(said), &length);
	cleanup_json json_t *body =
	    json_pack("{s:s}", "error", text != NULL ? text : "not enough memory");

	if (req->route != NULL && (req->route->flags & SAYS_STATUS) != 0)
		json_object_set_new(body, "status", json_string("fail"));
	return body == NULL ? NULL : json_dumps(body, JSON_FORM);
}

void
response_log_error(const struct response *res, const struct error *err)
{
	const struct request *req = res->req;

	/* Logs the route and not the path, because the path may contain tokens. */
	if (err->kind == ERROR_SYSTEM || err->kind == ERROR_NO_SPACE)
		log_write(LOG_ERROR, "method=%s path=%s account=%lld %s", req->method,
		    req->route != NULL ? req->route->path : "?", (long long)req->caller.account.id,
		    err->text);
}

void
response_error(struct response *res, const struct error *err)
{
	const struct request *req = res->req;

	response_log_error(res, err);
	if (err->retry_after_s > 0 || err->kind == ERROR_BUSY || err->kind == ERROR_AWAY)
		response_header(res, "Retry-After: %d",
		    err->retry_after_s > 0 ? err->retry_after_s : 1);
	free(res->text);
	res->text = response_error_text(req, err);
	res->write = NULL;
	res->type = JSON_TYPE;
	res->security = response_security;
	res->status = res->text != NULL ? response_statuses[err->kind].status : 500;
	if (res->text == NULL)
		res->text = strdup("{\"error\":\"not enough memory\"}");
}

size_t
response_format_head(char head[static RESPONSE_HEAD], int status, const char *type,
    const char *security, const char *headers)
{
	int length = snprintf(head, RESPONSE_HEAD,
	    "Status: %d %s\r\nContent-Type: %.128s\r\n%s%s\r\n", status, response_reason(status),
	    type, security != NULL ? security : response_security, headers);

	assert(length > 0 && length < RESPONSE_HEAD);
	return (size_t)length;
}

static void
response_send_head(struct response *res)
{
	char head[RESPONSE_HEAD];
	size_t length;

	if (res->sent)
		return;
	res->sent = true;
	length = response_format_head(head, res->status, res->type, res->security, res->headers);
	FCGX_PutStr(head, (int)length, res->req->fcgi->out);
}

bool
response_send(struct response *res, struct error *err)
{
	if (res->write != NULL && !res->write(res->req, res, err))
		return false;
	if (res->text != NULL) {
		/*
		 * With the length a client sees whether the body was cut off, if this process died.
		 */
		response_header(res, "Content-Length: %zu", strlen(res->text) + 1);
		response_write(res, res->text, strlen(res->text));
		response_write(res, "\n", 1);
	}
	response_send_head(res);
	return true;
}

bool
response_write(struct response *res, const char *data, size_t length)
{
	response_send_head(res);
	while (length > 0) {
		int piece = (int)MIN(length, (size_t)1 << 20);

		if (FCGX_PutStr(data, piece, res->req->fcgi->out) < 0)
			return false;
		data += piece;
		length -= (size_t)piece;
	}
	return true;
}

char *
response_dump(const json_t *value)
{
	return json_dumps(value, JSON_FORM);
}

static int
response_put(const char *data, size_t length, void *res)
{
	return response_write(res, data, length) ? 0 : -1;
}

bool
response_value(struct response *res, const json_t *value)
{
	return json_dump_callback(value, response_put, res, JSON_FORM) == 0;
}

void
response_lines(struct response *res, int fd, int64_t after, const char *before)
{
	cleanup_file FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	cleanup_free char *line = NULL;
	size_t room = 0;
	ssize_t length;
	bool first = true;

	response_write(res, "[", 1);
	while (file != NULL && (length = getline(&line, &room, file)) > 1 &&
	    line[length - 1] == '\n') {
		size_t skip = before != NULL ? strcspn(line, before) + 1 : 0;

		if (after-- > 0)
			continue;
		if (!first)
			response_write(res, ",", 1);
		first = false;
		if (skip < (size_t)length &&
		    !response_write(res, line + skip, (size_t)length - skip - 1))
			break;
	}
	/* After a failed read the array stays open, so that no client takes it for complete. */
	if (file != NULL && ferror(file))
		log_write(LOG_ERROR, "path=%s read a file of lines: %s", res->req->route->path,
		    strerror(errno));
	else
		response_write(res, "]", 1);
	if (file == NULL && fd >= 0)
		(void)close(fd);
}

json_t *
response_time(int64_t time_ms)
{
	char text[QUANTITY_TEXT];

	return time_ms == 0 ? json_null() : json_string(quantity_format_time(time_ms, text));
}
