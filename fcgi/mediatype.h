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
 * Returns the quality, in thousandths, that an Accept header (RFC 9110, section 12.5.1) gives to a
 * media range that it names itself, be it a type or the wildcard for all types. 0: it does not name
 * it, or refuses it.
 */
int mediatype_quality(const char *accept, const char *range);

/* Returns whether an Accept header names this type itself, with a quality above 0. */
bool mediatype_accepts(const char *accept, const char *type);

#endif
