#ifndef KABUTO_VIEW_H
#define KABUTO_VIEW_H
/*
 * Views: for an hour, who knows a view's token may read the files of a job's outbox without a
 * log-in. So a browser can show them below a URL of their own, and sends no cookie there.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "secret.h"

#define VIEW_HOURS 1
#define VIEWS_MOST 100 /* of an account at a time; another one ends the oldest */

/*
 * Opens a view of the job for an account that may see it. Removes ended views of all accounts.
 * *expires_at gets the time of its end, in ms since 1970. The caller holds a transaction.
 */
bool view_open(struct database *db, int64_t account, int64_t job, char token[static TOKEN_TEXT],
    int64_t *expires_at, struct error *err);

/*
 * Finds a view by its token: the account that opened it, and the job. ERROR_NOT_FOUND: it does not
 * exist, has ended, or its account is disabled. The account may have lost the job since.
 */
bool view_find(struct database *db, const char *token, struct account *account, int64_t *job,
    struct error *err);

/* Count, or drop at most `most` of, the views that have ended. */
bool view_count_ended(struct database *db, int64_t *count, struct error *err);
bool view_erase_ended(struct database *db, int64_t most, int64_t *erased, struct error *err);

#endif
