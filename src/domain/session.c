/*
 * The rows of sessions. A row has only the hash of the token.
 */
#include "session.h"

#include "clock.h"
#include "transaction.h"

#define USE_RECORDED_MS (60 * 60 * MS_PER_S)

bool
session_open(struct database *db, int64_t account, int64_t session_days,
    char token[static TOKEN_TEXT], struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char hash[TOKEN_HASH];
	int64_t now = clock_now_ms();

	secret_make_token(token);
	secret_hash_token(token, hash);
	return transaction_begin(&t, db, err) &&
	    database_run(db, err, "DELETE FROM session WHERE used_at < ?",
		VALUES(I(now - session_days * DAY_MS))) &&
	    database_run(db, err, "INSERT INTO session (hash, account, used_at) VALUES (?, ?, ?)",
		VALUES(B(hash, TOKEN_HASH), I(account), I(now))) &&
	    transaction_commit(&t, err);
}

/* A session's row, and its account. */
struct session_row {
	struct account *account;
	int64_t used_at; /* ms since 1970; 0: the session does not exist */
};

static bool
session_take(struct statement *st, void *context, struct error *err)
{
	struct session_row *row = context;

	(void)err;
	row->used_at = statement_integer(st, 0);
	account_read_row(st, 1, row->account);
	return true;
}

/* Reads a session by its hash. *used_at gets the time of its last use, to the hour. */
static bool
session_read(struct database *db, const unsigned char hash[static TOKEN_HASH], int64_t session_days,
    struct account *account, int64_t *used_at, struct error *err)
{
	struct session_row row = { account, 0 };

	*account = account_nobody();
	if (database_first(db, err,
		"SELECT session.used_at, " ACCOUNT_COLUMNS
		" FROM session JOIN account ON account.id = session.account"
		" WHERE session.hash = ? AND NOT account.disabled",
		VALUES(B(hash, TOKEN_HASH)), session_take, &row) < 0)
		return false;
	if (account->id == 0 || row.used_at < clock_now_ms() - session_days * DAY_MS)
		*account = account_nobody();
	*used_at = row.used_at;
	return true;
}

bool
session_find(struct database *db, const char *token, int64_t session_days, struct account *account,
    struct error *err)
{
	unsigned char hash[TOKEN_HASH];
	int64_t now = clock_now_ms(), used_at;

	secret_hash_token(token, hash);
	if (!session_read(db, hash, session_days, account, &used_at, err))
		return false;
	return account->id == 0 || now - used_at < USE_RECORDED_MS ||
	    database_run(db, err, "UPDATE session SET used_at = ? WHERE hash = ?",
		VALUES(I(now), B(hash, TOKEN_HASH)));
}

bool
session_check(struct database *db, const char *token, int64_t session_days, struct account *account,
    struct error *err)
{
	unsigned char hash[TOKEN_HASH];
	int64_t used_at;

	secret_hash_token(token, hash);
	return session_read(db, hash, session_days, account, &used_at, err);
}

bool
session_end(struct database *db, const char *token, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char hash[TOKEN_HASH];

	secret_hash_token(token, hash);
	return transaction_begin(&t, db, err) &&
	    database_run(db, err, "DELETE FROM session WHERE hash = ?",
		VALUES(B(hash, TOKEN_HASH))) &&
	    transaction_commit(&t, err);
}

bool
session_count_idle(struct database *db, int64_t session_days, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "SELECT count(*) FROM session WHERE used_at < ?",
		   VALUES(I(clock_now_ms() - session_days * DAY_MS))) == 1;
}

bool
session_erase_idle(struct database *db, int64_t session_days, int64_t most, int64_t *erased,
    struct error *err)
{
	return database_erase(db, erased, err,
	    "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE used_at < ? LIMIT ?)",
	    clock_now_ms() - session_days * DAY_MS, most);
}
