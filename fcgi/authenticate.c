/*
 * Reads the session's cookie or the API token from the call's headers, and finds its account.
 */
#include "authenticate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cookie.h"
#include "session.h"

#define COOKIE_NAME "session"
#define BEARER      "Bearer" /* RFC 6750, section 2.1 */

/*
 * Returns the text after "Bearer" in the Authorization header, with its leading spaces. NULL: the
 * header is missing or has another scheme.
 */
static const char *
authenticate_find_token(const struct request *req)
{
	const char *header = request_header(req, "HTTP_AUTHORIZATION");
	size_t length = strcspn(header, " ");

	return length == strlen(BEARER) && strncasecmp(header, BEARER, length) == 0
	    ? header + length
	    : NULL;
}

bool
authenticate_has_token(const struct request *req)
{
	return authenticate_find_token(req) != NULL;
}

static bool
authenticate_refuse(struct response *res, const char *text, struct error *err)
{
	/* RFC 9110, section 11.6.1: a 401 names a scheme. */
	response_header(res, "WWW-Authenticate: Bearer realm=\"kabuto\"");
	return error_set(err, ERROR_UNAUTHORIZED, "%s", text);
}

static bool
authenticate_by_token(struct request *req, struct response *res, const char *token,
    struct error *err)
{
	struct database *db = request_database(req, err);
	struct caller *caller = &req->caller;

	token += strspn(token, " ");
	snprintf(caller->session, sizeof caller->session, "%s",
	    strlen(token) < sizeof caller->session ? token : "");
	if (db == NULL || !token_find(db, caller->session, &caller->account, &caller->token, err))
		return false;
	return caller->token != 0 ||
	    authenticate_refuse(res,
		"this API token is wrong or has expired; create a new one with POST /account/token",
		err);
}

static bool
authenticate_by_cookie(struct request *req, struct response *res, struct error *err)
{
	struct caller *caller = &req->caller;
	struct database *db;

	cookie_find(request_header(req, "HTTP_COOKIE"), COOKIE_NAME, caller->session,
	    sizeof caller->session);
	if (caller->session[0] == '\0')
		return authenticate_refuse(res,
		    "not logged in: POST login and password to /login first, or send an API token",
		    err);
	db = request_database(req, err);
	if (db == NULL ||
	    !session_find(db, caller->session, req->config->session_days, &caller->account, err))
		return false;
	return caller->account.id != 0 ||
	    authenticate_refuse(res,
		"the session has ended; log in again: POST login and password to /login", err);
}

bool
authenticate_caller(struct request *req, struct response *res, struct error *err)
{
	const char *token = authenticate_find_token(req);

	return token != NULL ? authenticate_by_token(req, res, token, err)
			     : authenticate_by_cookie(req, res, err);
}
