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

/* Returns whether the client uses HTTPS, to us or to a proxy. A cookie then must be Secure. */
bool origin_has_https(const struct request *req);

/*
 * Writes the address that the client called, "https://kabuto.example.org:8443", so that a path
 * after it makes a URL. It is empty if the header Host is missing or is no host and port (RFC 9110,
 * section 7.2).
 */
#define ORIGIN_ADDRESS 272
void origin_address(const struct request *req, char address[static ORIGIN_ADDRESS]);

#endif
