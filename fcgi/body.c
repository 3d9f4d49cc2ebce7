/*
 * Reads bodies. A body is read once, in pieces. Only texts are held in memory, and they have
 * limits; files go to the disk as they come.
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
#include "multipart.h"
#include "number.h"
#include "quantity.h"
#include "request.h"
#include "route.h"
#include "urlencoded.h"
#include "utf8.h"
#include "wait.h"

#define BODY_MOST                                                                                  \
	(3 * TEXTS_MOST + 65536) /* bytes of a body that is held whole: percent-encoded texts */
#define PIECE      32768         /* bytes that are read at a time */
#define DRAIN_MOST (4 * 1024 * 1024)
#define DRAIN_MS   250
#define PARTS_MOST 100000 /* parts of a multipart body */

/*
 * Adds a form's field. Browsers send empty fields too; they count as not given, unless a text may
 * be empty.
 */
static bool
body_add_field(void *context, const char *name, const char *text, size_t length, struct error *err)
{
	struct request *req = context;
	const struct parameter *p = parameter_find(req->route->parameters, name);
	bool left_empty = p != NULL && length == 0 && !p->required && p->type != PARAMETER_TEXT &&
	    p->type != PARAMETER_PATH;

	return left_empty || request_add_value(context, name, text, length, err);
}

/*
 * Returns the most bytes of a body. It is lower without a log-in, or if the route takes no files.
 */
static int64_t
body_limit(const struct request *req)
{
	int64_t limit = account_limit(&req->caller.account, LIMIT_REQUEST, req->config);

	if (req->caller.account.id == 0 || req->route->upload == NULL)
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

/* A body, or a text in it, that is held in memory. */
struct body {
	char *text;
	size_t length;
};

static bool
body_gather(void *context, const char *data, size_t length, struct error *err)
{
	struct body *body = context;
	char *text;

	if (body->length + length > BODY_MOST)
		return error_set(err, ERROR_TOO_LARGE,
		    "a body of this type may have %d bytes at most; send files as multipart/form-data",
		    BODY_MOST);
	text = realloc(body->text, body->length + length + 1);
	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "receive a body: not enough memory");
	memcpy(text + body->length, data, length);
	body->text = text;
	body->length += length;
	body->text[body->length] = '\0';
	return true;
}

static bool
body_read_urlencoded(struct request *req, struct error *err)
{
	struct body body = { 0 };
	bool done = body_each_piece(req, body_gather, &body, err) &&
	    (body.length == 0 || urlencoded_each(body.text, body.length, body_add_field, req, err));

	free(body.text);
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
		const struct parameter *p = parameter_find(req->route->parameters, name);

		if (p != NULL && !parameter_add_json(&req->values, p, value, err))
			return false;
	}
	return true;
}

static bool
body_read_json(struct request *req, struct error *err)
{
	cleanup_json json_t *object = NULL;
	struct body body = { 0 };
	json_error_t where;
	bool done = body_each_piece(req, body_gather, &body, err);

	if (done) {
		object = json_loadb(body.text != NULL ? body.text : "", body.length,
		    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
		/* jansson quotes the text at which it stopped, and may cut a character in two. */
		done = object != NULL
		    ? body_add_object(req, object, err)
		    : error_set(err, ERROR_INPUT, "the JSON body, line %d: %s", where.line,
			  utf8_valid(where.text, strlen(where.text)) ? where.text
								     : "invalid Unicode");
	}
	free(body.text);
	return done;
}

/* A multipart body that is being read, and its current part. */
struct form {
	struct request *req;
	const struct parameter *parameter; /* of the part; NULL: unknown, the part is skipped */
	const char *filename;              /* of the part, if it is a file */
	bool file;                         /* the part goes to the upload */
	struct body text;
	int64_t parts;
};

/*
 * Returns whether the user chose no file in a form's file field. A browser then sends a part with
 * an empty file name and no bytes.
 */
static bool
body_nothing_chosen(const struct form *form)
{
	return form->file && form->filename[0] == '\0';
}

static bool
body_part_begin(void *context, const struct multipart_part *part, struct error *err)
{
	struct form *form = context;
	const struct parameter *p = parameter_find(form->req->route->parameters, part->name);

	if (++form->parts > PARTS_MOST)
		return error_set(err, ERROR_TOO_LARGE, "a request may have %d parts at most",
		    PARTS_MOST);
	form->parameter = p;
	form->filename = part->filename;
	form->text.length = 0;
	form->file = p != NULL && p->type == PARAMETER_FILES && part->filename != NULL;
	if (form->file && form->req->values.digest != NULL)
		digest_add(&form->req->key.digest, p->name, part->filename, strlen(part->filename));
	if (p != NULL && p->type != PARAMETER_FILES && part->filename != NULL && !p->file)
		return error_set(err, ERROR_INPUT, "%s: must be a text, not a file", p->name);
	if (!form->file || body_nothing_chosen(form))
		return true;
	return (form->req->upload.folder >= 0 ||
		   upload_open(&form->req->upload, form->req->route->upload, err)) &&
	    upload_file_begin(&form->req->upload, part->filename, err);
}

static bool
body_part_data(void *context, const char *data, size_t length, struct error *err)
{
	struct form *form = context;

	if (form->parameter == NULL)
		return true;
	if (body_nothing_chosen(form))
		return error_set(err, ERROR_INPUT, "%s: a file was sent without a name",
		    form->parameter->name);
	if (form->file && form->req->values.digest != NULL)
		digest_bytes(&form->req->key.digest, data, length);
	if (form->file)
		return upload_file_data(&form->req->upload, data, length, err);
	if (form->text.length + length > TEXT_MOST)
		return error_set(err, ERROR_TOO_LARGE, "%s: a text may have %d bytes at most",
		    form->parameter->name, TEXT_MOST);
	return body_gather(&form->text, data, length, err);
}

static bool
body_part_end(void *context, struct error *err)
{
	struct form *form = context;

	if (form->parameter == NULL || body_nothing_chosen(form))
		return true;
	if (form->file)
		return upload_file_end(&form->req->upload, form->filename, err);
	return body_add_field(form->req, form->parameter->name,
	    form->text.text != NULL ? form->text.text : "", form->text.length, err);
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
	const struct multipart_sink sink = { body_part_begin, body_part_data, body_part_end,
		&form };
	struct multipart mp;
	bool done;

	if (!multipart_begin(&mp, content_type, &sink, err))
		return false;
	done = body_each_piece(req, body_feed, &mp, err) && multipart_end(&mp, err);
	multipart_clear(&mp);
	free(form.text.text);
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

static bool
body_read_as(struct request *req, const char *type, struct error *err)
{
	if (body_is_type(type, "application/x-www-form-urlencoded"))
		return body_read_urlencoded(req, err);
	if (body_is_type(type, "application/json"))
		return body_read_json(req, err);
	if (!body_is_type(type, "multipart/form-data"))
		return error_set(err, ERROR_MEDIA_TYPE,
		    "send parameters as application/x-www-form-urlencoded, multipart/form-data or application/json");
	/* The upload may take hours, so it must not keep a database connection. */
	request_release_database(req);
	return body_read_multipart(req, type, err);
}

bool
body_read_query(struct request *req, struct error *err)
{
	cleanup_free char *query = strdup(request_header(req, "QUERY_STRING"));

	if (query == NULL)
		return error_set(err, ERROR_SYSTEM, "read the query: not enough memory");
	return urlencoded_each(query, strlen(query), request_add_value, req, err);
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
	if (req->route->parameters == NULL) {
		body_drain(req); /* the route has no parameters: the body is ignored */
		return true;
	}
	/* The web server buffers the bodies of these routes: they come without delay. */
	if (req->route->upload == NULL)
		return body_read_as(req, type, err);
	if (!wait_enter_upload(req, err))
		return false;
	done = body_read_as(req, type, err);
	wait_leave(req);
	return done;
}
