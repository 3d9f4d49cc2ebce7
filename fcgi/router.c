/*
 * The routes, and the way of a call through them.
 */
#include "router.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "accounts.h"
#include "events.h"
#include "health.h"
#include "images.h"
#include "jobs.h"
#include "list.h"
#include "logs.h"
#include "openapi.h"
#include "outbox.h"
#include "pipelines.h"
#include "quantity.h"
#include "response.h"
#include "tokens.h"

const struct route router_routes[] = {
	{ "POST", "/register", accounts_register, SAYS_STATUS, accounts_register_parameters, NULL,
	    "register" },
	{ "GET", "/register/confirm/*login/*token", accounts_confirm, NO_HEAD, NULL, NULL,
	    "confirm" },
	{ "POST", "/login", accounts_login, 0, accounts_login_parameters, NULL, "login" },
	{ "POST", "/logout", accounts_logout, NEEDS_SESSION, NULL, NULL, "logout" },
	{ "GET", "/", accounts_hello, NEEDS_SESSION, NULL, NULL, NULL },
	{ "GET", "/account", accounts_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "POST", "/account/password", accounts_password, NEEDS_SESSION | SECRET,
	    accounts_password_parameters, NULL, "password_change" },
	{ "GET", "/account/events", events_list, NEEDS_SESSION, list_parameters, NULL, NULL },
	{ "GET", "/account/token", tokens_list, NEEDS_SESSION, list_parameters, NULL, NULL },
	{ "POST", "/account/token", tokens_create, NEEDS_SESSION | SECRET, tokens_create_parameters,
	    NULL, "token_create" },
	{ "GET", "/account/token/:token", tokens_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "DELETE", "/account/token/:token", tokens_delete, NEEDS_SESSION, NULL, NULL,
	    "token_delete" },
	{ "POST", "/image", images_create, NEEDS_SESSION, images_create_parameters, UPLOAD_CONTEXT,
	    "image_create" },
	{ "GET", "/image", images_list, NEEDS_SESSION, list_parameters, NULL, NULL },
	{ "GET", "/image/:image", images_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "PUT", "/image/:image", images_update, NEEDS_SESSION, images_update_parameters,
	    UPLOAD_CONTEXT, "image_update" },
	{ "DELETE", "/image/:image", images_delete, NEEDS_SESSION, NULL, NULL, "image_delete" },
	{ "GET", "/image/build/:build", images_build, NEEDS_SESSION, wait_parameters, NULL, NULL },
	{ "GET", "/image/build/:build/:image", images_build, NEEDS_SESSION, wait_parameters, NULL,
	    NULL },
	{ "DELETE", "/image/build/:build", images_build_cancel, NEEDS_SESSION, NULL, NULL,
	    "build_cancel" },
	{ "POST", "/pipeline", pipelines_create, NEEDS_SESSION, pipelines_create_parameters, NULL,
	    "pipeline_create" },
	{ "GET", "/pipeline", pipelines_list, NEEDS_SESSION, list_parameters, NULL, NULL },
	{ "GET", "/pipeline/:pipeline", pipelines_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "PUT", "/pipeline/:pipeline", pipelines_update, NEEDS_SESSION,
	    pipelines_update_parameters, NULL, "pipeline_update" },
	{ "DELETE", "/pipeline/:pipeline", pipelines_delete, NEEDS_SESSION, NULL, NULL,
	    "pipeline_delete" },
	{ "POST", "/pipeline/:pipeline/cancel", pipelines_cancel, NEEDS_SESSION, NULL, NULL,
	    "pipeline_cancel" },
	{ "POST", "/pipeline/:pipeline/submit", pipelines_submit, NEEDS_SESSION, NULL, NULL,
	    "pipeline_submit" },
	{ "POST", "/pipeline/:pipeline/job", jobs_create, NEEDS_SESSION, jobs_create_parameters,
	    UPLOAD_INBOX, "job_create" },
	{ "GET", "/pipeline/:pipeline/job", jobs_list, NEEDS_SESSION, jobs_list_parameters, NULL,
	    NULL },
	{ "GET", "/pipeline/:pipeline/job/:job", jobs_show, NEEDS_SESSION, jobs_show_parameters,
	    NULL, NULL },
	{ "PUT", "/pipeline/:pipeline/job/:job", jobs_update, NEEDS_SESSION, jobs_update_parameters,
	    UPLOAD_INBOX, "job_update" },
	{ "DELETE", "/pipeline/:pipeline/job/:job", jobs_delete, NEEDS_SESSION, NULL, NULL,
	    "job_delete" },
	{ "POST", "/pipeline/:pipeline/job/:job/kill", jobs_kill, NEEDS_SESSION, NULL, NULL,
	    "job_kill" },
	{ "GET", "/pipeline/:pipeline/job/:job/kill", jobs_kill, NEEDS_SESSION | CHANGES, NULL,
	    NULL, "job_kill" },
	{ "GET", "/pipeline/:pipeline/job/:job/outbox", outbox_list, NEEDS_SESSION, NULL, NULL,
	    NULL },
	{ "GET", "/pipeline/:pipeline/job/:job/outbox/**name", outbox_file, NEEDS_SESSION, NULL,
	    NULL, NULL },
	{ "GET", "/jobs", jobs_list, NEEDS_SESSION, jobs_list_parameters, NULL, NULL },
	{ "GET", "/execution/:job/logs", logs_show, NEEDS_SESSION, logs_show_parameters, NULL,
	    NULL },
	{ "POST", "/execution/:job/logs", logs_range, NEEDS_SESSION, logs_range_parameters, NULL,
	    NULL },
	{ "GET", "/execution/:job/logs/:after", logs_show, NEEDS_SESSION, logs_show_parameters,
	    NULL, NULL },
	{ "GET", "/healthz", health_show, 0, NULL, NULL, NULL },
	{ "GET", "/openapi.json", openapi_show, 0, NULL, NULL, NULL },
	{ 0 },
};

/* Whether a route's path is the request's; fills in the ids on the way. */
static bool
path_matches(struct request *req, const struct route *route)
{
	const char *segment = route->path + 1;
	size_t part = 0, ids = 0;

	while (*segment != '\0') {
		size_t length = strcspn(segment, "/");

		if (part == req->part_count)
			return false;
		if (strncmp(segment, "**", 2) == 0)
			return true;
		if (*segment == ':') {
			if (!integer_parse(req->parts[part], &req->ids[ids]))
				req->ids[ids] = -1;
			ids++;
		} else if (*segment != '*' &&
		    (strlen(req->parts[part]) != length ||
			strncmp(segment, req->parts[part], length) != 0)) {
			return false;
		}
		part++;
		segment += length + (segment[length] == '/');
	}
	return part == req->part_count && !req->deeper;
}

/*
 * A ":x" takes "build" as well as "12": of two routes that fit, the one that says the word is
 * meant.
 */
static bool
more_exact(const struct route *route, const struct route *than)
{
	return than == NULL ||
	    (strchr(than->path, ':') != NULL && strlen(route->path) > strlen(than->path));
}

static bool
find_route(struct request *req, struct error *err)
{
	char allow[64] = "";
	const struct route *found = NULL;
	bool head = strcmp(request_header(req, "REQUEST_METHOD"), "HEAD") == 0;
	int64_t ids[PATH_PARTS];

	for (const struct route *r = router_routes; r->method != NULL; r++) {
		if (!path_matches(req, r))
			continue;
		/* HEAD is safe (RFC 9110, section 9.2.1), also where a GET of the original's is
		 * not. */
		if (strcmp(r->method, req->method) == 0 && more_exact(r, found) &&
		    !(head && (r->flags & (CHANGES | NO_HEAD)) != 0)) {
			found = r;
			memcpy(ids, req->ids, sizeof ids);
		}
		if (strstr(allow, r->method) == NULL)
			snprintf(allow + strlen(allow), sizeof allow - strlen(allow), "%s%s%s",
			    allow[0] != '\0' ? ", " : "", r->method,
			    strcmp(r->method, "GET") == 0 && (r->flags & CHANGES) == 0 ? ", HEAD"
										       : "");
	}
	if (found != NULL) {
		req->route = found;
		memcpy(req->ids, ids, sizeof ids);
		return true;
	}
	if (allow[0] == '\0')
		return error_set(err, ERROR_NOT_FOUND, "no such path");
	response_header(req, "Allow: %s", allow);
	return error_set(err, ERROR_METHOD, "%s is not allowed here; allowed: %s", req->method,
	    allow);
}

/*
 * Another site's page must not make a browser change anything here with our cookie (design, section
 * 9). Clients that are no browsers send neither header.
 */
static bool
check_same_origin(const struct request *req, struct error *err)
{
	const char *site = request_header(req, "HTTP_SEC_FETCH_SITE");
	const char *origin = request_header(req, "HTTP_ORIGIN");
	const char *host = strstr(origin, "://");

	if (strcmp(req->method, "GET") == 0 && (req->route->flags & CHANGES) == 0)
		return true;
	if (request_has_token(req))
		return true; /* a page of another site's cannot send it unasked, and has no token */
	if (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0 ||
	    (origin[0] != '\0' &&
		(host == NULL || strcasecmp(host + 3, request_header(req, "HTTP_HOST")) != 0)))
		return error_set(err, ERROR_FORBIDDEN,
		    "this call came from another site's page; use Kabuto's own");
	return true;
}

static bool
run(struct request *req, struct error *err)
{
	bool replayed = false;

	if (!request_split_path(req))
		return req->path == NULL || req->decoded == NULL
		    ? error_set(err, ERROR_SYSTEM, "read the path: not enough memory")
		    : error_set(err, ERROR_NOT_FOUND, "no such path");
	if (!find_route(req, err) || !check_same_origin(req, err) ||
	    ((req->route->flags & NEEDS_SESSION) != 0 && !request_authenticate(req, err)) ||
	    !request_read_parameters(req, err))
		return false;
	if (req->key[0] != '\0' && (!response_replay(req, &replayed, err) || replayed))
		return replayed;
	return req->route->handle(req, err);
}

void
router_run(struct request *req)
{
	struct error err;

	if (run(req, &err))
		return;
	response_failed(req, &err);
}
