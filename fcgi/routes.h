#ifndef KABUTO_ROUTES_H
#define KABUTO_ROUTES_H
/*
 * All routes in one table. No two of them fit the same call.
 */
#include "request.h"
#include "response.h"
#include "route.h"

/* All routes; the last one's method is NULL. */
extern const struct route routes_all[];

/*
 * Finds the route of a call, and sets req->route. ERROR_NOT_FOUND: no route has this path.
 * ERROR_METHOD: none has this method; res then names those that are allowed.
 */
bool routes_find(struct request *req, struct response *res, struct error *err);

#endif
