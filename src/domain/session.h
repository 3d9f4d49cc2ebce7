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
 * Opens a session of the account; token is for its cookie. Ended sessions of anybody are removed.
 */
bool session_open(struct database *db, int64_t account, int64_t session_days,
    char token[static TOKEN_TEXT], struct error *err);

/*
 * Whose session token is. True with account->id == 0: it is nobody's or a disabled account's, or it
 * ended by being idle for session_days. Counts as use, which the row notes once an hour.
 */
bool session_find(struct database *db, const char *token, int64_t session_days,
    struct account *account, struct error *err);

/* Sessions that have ended by being idle: counts them, or drops at most `most` of them. */
bool session_count_idle(struct database *db, int64_t session_days, int64_t *count,
    struct error *err);
bool session_drop_idle(struct database *db, int64_t session_days, int64_t most, int64_t *dropped,
    struct error *err);

/* Ends one; one that is no more is success. */
bool session_end(struct database *db, const char *token, struct error *err);

#endif
