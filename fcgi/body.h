#ifndef KABUTO_BODY_H
#define KABUTO_BODY_H
/*
 * The body of a call: a form, JSON, or multipart/form-data with files.
 */
#include <stdbool.h>

#include "error.h"

struct request;

/* Reads the values of the query, as the route's table says. */
bool body_read_query(struct request *req, struct error *err);

/*
 * Reads the body into the request's values and upload, as the route's table says. ERROR_TOO_MANY:
 * the account sends as many with files as it may at a time.
 */
bool body_read(struct request *req, struct error *err);

/*
 * Reads and drops what is left of the body, for a moment and up to a few MiB: an answer that comes
 * before its body was read would have the web server close the connection under a client that still
 * sends.
 */
void body_drain(struct request *req);

#endif
