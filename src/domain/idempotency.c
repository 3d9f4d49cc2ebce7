/*
 * The rows of stored answers.
 */
#include "idempotency.h"

#include <string.h>

#include "clock.h"

#define KEPT_MS DAY_MS

/* The results of idempotency_find. */
struct idempotency_found {
	const struct idempotency *call;
	int *status;
	char **answer;
};

static bool
idempotency_take(struct statement *st, void *context, struct error *err)
{
	const struct idempotency_found *found = context;
	size_t length;

	if (memcmp(statement_blob(st, 0, &length), found->call->digest, DIGEST_BYTES) != 0)
		return error_set(err, ERROR_IMPOSSIBLE,
		    "Idempotency-Key: this key was used for a different call; use a new key");
	*found->status = (int)statement_integer(st, 1);
	*found->answer = statement_copy(st, 2);
	return statement_copied(st, err);
}

bool
idempotency_find(struct database *db, const struct idempotency *call, int *status, char **answer,
    struct error *err)
{
	struct idempotency_found found = { call, status, answer };

	*answer = NULL;
	return database_first(db, err,
		   "SELECT digest, status, answer FROM idempotency"
		   " WHERE account = ? AND key = ? AND created_at > ?",
		   VALUES(I(call->account), T(call->key), I(clock_now_ms() - KEPT_MS)),
		   idempotency_take, &found) >= 0;
}

static bool
idempotency_check_count(struct database *db, int64_t account, struct error *err)
{
	int64_t count = 0;

	if (database_integer(db, &count, err, "SELECT count(*) FROM idempotency WHERE account = ?",
		VALUES(I(account))) < 0)
		return false;
	if (count < IDEMPOTENCY_KEYS_MOST)
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "Idempotency-Key: an account can use at most %d keys in 24 hours",
	    IDEMPOTENCY_KEYS_MOST);
	err->retry_after_s = (int)(KEPT_MS / MS_PER_S / 24);
	return false;
}

bool
idempotency_keep(struct database *db, const struct idempotency *call, int status,
    const char *answer, struct error *err)
{
	int64_t now = clock_now_ms();

	if (!idempotency_check_count(db, call->account, err) ||
	    !database_run(db, err,
		"INSERT INTO idempotency (account, key, digest, status, answer, created_at)"
		" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, key) DO UPDATE SET"
		" digest = excluded.digest, status = excluded.status, answer = excluded.answer,"
		" created_at = excluded.created_at WHERE created_at <= ?",
		VALUES(I(call->account), T(call->key), B(call->digest, DIGEST_BYTES), I(status),
		    T(answer), I(now), I(now - KEPT_MS))))
		return false;
	return database_changes(db) == 1 ||
	    error_set(err, ERROR_CONFLICT,
		"Idempotency-Key: another call with this key runs at the same time; repeat this call");
}

bool
idempotency_count_old(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err,
		   "SELECT count(*) FROM idempotency WHERE created_at <= ?",
		   VALUES(I(clock_now_ms() - KEPT_MS))) == 1;
}

bool
idempotency_erase_old(struct database *db, int64_t most, int64_t *erased, struct error *err)
{
	return database_erase(db, erased, err,
	    "DELETE FROM idempotency WHERE (account, key) IN"
	    " (SELECT account, key FROM idempotency WHERE created_at <= ? LIMIT ?)",
	    clock_now_ms() - KEPT_MS, most);
}
