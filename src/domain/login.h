#ifndef KABUTO_LOGIN_H
#define KABUTO_LOGIN_H
/*
 * Counters that limit log-ins with wrong passwords, and registrations.
 */
#include <stdbool.h>

#include "database.h"
#include "error.h"

/*
 * Must be called before a password is checked, and again before the answer says that it is right.
 * ERROR_TOO_MANY, with retry_after_s: the login or the address has reached its limit of failures in
 * the window of 15 minutes.
 */
bool login_allowed(struct database *db, const char *login, const char *address, int64_t login_most,
    int64_t address_most, struct error *err);

/*
 * Counts a failure of the login and of the address, and adds an event to the account (0: the login
 * is unknown). ERROR_TOO_MANY as above: the caller must answer with it, so that many tries at the
 * same time do not learn more than tries one after the other.
 */
bool login_failed(struct database *db, int64_t account, const char *login, const char *address,
    int64_t login_most, int64_t address_most, struct error *err);

/* The password was right: removes the login's failures. */
bool login_succeeded(struct database *db, const char *login, struct error *err);

/* Counts a registration from the address. ERROR_TOO_MANY as above. */
bool login_register(struct database *db, const char *address, int64_t address_most,
    struct error *err);

/* Count, or drop at most `most` of, the counters with a window that is over. */
bool login_count_old(struct database *db, int64_t *count, struct error *err);
bool login_erase_old(struct database *db, int64_t most, int64_t *erased, struct error *err);

#endif
