#ifndef KABUTO_LOGIN_H
#define KABUTO_LOGIN_H
/*
 * The counters that slow down somebody who guesses passwords.
 */
#include <stdbool.h>

#include "database.h"
#include "error.h"

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
bool login_register(struct database *db, const char *address, int64_t address_most,
    struct error *err);

/* Counters whose window is over: counts them, or drops at most `most` of them. */
bool login_count_old(struct database *db, int64_t *count, struct error *err);
bool login_drop_old(struct database *db, int64_t most, int64_t *dropped, struct error *err);

#endif
