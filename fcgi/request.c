/*
 * Reading a call. Bodies are read once, in pieces; only texts, which are bounded, are held.
 */
#include "request.h"

#include <fcgiapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "body.h"
#include "cleanup.h"
#include "cookie.h"
#include "quantity.h"
#include "response.h"
#include "router.h"
#include "session.h"
#include "transaction.h"
#include "urlencoded.h"
#include "utf8.h"

#define COOKIE_NAME "session"
#define BEARER      "Bearer" /* RFC 6750, section 2.1 */

void
request_begin(struct request *req, struct server *server, struct FCGX_Request *fcgi)
{
	*req = (struct request){ .server = server, .config = server->config, .fcgi = fcgi };
	req->method = request_header(req, "REQUEST_METHOD");
	if (strcmp(req->method, "HEAD") == 0)
		req->method = "GET";
	req->account = account_nobody();
	upload_begin(&req->upload, &server->spool, req->config);
}

void
request_clear(struct request *req)
{
	request_release_database(req);
	upload_clear(&req->upload);
	values_clear(&req->values);
	free(req->path);
	free(req->decoded);
}

const char *
request_header(const struct request *req, const char *name)
{
	const char *value = FCGX_GetParam(name, req->fcgi->envp);

	return value != NULL ? value : "";
}

bool
request_split_path(struct request *req)
{
	const char *uri = request_header(req, "REQUEST_URI");
	size_t length = strcspn(uri, "?");
	char *rest, *segment;

	req->path = strndup(uri, length);
	req->decoded = strndup(uri, length);
	if (req->path == NULL || req->decoded == NULL || uri[0] != '/')
		return false;
	if (length > 1 && req->decoded[length - 1] == '/')
		req->decoded[length - 1] = '\0'; /* "/image/" is "/image" */
	rest = req->decoded + 1;
	while (rest != NULL && *req->decoded != '\0' && (rest[0] != '\0' || req->part_count > 0)) {
		size_t size;

		segment = strsep(&rest, "/");
		size = percent_decode(segment, strlen(segment), false);
		if (strlen(segment) != size || !utf8_valid(segment, size))
			return false;
		if (req->part_count == PATH_PARTS)
			req->deeper = true;
		else
			req->parts[req->part_count++] = segment;
	}
	return true;
}

char *
request_rest(const struct request *req, size_t first)
{
	const char *at = req->path + 1;
	char *rest;

	for (size_t part = 0; part < first; part++)
		at += strcspn(at, "/") + (at[strcspn(at, "/")] == '/');
	rest = strdup(at);
	if (rest != NULL)
		rest[percent_decode(rest, strlen(rest), false)] = '\0';
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

/* What is behind "Bearer" in the header, spaces before it included; NULL: another scheme, or none.
 */
static const char *
find_token(const struct request *req)
{
	const char *header = request_header(req, "HTTP_AUTHORIZATION");
	size_t length = strcspn(header, " ");

	return length == strlen(BEARER) && strncasecmp(header, BEARER, length) == 0
	    ? header + length
	    : NULL;
}

bool
request_has_token(const struct request *req)
{
	return find_token(req) != NULL;
}

static bool
unauthorized(struct request *req, const char *text, struct error *err)
{
	/* RFC 9110, section 11.6.1: a 401 names a scheme. */
	response_header(req, "WWW-Authenticate: Bearer realm=\"kabuto\"");
	return error_set(err, ERROR_UNAUTHORIZED, "%s", text);
}

static bool
authenticate_token(struct request *req, const char *token, struct error *err)
{
	struct database *db = request_database(req, err);

	token += strspn(token, " ");
	snprintf(req->session, sizeof req->session, "%s",
	    strlen(token) < sizeof req->session ? token : "");
	if (db == NULL || !token_find(db, req->session, &req->account, &req->token, err))
		return false;
	return req->token != 0 ||
	    unauthorized(req,
		"this API token is not valid, or has expired; make one by POST /account/token",
		err);
}

bool
request_authenticate(struct request *req, struct error *err)
{
	const char *token = find_token(req);
	struct database *db;

	if (token != NULL)
		return authenticate_token(req, token, err);
	cookie_find(request_header(req, "HTTP_COOKIE"), COOKIE_NAME, req->session,
	    sizeof req->session);
	if (req->session[0] == '\0')
		return unauthorized(req,
		    "not logged in: POST login and password to /login first, or send an API token",
		    err);
	db = request_database(req, err);
	if (db == NULL ||
	    !session_find(db, req->session, req->config->session_days, &req->account, err))
		return false;
	return req->account.id != 0 ||
	    unauthorized(req, "the session has ended: POST login and password to /login", err);
}

bool
request_add_value(void *context, const char *name, const char *text, size_t length,
    struct error *err)
{
	struct request *req = context;
	const struct parameter *p = parameter_find(req->route->parameters, name);

	return p == NULL || values_add(&req->values, p, text, length, err);
}

static bool
read_query(struct request *req, struct error *err)
{
	cleanup_free char *query = strdup(request_header(req, "QUERY_STRING"));

	if (query == NULL)
		return error_set(err, ERROR_SYSTEM, "read the query: not enough memory");
	return urlencoded_each(query, strlen(query), request_add_value, req, err);
}

/* Takes the key of a call that may be repeated, and begins what tells the call from others. */
static bool
begin_key(struct request *req, struct error *err)
{
	const char *key = request_header(req, "HTTP_IDEMPOTENCY_KEY");
	size_t length = strlen(key);

	if (length == 0 || strcmp(req->method, "POST") != 0 || req->account.id == 0)
		return true;
	if ((req->route->flags & SECRET) != 0)
		return error_set(err, ERROR_INPUT,
		    "Idempotency-Key: this call takes or answers a secret, so its answer is not kept; send it without the key");
	for (size_t i = 0; i < length; i++)
		if (key[i] < ' ' || key[i] > '~' || length > IDEMPOTENCY_KEY_MOST)
			return error_set(err, ERROR_INPUT,
			    "Idempotency-Key: 1 to %d printable ASCII characters",
			    IDEMPOTENCY_KEY_MOST);
	memcpy(req->key, key, length + 1);
	digest_begin(&req->digest);
	digest_add(&req->digest, "path", req->path, strlen(req->path));
	req->values.digest = &req->digest;
	return true;
}

bool
request_read_parameters(struct request *req, struct error *err)
{
	if (!begin_key(req, err) || !read_query(req, err) ||
	    (strcmp(req->method, "GET") != 0 && !body_read(req, err)) ||
	    !values_complete(&req->values, req->route->parameters, err))
		return false;
	if (req->key[0] != '\0')
		digest_end(&req->digest, req->digest_of_call);
	return true;
}

const char *
request_text(const struct request *req, const char *name)
{
	const struct value *value = values_find(&req->values, name);

	return value != NULL ? value->text : NULL;
}

int64_t
request_number(const struct request *req, const char *name, int64_t fallback)
{
	const struct value *value = values_find(&req->values, name);

	return value != NULL ? value->number : fallback;
}

double
request_decimal(const struct request *req, const char *name, double fallback)
{
	const struct value *value = values_find(&req->values, name);

	return value != NULL ? value->decimal : fallback;
}

bool
request_flag(const struct request *req, const char *name)
{
	return request_number(req, name, 0) != 0;
}
