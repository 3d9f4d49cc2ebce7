#ifndef KABUTO_MEDIATYPE_H
#define KABUTO_MEDIATYPE_H
/*
 * Media types: of files, by the ending of their names; and those that a client accepts.
 */
#include <stdbool.h>

/*
 * Returns the media type, with its charset if it is a text: "text/css; charset=utf-8". It is
 * "application/octet-stream" if the ending is unknown.
 */
const char *mediatype_of(const char *name);

/* Returns whether a browser shows a file of this type as a picture. */
bool mediatype_is_picture(const char *type);

/*
 * Returns whether an Accept header (RFC 9110, section 12.5.1) names this type itself: wildcards do
 * not count, and a quality of 0 means no.
 */
bool mediatype_accepts(const char *accept, const char *type);

#endif
