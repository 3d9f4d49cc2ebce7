#ifndef KABUTO_SERVE_H
#define KABUTO_SERVE_H
/*
 * The life of a call, from its path to its response.
 */
#include "request.h"

/* Answers a call that request_begin has taken, whatever happens. */
void serve_call(struct request *req);

#endif
