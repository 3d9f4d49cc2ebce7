#ifndef KABUTO_SERVE_H
#define KABUTO_SERVE_H
/*
 * Handles a call from its path to its response.
 */
#include "request.h"

/* Handles a call after request_begin, and always sends a response. */
void serve_call(struct request *req);

#endif
