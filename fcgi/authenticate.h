#ifndef KABUTO_AUTHENTICATE_H
#define KABUTO_AUTHENTICATE_H
/*
 * Who calls: a session's cookie or an API token says it.
 */
#include "request.h"
#include "response.h"

/*
 * Whether the call comes with an API token, right or wrong. The scheme's case does not matter (RFC
 * 9110, section 11.1). The cookie then does not count.
 */
bool authenticate_has_token(const struct request *req);

/*
 * Fills in req->caller. ERROR_UNAUTHORIZED: nobody's session or token; res then names the scheme.
 */
bool authenticate_caller(struct request *req, struct response *res, struct error *err);

#endif
