#ifndef KABUTO_ORIGIN_H
#define KABUTO_ORIGIN_H
/*
 * Tells calls of Kabuto's own pages from calls of other sites' pages. A browser adds the session's
 * cookie to both.
 */
#include <stdbool.h>

#include "error.h"

struct request;

/*
 * Checks that no page of another site has caused this change, and that it is no browser's
 * navigation. Clients other than browsers send neither Sec-Fetch-Site nor Origin: their calls pass.
 * ERROR_FORBIDDEN names what the call sent.
 */
bool origin_check(const struct request *req, struct error *err);

/*
 * Returns whether a GET with these headers (Accept and Sec-Fetch-Mode) is a browser's navigation:
 * somebody has opened a URL or a link. Without HTTPS a browser sends no Sec-Fetch-Mode (W3C Fetch
 * Metadata, section 3), but it asks for a page, even for the link of a download. A page's other
 * requests do not get the cookie, if the page is another site's.
 */
bool origin_is_navigation(const char *accept, const char *fetch_mode);

/*
 * Returns whether an Origin (RFC 6454, section 7) is the site that the Host header names. The
 * port may be missing in one of them if it is the scheme's default port.
 */
bool origin_is_host(const char *origin, const char *host);

#endif
