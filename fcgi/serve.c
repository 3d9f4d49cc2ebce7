/*
 * A call goes one way: route, origin, who calls, parameters, replay of a key, handler, commit,
 * send. The first step that fails ends it, and its error is the response.
 */
#include "serve.h"

#include <string.h>
#include <strings.h>

#include "authenticate.h"
#include "body.h"
#include "commit.h"
#include "response.h"
#include "route.h"
#include "routes.h"

/*
 * Another site's page must not make a browser change anything here with our cookie (design, section
 * 9). Clients that are no browsers send neither header.
 */
static bool
serve_check_origin(const struct request *req, struct error *err)
{
	const char *site = request_header(req, "HTTP_SEC_FETCH_SITE");
	const char *origin = request_header(req, "HTTP_ORIGIN");
	const char *host = strstr(origin, "://");

	if (strcmp(req->method, "GET") == 0 && (req->route->flags & CHANGES) == 0)
		return true;
	if (authenticate_has_token(req))
		return true; /* another site's page has no token, and a browser sends none by itself
			      */
	if (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0 ||
	    (origin[0] != '\0' &&
		(host == NULL || strcasecmp(host + 3, request_header(req, "HTTP_HOST")) != 0)))
		return error_set(err, ERROR_FORBIDDEN,
		    "this call came from another site's page; use Kabuto's own");
	return true;
}

static bool
serve_find_caller(struct request *req, struct response *res, struct error *err)
{
	return (req->route->flags & NEEDS_SESSION) == 0 || authenticate_caller(req, res, err);
}

static bool
serve_read_parameters(struct request *req, struct error *err)
{
	if (!commit_begin_key(req, err) || !body_read_query(req, err) ||
	    (strcmp(req->method, "GET") != 0 && !body_read(req, err)) ||
	    !parameter_check_complete(&req->values, req->route->parameters, err))
		return false;
	commit_end_key(req);
	return true;
}

/* If another call with the same key was faster, its response is this one's, too. */
static bool
serve_commit(struct request *req, struct response *res, struct error *err)
{
	struct error replay;
	bool replayed = false;

	return commit_call(req, res, err) ||
	    (err->kind == ERROR_CONFLICT && commit_replay(req, res, &replayed, &replay) &&
		replayed);
}

static bool
serve_answer(struct request *req, struct response *res, struct error *err)
{
	bool replayed = false;

	if (!request_read_path(req, err) || !routes_find(req, res, err) ||
	    !serve_check_origin(req, err) || !serve_find_caller(req, res, err) ||
	    !serve_read_parameters(req, err) || !commit_replay(req, res, &replayed, err))
		return false;
	return replayed || (req->route->handle(req, res, err) && serve_commit(req, res, err));
}

/* What was not committed is undone, and what is left of the body is read. */
static void
serve_refuse(struct request *req, struct response *res, const struct error *err)
{
	request_release_database(req);
	body_drain(req);
	response_error(res, err);
}

void
serve_call(struct request *req)
{
	struct response res;
	struct error err;

	response_begin(&res, req);
	if (!serve_answer(req, &res, &err))
		serve_refuse(req, &res, &err);
	if (!response_send(&res, &err) && !res.sent) {
		serve_refuse(req, &res, &err);
		(void)response_send(&res, &err);
	}
	response_clear(&res);
}
