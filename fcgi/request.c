/*
 * Reads a call's path, and gives access to its parameters and database connection.
 */
#include "request.h"

#include <fcgiapp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "number.h"
#include "route.h"
#include "transaction.h"
#include "urlencoded.h"
#include "utf8.h"

void
request_begin(struct request *req, struct server *server, struct FCGX_Request *fcgi)
{
	*req = (struct request){ .server = server, .config = server->config, .fcgi = fcgi };
	req->method = request_is_head(req) ? "GET" : request_header(req, "REQUEST_METHOD");
	req->caller.account = account_nobody();
	upload_begin(&req->upload, &server->spool, req->config);
}

void
request_clear(struct request *req)
{
	if (req->stream_counted)
		waiters_leave(&req->server->streams_open, req->caller.account.id);
	request_release_database(req);
	upload_clear(&req->upload);
	parameter_clear(&req->values);
	free(req->path.text);
	free(req->path.decoded);
}

const char *
request_header(const struct request *req, const char *name)
{
	const char *value = FCGX_GetParam(name, req->fcgi->envp);

	return value != NULL ? value : "";
}

bool
request_is_head(const struct request *req)
{
	return strcmp(request_header(req, "REQUEST_METHOD"), "HEAD") == 0;
}

static bool
request_unknown_path(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no such path");
}

bool
request_read_path(struct request *req, struct error *err)
{
	const char *uri = request_header(req, "REQUEST_URI");
	size_t length = strcspn(uri, "?");
	struct path *path = &req->path;
	char *rest, *segment;

	path->text = strndup(uri, length);
	path->decoded = strndup(uri, length);
	if (path->text == NULL || path->decoded == NULL)
		return error_set(err, ERROR_SYSTEM, "read the path: not enough memory");
	if (uri[0] != '/')
		return request_unknown_path(err);
	if (length > 1 && path->decoded[length - 1] == '/')
		path->decoded[length - 1] = '\0'; /* "/image/" is "/image" */
	rest = path->decoded + 1;
	while (rest != NULL && *path->decoded != '\0' && (rest[0] != '\0' || path->count > 0)) {
		size_t size;

		segment = strsep(&rest, "/");
		size = urlencoded_decode(segment, strlen(segment), false);
		if (strlen(segment) != size || !utf8_valid(segment, size))
			return request_unknown_path(err);
		if (path->count == REQUEST_PARTS)
			path->deeper = true;
		else
			path->parts[path->count++] = segment;
	}
	return true;
}

/* Returns the index of the route's segment with this name, from 0; -1: it has no such segment. */
static int
request_part(const struct request *req, const char *name)
{
	const char *segment = req->route->path + 1;
	int part = 0;

	for (; *segment != '\0'; part++) {
		size_t length = strcspn(segment, "/"), mark = strspn(segment, ":*");

		if (mark > 0 && length - mark == strlen(name) &&
		    strncmp(segment + mark, name, length - mark) == 0)
			return part;
		segment += length + (segment[length] == '/');
	}
	return -1;
}

const char *
request_word(const struct request *req, const char *name)
{
	int part = request_part(req, name);

	return part < 0 ? NULL : req->path.parts[part];
}

int64_t
request_id(const struct request *req, const char *name)
{
	const char *word = request_word(req, name);
	int64_t id;

	if (word == NULL)
		return 0;
	return number_parse_integer(word, &id) && id > 0 ? id : -1;
}

char *
request_rest(const struct request *req, const char *name)
{
	const char *at = req->path.text + 1;
	char *rest;

	for (int part = request_part(req, name); part > 0; part--)
		at += strcspn(at, "/") + (at[strcspn(at, "/")] == '/');
	rest = strdup(at);
	if (rest != NULL)
		rest[urlencoded_decode(rest, strlen(rest), false)] = '\0';
	return rest;
}

struct database *
request_database(struct request *req, struct error *err)
{
	if (req->db == NULL)
		req->db = pool_take(&req->server->pool, err);
	return req->db;
}

void
request_release_database(struct request *req)
{
	struct error ignored;

	if (req->db == NULL)
		return;
	(void)transaction_settle(req->db, false, &ignored);
	pool_give(&req->server->pool, req->db);
	req->db = NULL;
}

const char *
request_text(const struct request *req, const char *name)
{
	const struct value *value = parameter_value(&req->values, name);

	return value != NULL ? value->text : NULL;
}

int64_t
request_number(const struct request *req, const char *name, int64_t fallback)
{
	const struct value *value = parameter_value(&req->values, name);

	return value != NULL ? value->number : fallback;
}

double
request_decimal(const struct request *req, const char *name, double fallback)
{
	const struct value *value = parameter_value(&req->values, name);

	return value != NULL ? value->decimal : fallback;
}

bool
request_flag(const struct request *req, const char *name)
{
	return request_number(req, name, 0) != 0;
}

bool
request_pairs(const struct request *req, const char *name, char **to, struct error *err)
{
	cleanup_json json_t *array = json_array();
	bool given = false, done = array != NULL;
	char *text = NULL;

	for (size_t i = 0; i < req->values.count; i++) {
		const struct value *value = &req->values.items[i];

		if (strcmp(value->parameter->name, name) != 0)
			continue;
		given = true;
		done = done &&
		    (strcmp(value->text, NO_PAIRS) == 0 ||
			json_array_append_new(array, json_string(value->text)) == 0);
	}
	if (!given)
		return true;
	if (done && json_array_size(array) > 0)
		text = json_dumps(array, JSON_COMPACT);
	if (!done || (text == NULL && json_array_size(array) > 0))
		return error_set(err, ERROR_SYSTEM, "read %s: not enough memory", name);
	free(*to);
	*to = text;
	return true;
}
