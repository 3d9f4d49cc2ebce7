/*
 * Holds the table of routes and finds a call's route in it.
 */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "builds.h"
#include "changeevents.h"
#include "events.h"
#include "health.h"
#include "images.h"
#include "jobevents.h"
#include "jobs.h"
#include "jobusage.h"
#include "list.h"
#include "logs.h"
#include "openapi.h"
#include "outbox.h"
#include "pipelines.h"
#include "reruns.h"
#include "runs.h"
#include "tokens.h"
#include "views.h"
#include "wait.h"

const struct route routes_all[] = {
	{ "POST", "/register", accounts_register, SAYS_STATUS, accounts_register_parameters,
	    "register", NULL },
	{ "GET", "/register/confirm/*login/*token", accounts_confirm, NO_HEAD, NULL, "confirm",
	    NULL },
	{ "POST", "/login", accounts_login, 0, accounts_login_parameters, "login", NULL },
	{ "POST", "/logout", accounts_logout, NEEDS_SESSION, NULL, "logout", NULL },
	{ "GET", "/", accounts_hello, 0, NULL, NULL, NULL },
	{ "GET", "/account", accounts_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "POST", "/account/password", accounts_password, NEEDS_SESSION | SECRET,
	    accounts_password_parameters, "password_change", NULL },
	{ "GET", "/account/events", events_list, NEEDS_SESSION, list_ordered_parameters, NULL,
	    NULL },
	{ "GET", "/account/token", tokens_list, NEEDS_SESSION, list_parameters, NULL, NULL },
	{ "POST", "/account/token", tokens_create, NEEDS_SESSION | SECRET, tokens_create_parameters,
	    "token_create", NULL },
	{ "GET", "/account/token/:token", tokens_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "DELETE", "/account/token/:token", tokens_delete, NEEDS_SESSION, NULL, "token_delete",
	    NULL },
	{ "POST", "/image", images_create, NEEDS_SESSION | STRICT, images_create_parameters,
	    "image_create", NULL },
	{ "GET", "/image", images_list, NEEDS_SESSION, list_named_parameters, NULL, NULL },
	{ "GET", "/image/build", builds_list, NEEDS_SESSION, builds_list_parameters, NULL, NULL },
	{ "GET", "/image/build/:build", builds_show, NEEDS_SESSION, builds_show_parameters, NULL,
	    NULL },
	{ "GET", "/image/build/:build/:image", builds_show, NEEDS_SESSION, builds_show_parameters,
	    NULL, NULL },
	{ "DELETE", "/image/build/:build", builds_cancel, NEEDS_SESSION, NULL, "build_cancel",
	    NULL },
	{ "GET", "/image/:image", images_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "PUT", "/image/:image", images_update, NEEDS_SESSION | STRICT, images_update_parameters,
	    "image_update", NULL },
	{ "DELETE", "/image/:image", images_delete, NEEDS_SESSION, NULL, "image_delete", NULL },
	{ "POST", "/pipeline", pipelines_create, NEEDS_SESSION | STRICT,
	    pipelines_create_parameters, "pipeline_create", NULL },
	{ "GET", "/pipeline", pipelines_list, NEEDS_SESSION, list_named_parameters, NULL, NULL },
	{ "GET", "/pipeline/:pipeline", pipelines_show, NEEDS_SESSION, NULL, NULL, NULL },
	{ "PUT", "/pipeline/:pipeline", pipelines_update, NEEDS_SESSION | STRICT,
	    pipelines_update_parameters, "pipeline_update", NULL },
	{ "DELETE", "/pipeline/:pipeline", pipelines_delete, NEEDS_SESSION, NULL, "pipeline_delete",
	    NULL },
	{ "POST", "/pipeline/:pipeline/cancel", pipelines_cancel, NEEDS_SESSION | STRICT, NULL,
	    "pipeline_cancel", NULL },
	{ "POST", "/pipeline/:pipeline/submit", pipelines_submit, NEEDS_SESSION | STRICT, NULL,
	    "pipeline_submit", NULL },
	{ "POST", "/pipeline/:pipeline/rerun", reruns_pipeline, NEEDS_SESSION | STRICT,
	    reruns_pipeline_parameters, "pipeline_rerun", NULL },
	{ "POST", "/pipeline/:pipeline/job", jobs_create, NEEDS_SESSION | STRICT,
	    jobs_create_parameters, "job_create", NULL },
	{ "GET", "/pipeline/:pipeline/job", jobs_list, NEEDS_SESSION, jobs_of_pipeline_parameters,
	    NULL, NULL },
	{ "GET", "/pipeline/:pipeline/job/:job", jobs_show, NEEDS_SESSION, jobs_show_parameters,
	    NULL, NULL },
	{ "PUT", "/pipeline/:pipeline/job/:job", jobs_update, NEEDS_SESSION | STRICT,
	    jobs_update_parameters, "job_update", NULL },
	{ "DELETE", "/pipeline/:pipeline/job/:job", jobs_delete, NEEDS_SESSION, NULL, "job_delete",
	    NULL },
	{ "POST", "/pipeline/:pipeline/job/:job/kill", jobs_kill, NEEDS_SESSION | STRICT, NULL,
	    "job_kill", NULL },
	{ "GET", "/pipeline/:pipeline/job/:job/kill", jobs_kill, NEEDS_SESSION | CHANGES, NULL,
	    "job_kill", NULL },
	{ "POST", "/pipeline/:pipeline/job/:job/rerun", reruns_job, NEEDS_SESSION | STRICT,
	    reruns_job_parameters, "job_rerun", NULL },
	{ "POST", "/run", runs_create, NEEDS_SESSION | STRICT, runs_create_parameters, "run",
	    runs_deliver },
	{ "GET", "/pipeline/:pipeline/job/:job/outbox", outbox_list, NEEDS_SESSION, NULL, NULL,
	    NULL },
	{ "GET", "/pipeline/:pipeline/job/:job/outbox/**name", outbox_file, NEEDS_SESSION, NULL,
	    NULL, NULL },
	{ "GET", "/pipeline/:pipeline/job/:job/usage", jobusage_show, NEEDS_SESSION,
	    jobusage_parameters, NULL, NULL },
	{ "POST", "/pipeline/:pipeline/job/:job/view", views_open, NEEDS_SESSION | SECRET | STRICT,
	    NULL, "job_view", NULL },
	{ "GET", "/view/*token", views_show, 0, NULL, NULL, NULL },
	{ "GET", "/view/*token/**name", views_show, 0, NULL, NULL, NULL },
	{ "GET", "/jobs", jobs_list, NEEDS_SESSION, jobs_list_parameters, NULL, NULL },
	{ "GET", "/execution/:job/logs", logs_show, NEEDS_SESSION, logs_show_parameters, NULL,
	    NULL },
	{ "POST", "/execution/:job/logs", logs_range, NEEDS_SESSION, logs_range_parameters, NULL,
	    NULL },
	{ "GET", "/execution/:job/logs/:after", logs_show, NEEDS_SESSION, logs_show_parameters,
	    NULL, NULL },
	{ "GET", "/execution/:job/events", jobevents_show, NEEDS_SESSION, jobevents_parameters,
	    NULL, NULL },
	{ "GET", "/events", changeevents_show, NEEDS_SESSION, changeevents_parameters, NULL, NULL },
	{ "GET", "/healthz", health_show, 0, NULL, NULL, NULL },
	{ "GET", "/openapi.json", openapi_show, 0, NULL, NULL, NULL },
	{ 0 },
};

/* Returns whether the path fits the route. The first route of the table that fits is taken. */
static bool
routes_match(const struct path *path, const struct route *route)
{
	const char *segment = route->path + 1;
	size_t part = 0;

	while (*segment != '\0') {
		size_t length = strcspn(segment, "/");

		if (part == path->count)
			return false;
		if (strncmp(segment, "**", 2) == 0)
			return true;
		if (*segment != ':' && *segment != '*' &&
		    (strlen(path->parts[part]) != length ||
			strncmp(segment, path->parts[part], length) != 0))
			return false;
		part++;
		segment += length + (segment[length] == '/');
	}
	return part == path->count && !path->deeper;
}

/* Adds the route's method to the text of an Allow header. */
static void
routes_allow(const struct route *route, char *allow, size_t size)
{
	bool head = strcmp(route->method, "GET") == 0 && (route->flags & CHANGES) == 0;

	if (strstr(allow, route->method) == NULL)
		snprintf(allow + strlen(allow), size - strlen(allow), "%s%s%s",
		    allow[0] != '\0' ? ", " : "", route->method, head ? ", HEAD" : "");
}

bool
routes_find(struct request *req, struct response *res, struct error *err)
{
	char allow[64] = "";
	bool head = request_is_head(req);

	for (const struct route *r = routes_all; r->method != NULL; r++) {
		if (!routes_match(&req->path, r))
			continue;
		/* A HEAD is safe (RFC 9110, section 9.2.1), even if that GET is not. */
		if (strcmp(r->method, req->method) == 0 &&
		    !(head && (r->flags & (CHANGES | NO_HEAD)) != 0)) {
			req->route = r;
			return true;
		}
		routes_allow(r, allow, sizeof allow);
	}
	if (allow[0] == '\0')
		return error_set(err, ERROR_NOT_FOUND, "no such path");
	response_header(res, "Allow: %s", allow);
	return error_set(err, ERROR_METHOD, "%s is not allowed here; allowed: %s", req->method,
	    allow);
}
