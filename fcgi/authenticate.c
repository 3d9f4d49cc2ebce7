/*
 * Reads the session's cookie or the API token from the call's headers, and finds its account.
 */
#include "authenticate.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cookie.h"
#include "session.h"

#define COOKIE_NAME "session"
#define BEARER      "Bearer" /* RFC 6750, section 2.1 */
#define BASIC       "Basic"  /* RFC 7617, section 2 */
#define BASIC_MOST  512      /* bytes of "user:password" */

/*
 * Returns the text after the scheme in the Authorization header. NULL: the header is missing or has
 * another scheme.
 */
static const char *
authenticate_find(const struct request *req, const char *scheme)
{
	const char *header = request_header(req, "HTTP_AUTHORIZATION");
	size_t length = strcspn(header, " ");

	return length == strlen(scheme) && strncasecmp(header, scheme, length) == 0
	    ? header + length + strspn(header + length, " ")
	    : NULL;
}

/*
 * A browser sends no Bearer token by itself, as it does with a cookie. It does so with Basic
 * credentials: they do not count here.
 */
bool
authenticate_has_token(const struct request *req)
{
	return authenticate_find(req, BEARER) != NULL;
}

static bool
authenticate_is_token(const char *text)
{
	return strncmp(text, API_TOKEN_PREFIX, sizeof API_TOKEN_PREFIX - 1) == 0;
}

/*
 * Finds an API token in Basic credentials: as the password with any user name, as from .netrc and
 * from git, or as the user name. Returns false if there is none. token has room for the
 * credentials.
 */
static bool
authenticate_find_basic(const struct request *req, char token[static BASIC_MOST + 1])
{
	const char *encoded = authenticate_find(req, BASIC);
	char text[BASIC_MOST + 1], *password;
	size_t length;

	if (encoded == NULL ||
	    sodium_base642bin((unsigned char *)text, BASIC_MOST, encoded, strlen(encoded), " ",
		&length, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	text[length] = '\0';
	password = text + strcspn(text, ":");
	if (*password == ':')
		*password++ = '\0';
	snprintf(token, BASIC_MOST + 1, "%s", authenticate_is_token(password) ? password : text);
	return authenticate_is_token(token);
}

/*
 * Refuses the call with 401, which names the schemes (RFC 9110, section 11.6.1). Some clients send
 * the credentials of .netrc or of git only if the scheme Basic is named. Browsers, which all call
 * themselves Mozilla, would ask their user for a password.
 */
static bool
authenticate_refuse(const struct request *req, struct response *res, const char *text,
    struct error *err)
{
	bool browser = strncmp(request_header(req, "HTTP_USER_AGENT"), "Mozilla/", 8) == 0;

	response_header(res, "WWW-Authenticate: Bearer realm=\"kabuto\"");
	if (!browser)
		response_header(res, "WWW-Authenticate: Basic realm=\"kabuto\"");
	return error_set(err, ERROR_UNAUTHORIZED, "%s", text);
}

static bool
authenticate_by_token(struct request *req, struct response *res, const char *token,
    struct error *err)
{
	struct database *db = request_database(req, err);
	struct caller *caller = &req->caller;

	snprintf(caller->session, sizeof caller->session, "%s",
	    strlen(token) < sizeof caller->session ? token : "");
	if (db == NULL || !token_find(db, caller->session, &caller->account, &caller->token, err))
		return false;
	return caller->token != 0 ||
	    authenticate_refuse(req, res,
		"this API token is wrong or has expired; create a new one with POST /account/token",
		err);
}

/* Refuses a call without a session's cookie. */
static bool
authenticate_refuse_nobody(const struct request *req, struct response *res, struct error *err)
{
	const char *header = request_header(req, "HTTP_AUTHORIZATION");

	if (header[0] == '\0')
		return authenticate_refuse(req, res,
		    "not logged in: POST login and password to /login first, or send an API token: "
		    "Authorization: Bearer <token>",
		    err);
	if (authenticate_find(req, BASIC) != NULL)
		return authenticate_refuse(req, res,
		    "the Basic credentials contain no API token: send a token from POST /account/token in "
		    "place of the password, or POST login and password to /login",
		    err);
	return authenticate_refuse(req, res,
	    "the Authorization header must be 'Bearer <token>', with a token from POST /account/token",
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
		return authenticate_refuse_nobody(req, res, err);
	db = request_database(req, err);
	if (db == NULL ||
	    !session_find(db, caller->session, req->config->session_days, &caller->account, err))
		return false;
	return caller->account.id != 0 ||
	    authenticate_refuse(req, res,
		"the session has ended; log in again: POST login and password to /login", err);
}

bool
authenticate_again(struct database *db, const struct config *config, struct caller *caller,
    struct error *err)
{
	struct account account;
	bool read = caller->token != 0
	    ? token_check(db, caller->session, &account, err)
	    : session_check(db, caller->session, config->session_days, &account, err);

	if (read)
		caller->account = account;
	return read;
}

/*
 * Other credentials than a token are left to a proxy that has asked for them: the cookie counts.
 */
bool
authenticate_caller(struct request *req, struct response *res, struct error *err)
{
	const char *bearer = authenticate_find(req, BEARER);
	char basic[BASIC_MOST + 1];

	if (bearer != NULL)
		return authenticate_by_token(req, res, bearer, err);
	if (authenticate_find_basic(req, basic))
		return authenticate_by_token(req, res, basic, err);
	return authenticate_by_cookie(req, res, err);
}
