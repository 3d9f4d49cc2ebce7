#ifndef KABUTO_ROUTE_H
#define KABUTO_ROUTE_H
/*
 * A route: a row that says what a call needs before its handler runs, and what is recorded after
 * it.
 */
#include <stdbool.h>

#include "error.h"
#include "parameter.h"

struct request;
struct response;

enum {
	NEEDS_SESSION = 1 << 0, /* 401 without one */
	SAYS_STATUS = 1 << 1,   /* its errors also have "status": "fail", as the original's had */
	CHANGES = 1 << 2, /* a GET that changes something: no other site's page may ask for it */
	SECRET = 1 << 3,  /* it takes or answers a secret: an Idempotency-Key is refused */
	NO_HEAD = 1 << 4  /* a GET that uses something up, and that a link may lead to */
};

/*
 * Does what the call asks for and says in res what is answered. On false err is answered, and what
 * was changed is undone.
 */
typedef bool handler(struct request *req, struct response *res, struct error *err);

struct route {
	const char *method;
	const char *path; /* a segment ":x" is an id, "*x" any text, "**x" all that is left */
	handler *handle;
	int flags;
	const struct parameter *parameters;
	const char *upload; /* the folder of the staging that takes files of PARAMETER_FILES */
	const char *event;  /* what the audit trail calls a success; NULL: it records nothing */
};

#endif
