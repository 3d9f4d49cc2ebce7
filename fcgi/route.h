#ifndef KABUTO_ROUTE_H
#define KABUTO_ROUTE_H
/*
 * A route: a table row with a call's method and path, the conditions before its handler runs, and
 * the event that is recorded afterwards.
 */
#include <stdbool.h>

#include "error.h"
#include "parameter.h"

struct request;
struct response;

enum {
	NEEDS_SESSION = 1 << 0, /* 401 without one */
	SAYS_STATUS = 1 << 1,   /* errors also have "status": "fail", as in the original */
	CHANGES = 1 << 2, /* a GET that changes something: other sites' pages may not call it */
	SECRET = 1 << 3,  /* contains or returns a secret: an Idempotency-Key is refused */
	NO_HEAD = 1 << 4, /* a GET that uses up a token: no HEAD, but links to it are allowed */
	STRICT = 1 << 5   /* an unknown parameter in the body is an error */
};

/*
 * Does the call's work and sets the response in res. If it returns false, err is the response, and
 * the changes are rolled back.
 */
typedef bool handler(struct request *req, struct response *res, struct error *err);

struct route {
	const char *method;
	const char *path; /* a segment ":x" is an id, "*x" any text, "**x" the rest of the path */
	handler *handle;
	int flags;
	const struct parameter *parameters;
	const char *event; /* the action of the event after a success; NULL: no event */
	/*
	 * Makes another response of a success, which is committed, or was by an earlier call with
	 * the same Idempotency-Key; NULL: the response stays.
	 */
	handler *deliver;
};

#endif
