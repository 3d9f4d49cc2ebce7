/*
 * Checks the origin of calls (design, section 9).
 */
#include "origin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "authenticate.h"
#include "mediatype.h"
#include "request.h"
#include "route.h"

#define HOST_MOST       262 /* bytes of a name (RFC 1035: 255), and of ":65535" */
#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]"

/* Returns the length of host without the port, if it is the default one. */
static size_t
origin_host_length(const char *host, const char *default_port)
{
	size_t length = strlen(host), port = strlen(default_port);

	return length > port && strcmp(host + length - port, default_port) == 0 ? length - port
										: length;
}

bool
origin_is_host(const char *origin, const char *host)
{
	const char *scheme_end = strstr(origin, "://"), *port;
	size_t length;

	if (scheme_end == NULL)
		return false;
	port = strncasecmp(origin, "https:", 6) == 0 ? ":443" : ":80";
	origin = scheme_end + 3;
	length = origin_host_length(origin, port);
	return length > 0 && length == origin_host_length(host, port) &&
	    strncasecmp(origin, host, length) == 0;
}

bool
origin_has_https(const struct request *req)
{
	return strcmp(request_header(req, "HTTPS"), "on") == 0 ||
	    strcmp(request_header(req, "HTTP_X_FORWARDED_PROTO"), "https") == 0;
}

void
origin_address(const struct request *req, char address[static ORIGIN_ADDRESS])
{
	const char *host = request_header(req, "HTTP_HOST");

	address[0] = '\0';
	if (host[0] != '\0' && strlen(host) <= HOST_MOST &&
	    host[strspn(host, HOST_CHARACTERS)] == '\0')
		snprintf(address, ORIGIN_ADDRESS, "%s://%s",
		    origin_has_https(req) ? "https" : "http", host);
}

/* Whether the setting origins lists it, with or without the default port. */
static bool
origin_is_own(const struct request *req, const char *origin)
{
	for (size_t i = 0; i < req->config->origins.count; i++) {
		const char *own = req->config->origins.texts[i];
		size_t scheme = strcspn(own, ":") + strlen("://");

		if (strncasecmp(origin, own, scheme) == 0 && origin_is_host(origin, own + scheme))
			return true;
	}
	return false;
}

bool
origin_is_navigation(const char *accept, const char *fetch_mode)
{
	return strcmp(fetch_mode, "navigate") == 0 || mediatype_accepts(accept, "text/html");
}

/*
 * A link on any page, also in a job's results, can send its reader's browser to a GET, and the
 * cookie goes with it (SameSite=Lax). With plain HTTP the browser does not say whose page it was.
 */
static bool
origin_check_navigation(const struct request *req, struct error *err)
{
	if (strcmp(req->method, "GET") != 0 ||
	    !origin_is_navigation(request_header(req, "HTTP_ACCEPT"),
		request_header(req, "HTTP_SEC_FETCH_MODE")))
		return true;
	return error_set(err, ERROR_FORBIDDEN,
	    "a link may not change anything: a browser must make this call with POST");
}

bool
origin_check(const struct request *req, struct error *err)
{
	const char *site = request_header(req, "HTTP_SEC_FETCH_SITE");
	const char *origin = request_header(req, "HTTP_ORIGIN");
	const char *host = request_header(req, "HTTP_HOST");

	if (strcmp(req->method, "GET") == 0 && (req->route->flags & CHANGES) == 0)
		return true;
	if (authenticate_has_token(req))
		return true; /* a browser sends no token by itself, as it does with a cookie */
	if (!origin_check_navigation(req, err))
		return false;
	/* The browser knows the address that it called, also if a proxy has changed Host. */
	if (strcmp(site, "same-origin") == 0 || (origin[0] != '\0' && origin_is_own(req, origin)))
		return true;
	if (strcmp(site, "cross-site") != 0 && strcmp(site, "same-site") != 0 &&
	    (origin[0] == '\0' || origin_is_host(origin, host)))
		return true;
	return error_set(err, ERROR_FORBIDDEN,
	    "this call came from a page of another site (Origin '%.128s', Host '%.128s'%s%.16s); call "
	    "Kabuto from its own address. If a proxy is in front of Kabuto, it must hand on the header "
	    "Host, or the setting origins must list this Origin",
	    origin, host, site[0] != '\0' ? ", Sec-Fetch-Site " : "", site);
}
