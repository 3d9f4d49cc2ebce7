#ifndef KABUTO_LISTING_H
#define KABUTO_LISTING_H
/*
 * Lists of the API, page by page, so that a list of any length needs little memory.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

#define LISTING_ALL INT64_MAX

/* Gets an item: its id as text, and the server's object. False ends the list without an error. */
typedef bool listing_visit(const char *id, const json_t *object, void *context);

/*
 * Visits up to limit items of a list whose answer is an object by ids. fields (may be NULL): its
 * filters and its order.
 */
bool listing_each(struct http *http, const char *path, const struct http_fields *fields,
    int64_t limit, listing_visit *visit, void *context, struct error *err);

/*
 * Prints the same list on stdout as one JSON text: an object by ids, as the server answers it
 * without pages.
 */
bool listing_print_json(struct http *http, const char *path, const struct http_fields *fields,
    int64_t limit, struct error *err);

#endif
