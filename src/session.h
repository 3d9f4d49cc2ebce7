#ifndef KABUTO_SESSION_H
#define KABUTO_SESSION_H
/*
 * Log-ins: sessions, and the counters that slow down who guesses passwords.
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

/*
 * Sessions that have ended by being idle, and counters of failures whose window is over: counts
 * them, or drops up to most of them.
 */
bool session_count_idle(struct database *db, int64_t session_days, int64_t *count,
    struct error *err);
bool session_drop_idle(struct database *db, int64_t session_days, int64_t most, int64_t *dropped,
    struct error *err);
bool login_failure_count_old(struct database *db, int64_t *count, struct error *err);
bool login_failure_drop_old(struct database *db, int64_t most, int64_t *dropped, struct error *err);

/* Ends one; one that is no more is success. */
bool session_end(struct database *db, const char *token, struct error *err);

/*
 * Before a password is tried, and before it is said to be right: ERROR_TOO_MANY, with
 * retry_after_s, where the login or the address had its share of failures in the window of 15
 * minutes.
 */
bool login_allowed(struct database *db, const char *login, const char *address, int64_t login_most,
    int64_t address_most, struct error *err);

/*
 * Counts a failure against the login and the address, with an event of the account (0: there is
 * none). ERROR_TOO_MANY as above: it is to be answered with that, so that of many that are tried at
 * the same time no more are told than of one after the other.
 */
bool login_failed(struct database *db, int64_t account, const char *login, const char *address,
    int64_t login_most, int64_t address_most, struct error *err);

/* The password was right: the login's failures are forgotten. */
bool login_succeeded(struct database *db, const char *login, struct error *err);

/* Counts a registration, which costs as much and leaves a row, against the address; else as above.
 */
bool register_attempt(struct database *db, const char *address, int64_t address_most,
    struct error *err);

#endif
