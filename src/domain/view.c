/*
 * The rows of views. A row has only the hash of the token.
 */
#include "view.h"

#include "clock.h"
#include "transaction.h"

bool
view_open(struct database *db, int64_t account, int64_t job, char token[static TOKEN_TEXT],
    int64_t *expires_at, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char hash[TOKEN_HASH];
	int64_t now = clock_now_ms();

	secret_make_token(token);
	secret_hash_token(token, hash);
	*expires_at = now + VIEW_HOURS * 60 * 60 * MS_PER_S;
	return transaction_begin(&t, db, err) &&
	    database_run(db, err, "DELETE FROM view WHERE expires_at <= ?", VALUES(I(now))) &&
	    database_run(db, err,
		"DELETE FROM view WHERE hash IN (SELECT hash FROM view WHERE account = ?"
		" ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
		VALUES(I(account), I(VIEWS_MOST - 1))) &&
	    database_run(db, err,
		"INSERT INTO view (hash, account, job, expires_at) VALUES (?, ?, ?, ?)",
		VALUES(B(hash, TOKEN_HASH), I(account), I(job), I(*expires_at))) &&
	    transaction_commit(&t, err);
}

/* A view's row, and its account. */
struct view_row {
	struct account *account;
	int64_t *job;
};

static bool
view_take(struct statement *st, void *context, struct error *err)
{
	struct view_row *row = context;

	(void)err;
	*row->job = statement_integer(st, 0);
	account_read_row(st, 1, row->account);
	return true;
}

bool
view_find(struct database *db, const char *token, struct account *account, int64_t *job,
    struct error *err)
{
	struct view_row row = { account, job };
	unsigned char hash[TOKEN_HASH];
	int found;

	*account = account_nobody();
	secret_hash_token(token, hash);
	found = database_first(db, err,
	    "SELECT view.job, " ACCOUNT_COLUMNS
	    " FROM view JOIN account ON account.id = view.account"
	    " WHERE view.hash = ? AND view.expires_at > ? AND NOT account.disabled",
	    VALUES(B(hash, TOKEN_HASH), I(clock_now_ms())), view_take, &row);
	return found == 1 ||
	    (found == 0 &&
		error_set(err, ERROR_NOT_FOUND,
		    "this view does not exist or has ended: open the results again from their job"));
}

bool
view_count_ended(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "SELECT count(*) FROM view WHERE expires_at <= ?",
		   VALUES(I(clock_now_ms()))) == 1;
}

bool
view_erase_ended(struct database *db, int64_t most, int64_t *erased, struct error *err)
{
	return database_erase(db, erased, err,
	    "DELETE FROM view WHERE hash IN"
	    " (SELECT hash FROM view WHERE expires_at <= ? LIMIT ?)",
	    clock_now_ms(), most);
}
