#ifndef KABUTO_RUNSTREAMS_H
#define KABUTO_RUNSTREAMS_H
/*
 * Follows a run from its build to its end, for POST /run with an Accept header that asks for it.
 */
#include "response.h"

/* Checks that the call may open a stream, if it asks for one (stream_reserve). */
bool runstreams_reserve(struct request *req, struct error *err);

/*
 * If the call asks for a stream, answers with one in place of the answer in res, which is the 201
 * of this run. If not, the answer stays.
 */
bool runstreams_open(struct request *req, struct response *res, struct error *err);

#endif
