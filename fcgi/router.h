#ifndef KABUTO_ROUTER_H
#define KABUTO_ROUTER_H
/*
 * One table of routes, one loop that reads it: what no handler needs to look at is settled before
 * it runs.
 */
#include <stdbool.h>

#include "parameter.h"
#include "request.h"

enum {
	NEEDS_SESSION = 1 << 0, /* 401 without one */
	SAYS_STATUS = 1 << 1,   /* its errors have "status": "fail" too, as the original's had */
	CHANGES = 1 << 2, /* a GET that changes something: no other site's page may ask for it */
	NO_HEAD = 1 << 4, /* a GET that uses something up, and that a link may lead to */
	SECRET = 1 << 3   /* it takes or answers a secret: an Idempotency-Key is refused */
};

/* A handler answers and returns true, or returns false with err set, which then is the answer. */
typedef bool handler(struct request *req, struct error *err);

struct route {
	const char *method;
	const char *path; /* a segment ":x" is an id, "*x" any text, "**x" all that is left */
	handler *handle;
	int flags;
	const struct parameter *parameters;
	const char *upload; /* the folder below the stage that takes files of PARAMETER_FILES */
	const char *event;  /* what the audit trail calls a success; NULL: it does not */
};

/* All routes; the last one's method is NULL. */
extern const struct route router_routes[];

/*
 * Finds the route, settles what its row asks for, runs the handler, and answers whatever happens.
 */
void router_run(struct request *req);

#endif
