#ifndef KABUTO_SESSION_H
#define KABUTO_SESSION_H
/*
 * Sessions: log-ins that have not ended.
 */
#include <stdbool.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "secret.h"

/*
 * Opens a session of the account; token is for its cookie. Removes ended sessions of all accounts.
 */
bool session_open(struct database *db, int64_t account, int64_t session_days,
    char token[static TOKEN_TEXT], struct error *err);

/*
 * Finds the account of a session, by its token, and records the use of the session (once an hour).
 * If the session does not exist, its account is disabled, or it was idle for session_days, returns
 * true with account->id == 0.
 */
bool session_find(struct database *db, const char *token, int64_t session_days,
    struct account *account, struct error *err);

/*
 * The same, but records no use: it writes nothing. For a call that stays open, which checks its
 * session again and again.
 */
bool session_check(struct database *db, const char *token, int64_t session_days,
    struct account *account, struct error *err);

/* Count, or drop at most `most` of, the sessions that were idle for session_days. */
bool session_count_idle(struct database *db, int64_t session_days, int64_t *count,
    struct error *err);
bool session_erase_idle(struct database *db, int64_t session_days, int64_t most, int64_t *erased,
    struct error *err);

/* Ends a session. Returns true if it does not exist. */
bool session_end(struct database *db, const char *token, struct error *err);

#endif
