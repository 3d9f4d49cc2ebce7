#ifndef KABUTO_BODY_H
#define KABUTO_BODY_H
/*
 * Reads the parameters of a call: from its query, and from its body, which is a form, JSON, or
 * multipart/form-data with files.
 */
#include <stdbool.h>

#include "error.h"

struct request;

/* Reads the values of the query into the request, as the route's table of parameters says. */
bool body_read_query(struct request *req, struct error *err);

/*
 * Reads the body into the request's values and upload, as the route's table of parameters says.
 * ERROR_TOO_MANY: the account already has its maximum of calls that may send files.
 */
bool body_read(struct request *req, struct error *err);

/*
 * Reads the rest of the body and drops it, within limits of time and bytes. If an answer comes
 * before the whole body was read, the web server closes the connection although the client still
 * sends.
 */
void body_drain(struct request *req);

#endif
