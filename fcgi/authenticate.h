#ifndef KABUTO_AUTHENTICATE_H
#define KABUTO_AUTHENTICATE_H
/*
 * Finds the account that makes a call, by the session's cookie or by the API token.
 */
#include "request.h"
#include "response.h"

/*
 * Returns whether the call has an API token, right or wrong. If it has one, its cookie is ignored.
 * The scheme's case does not matter (RFC 9110, section 11.1).
 */
bool authenticate_has_token(const struct request *req);

/*
 * Fills in req->caller. ERROR_UNAUTHORIZED: the session or token is missing, unknown or expired;
 * res then has WWW-Authenticate headers, which name the schemes.
 */
bool authenticate_caller(struct request *req, struct response *res, struct error *err);

/*
 * Checks the session or token of a call that stays open, and reads its account again. It writes
 * nothing. If the session has ended, returns true with caller->account.id == 0. On false the
 * account stays as it was.
 */
bool authenticate_again(struct database *db, const struct config *config, struct caller *caller,
    struct error *err);

#endif
