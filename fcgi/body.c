/*
 * Reads bodies. A body is read once, in pieces. Forms and JSON are held in memory, within a limit;
 * the parts of multipart/form-data are handled as they come (form.h).
 */
#include "body.h"

#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "cleanup.h"
#include "clock.h"
#include "fieldname.h"
#include "form.h"
#include "multipart.h"
#include "number.h"
#include "quantity.h"
#include "request.h"
#include "route.h"
#include "textbuffer.h"
#include "urlencoded.h"
#include "utf8.h"
#include "wait.h"

#define BODY_MOST                                                                                  \
	(3 * TEXTS_MOST + 65536) /* bytes of a body that is held whole: percent-encoded texts */
#define PIECE      32768         /* bytes that are read at a time */
#define DRAIN_MOST (4 * 1024 * 1024)
#define DRAIN_MS   250

/*
 * Returns the most bytes of a body. It is lower without a log-in, or if the route takes no files.
 */
static int64_t
body_limit(const struct request *req)
{
	int64_t limit = account_limit(&req->caller.account, LIMIT_REQUEST, req->config);

	if (req->caller.account.id == 0 || !parameter_takes_files(req->route->parameters))
		limit = limit < BODY_MOST ? limit : BODY_MOST;
	return limit;
}

static bool
body_over_limit(const struct request *req, struct error *err)
{
	char limit[QUANTITY_TEXT];

	return error_set(err, ERROR_TOO_LARGE, "the request is too large; the limit is %s",
	    quantity_format_bytes(body_limit(req), limit));
}

/* Calls take for each piece of the body as it comes. */
static bool
body_each_piece(struct request *req, bool (*take)(void *, const char *, size_t, struct error *),
    void *context, struct error *err)
{
	cleanup_free char *piece = malloc(PIECE);
	int64_t total = 0, announced = 0;
	int length;

	if (piece == NULL)
		return error_set(err, ERROR_SYSTEM, "receive a body: not enough memory");
	while ((length = FCGX_GetStr(piece, PIECE, req->fcgi->in)) > 0) {
		total += length;
		if (total > body_limit(req))
			return body_over_limit(req, err);
		if (!take(context, piece, (size_t)length, err))
			return false;
	}
	/*
	 * Without a Content-Length (chunked), only the body's format shows whether it is complete.
	 */
	if (number_parse_integer(request_header(req, "CONTENT_LENGTH"), &announced) &&
	    total < announced)
		return error_set(err, ERROR_INPUT,
		    "the body ended after %lld of %lld bytes; send it again", (long long)total,
		    (long long)announced);
	return true;
}

static bool
body_gather(void *context, const char *data, size_t length, struct error *err)
{
	struct textbuffer *body = context;

	if (body->length + length > BODY_MOST)
		return error_set(err, ERROR_TOO_LARGE,
		    "a body of this type may have %d bytes at most; send files as multipart/form-data",
		    BODY_MOST);
	return textbuffer_add(body, data, length, err);
}

/*
 * Checks that a body is a form. "curl -d" and many libraries say so of any body, and no name of a
 * parameter begins with a bracket or with "--".
 */
static bool
body_check_urlencoded(const char *text, struct error *err)
{
	text += strspn(text, " \t\r\n");
	if (*text == '{' || *text == '[')
		return error_set(err, ERROR_INPUT,
		    "the body looks like JSON, but its Content-Type says that it is a form; send the header "
		    "Content-Type: application/json (curl: -H 'Content-Type: application/json')");
	if (strncmp(text, "--", 2) == 0 && strcasestr(text, "Content-Disposition:") != NULL)
		return error_set(err, ERROR_INPUT,
		    "the body looks like multipart/form-data, but its Content-Type says that it is a form; "
		    "do not set this header yourself, let the client set it");
	return true;
}

static bool
body_read_urlencoded(struct request *req, struct error *err)
{
	struct textbuffer body = { 0 };
	bool done = body_each_piece(req, body_gather, &body, err);

	if (done && body.length > 0) {
		size_t mark = utf8_mark(body.text, body.length);

		done = body_check_urlencoded(body.text + mark, err) &&
		    urlencoded_each(body.text + mark, body.length - mark, form_add_field, req, err);
	}
	textbuffer_clear(&body);
	return done;
}

static bool
body_add_object(struct request *req, json_t *object, struct error *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return error_set(err, ERROR_INPUT, "the JSON body must be an object of parameters");
	json_object_foreach (object, name, value) {
		const struct fieldname field = fieldname_find(req->route->parameters, name);

		if (field.parameter == NULL ? !form_check_unknown(req, name, err)
					    : !fieldname_add_json(&req->values, &field, value, err))
			return false;
	}
	return true;
}

/* Sets the error for a text that is no JSON of parameters. where: jansson's. */
static bool
body_broken_json(const char *text, size_t length, const json_error_t *where, struct error *err)
{
	if (!utf8_valid(text, length))
		return error_set(err, ERROR_INPUT,
		    "the JSON body, line %d: it is not valid UTF-8; send it in UTF-8", where->line);
	if (text[strspn(text, " \t\r\n")] == '"')
		return error_set(err, ERROR_INPUT,
		    "the JSON body is a text, and must be an object of parameters; was it encoded twice?");
	/* jansson quotes the text at which it stopped, and may cut a character in two. */
	return error_set(err, ERROR_INPUT, "the JSON body, line %d: %s", where->line,
	    utf8_valid(where->text, strlen(where->text)) ? where->text : "invalid Unicode");
}

static bool
body_read_json(struct request *req, struct error *err)
{
	cleanup_json json_t *object = NULL;
	struct textbuffer body = { 0 };
	json_error_t where;
	bool done = body_each_piece(req, body_gather, &body, err);

	if (done) {
		const char *text = body.text != NULL ? body.text : "";
		size_t mark = utf8_mark(text, body.length);

		object = json_loadb(text + mark, body.length - mark,
		    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
		done = object != NULL
		    ? body_add_object(req, object, err)
		    : body_broken_json(text + mark, body.length - mark, &where, err);
	}
	textbuffer_clear(&body);
	return done;
}

static bool
body_feed(void *context, const char *data, size_t length, struct error *err)
{
	return multipart_feed(context, data, length, err);
}

static bool
body_read_multipart(struct request *req, const char *content_type, struct error *err)
{
	struct form form = { .req = req };
	const struct multipart_sink sink = form_sink(&form);
	struct multipart mp;
	bool done;

	if (!multipart_begin(&mp, content_type, &sink, err))
		return false;
	done = body_each_piece(req, body_feed, &mp, err) && multipart_end(&mp, err);
	multipart_clear(&mp);
	form_clear(&form);
	return done;
}

static bool
body_is_type(const char *content_type, const char *type)
{
	size_t length = strlen(type);

	return strncasecmp(content_type, type, length) == 0 &&
	    (content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL);
}

/* Sets how long a read from the web server's connection may wait; 0: no limit. */
static void
body_set_patience(const struct request *req, int64_t ms)
{
	const struct timeval time = { .tv_sec = ms / MS_PER_S,
		.tv_usec = ms % MS_PER_S * (NS_PER_MS / 1000) };

	(void)setsockopt(req->fcgi->ipcFd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

/*
 * Reads byte by byte, because libfcgi waits until a requested piece is complete, and a slow client
 * must not keep the thread. If a limit is reached first, libfcgi closes the connection.
 */
void
body_drain(struct request *req)
{
	int64_t until = clock_monotonic_ms() + DRAIN_MS;
	int left = DRAIN_MOST;

	body_set_patience(req, DRAIN_MS);
	while (left-- > 0 && clock_monotonic_ms() < until && FCGX_GetChar(req->fcgi->in) >= 0)
		continue;
	body_set_patience(req, 0);
}

/* Returns whether the type is JSON, also one like "application/vnd.api+json" (RFC 6839). */
static bool
body_is_json(const char *type)
{
	size_t length = strcspn(type, "; \t");

	return body_is_type(type, "application/json") || body_is_type(type, "text/json") ||
	    (strncasecmp(type, "application/", strlen("application/")) == 0 && length > 5 &&
		strncasecmp(type + length - 5, "+json", 5) == 0);
}

/* Compressed bodies are not accepted. */
static bool
body_check_encoding(const struct request *req, struct error *err)
{
	const char *encoding = request_header(req, "HTTP_CONTENT_ENCODING");

	return encoding[0] == '\0' || strcasecmp(encoding, "identity") == 0 ||
	    error_set(err, ERROR_MEDIA_TYPE,
		"a body with the Content-Encoding '%.32s' is not accepted; send it uncompressed, without "
		"this header",
		encoding);
}

static bool
body_read_as(struct request *req, const char *type, struct error *err)
{
	if (!body_check_encoding(req, err))
		return false;
	if (body_is_type(type, "application/x-www-form-urlencoded"))
		return body_read_urlencoded(req, err);
	if (body_is_json(type))
		return body_read_json(req, err);
	if (!body_is_type(type, "multipart/form-data"))
		return error_set(err, ERROR_MEDIA_TYPE,
		    "the body has %s%.64s%s; send parameters as application/x-www-form-urlencoded, "
		    "multipart/form-data or application/json, and say which in the header Content-Type "
		    "(curl: -H 'Content-Type: application/json')",
		    type[0] != '\0' ? "the Content-Type '" : "no Content-Type", type,
		    type[0] != '\0' ? "'" : "");
	/* The upload may take hours, so it must not keep a database connection. */
	request_release_database(req);
	return body_read_multipart(req, type, err);
}

/* Adds a value of the query. Ignores names that the route does not know. */
static bool
body_add_query_value(void *context, const char *name, const char *text, size_t length,
    struct error *err)
{
	struct request *req = context;
	const struct fieldname field = fieldname_find(req->route->parameters, name);

	return field.parameter == NULL || fieldname_add(&req->values, &field, text, length, err);
}

bool
body_read_query(struct request *req, struct error *err)
{
	cleanup_free char *query = strdup(request_header(req, "QUERY_STRING"));

	if (query == NULL)
		return error_set(err, ERROR_SYSTEM, "read the query: not enough memory");
	return urlencoded_each(query, strlen(query), body_add_query_value, req, err);
}

bool
body_read(struct request *req, struct error *err)
{
	const char *type = request_header(req, "CONTENT_TYPE");
	const char *length_text = request_header(req, "CONTENT_LENGTH");
	int64_t length = 0;
	bool done;

	if (number_parse_integer(length_text, &length) && length > body_limit(req))
		return body_over_limit(req, err);
	upload_limit(&req->upload, &req->caller.account);
	if (length == 0 && (length_text[0] != '\0' || type[0] == '\0'))
		return true;
	if (req->route->parameters == NULL && (req->route->flags & STRICT) == 0 &&
	    !body_is_type(type, "multipart/form-data")) {
		body_drain(req); /* the route has no parameters, and this body has no files */
		return true;
	}
	/* The web server buffers the bodies of these routes: they come without delay. */
	if (!parameter_takes_files(req->route->parameters))
		return body_read_as(req, type, err);
	if (!wait_enter_upload(req, err))
		return false;
	done = body_read_as(req, type, err);
	wait_leave(req);
	return done;
}
