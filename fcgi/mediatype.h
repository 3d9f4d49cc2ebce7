#ifndef KABUTO_MEDIATYPE_H
#define KABUTO_MEDIATYPE_H
/*
 * Media types of files, by the ending of their names.
 */
#include <stdbool.h>

/*
 * Returns the media type, with its charset if it is a text: "text/css; charset=utf-8". It is
 * "application/octet-stream" if the ending is unknown.
 */
const char *mediatype_of(const char *name);

/* Returns whether a browser shows a file of this type as a picture. */
bool mediatype_is_picture(const char *type);

#endif
