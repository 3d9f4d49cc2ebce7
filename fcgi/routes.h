#ifndef KABUTO_ROUTES_H
#define KABUTO_ROUTES_H
/*
 * Holds all routes in one table. At most one route fits a call.
 */
#include "request.h"
#include "response.h"
#include "route.h"

/* All routes; the last one's method is NULL. */
extern const struct route routes_all[];

/*
 * Finds the route of a call and sets req->route. ERROR_NOT_FOUND: no route has this path.
 * ERROR_METHOD: no route with this path has this method; res then has an Allow header.
 */
bool routes_find(struct request *req, struct response *res, struct error *err);

#endif
