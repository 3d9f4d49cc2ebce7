/*
 * Handles a call in fixed steps: route, origin, caller, parameters, replay of an Idempotency-Key,
 * handler, commit, delivery, send. If a step fails, the later steps are skipped and its error is
 * the response.
 */
#include "serve.h"

#include <string.h>

#include "authenticate.h"
#include "body.h"
#include "commit.h"
#include "origin.h"
#include "response.h"
#include "route.h"
#include "routes.h"

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

/* If another call with the same key was committed first, answers with its response. */
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
	    !origin_check(req, err) || !serve_find_caller(req, res, err) ||
	    !serve_read_parameters(req, err) || !commit_replay(req, res, &replayed, err))
		return false;
	if (!replayed && (!req->route->handle(req, res, err) || !serve_commit(req, res, err)))
		return false;
	return req->route->deliver == NULL || req->route->deliver(req, res, err);
}

/* Answers with an error, after a rollback. Reads the rest of the body first (body_drain). */
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
	if (!response_send(&res, &err)) {
		if (res.sent) {
			/* The client sees only that it is cut off. */
			response_log_error(&res, &err);
		} else {
			serve_refuse(req, &res, &err);
			(void)response_send(&res, &err);
		}
	}
	response_clear(&res);
}
