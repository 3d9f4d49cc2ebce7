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
 * Whose session token is. True with account->id == 0: it is nobody's, or it ended by being idle for
 * session_days. Counts as use, which the row notes once an hour.
 */
bool session_find(struct database *db, const char *token, int64_t session_days,
    struct account *account, struct error *err);

/* Ends one; one that is no more is success. */
bool session_end(struct database *db, const char *token, struct error *err);

/*
 * Before a password is tried: counts the attempt against the login and the address. ERROR_TOO_MANY
 * with retry_after_s where either had its share in the window of 15 minutes.
 */
bool login_attempt(struct database *db, const char *login, const char *address, int64_t login_most,
    int64_t address_most, struct error *err);

/* The same for a registration, which costs as much and leaves a row: by the address alone. */
bool register_attempt(struct database *db, const char *address, int64_t address_most,
    struct error *err);

/*
 * The password was right: the login's count is forgotten, and this attempt does not count for the
 * address.
 */
bool login_succeeded(struct database *db, const char *login, const char *address,
    struct error *err);

#endif
