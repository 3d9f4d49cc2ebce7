/*
 * The rows of API tokens.
 */
#include "token.h"

#include <string.h>

#include "clock.h"
#include "transaction.h"

#define USE_RECORDED_MS (60 * 60 * MS_PER_S)

bool
token_create(struct database *db, int64_t account, const char *name, int64_t days, int64_t *id,
    char value[static API_TOKEN_TEXT], struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char hash[TOKEN_HASH];
	int64_t now = clock_now_ms();
	int64_t count = 0;

	strcpy(value, API_TOKEN_PREFIX);
	secret_make_token(value + strlen(API_TOKEN_PREFIX));
	secret_hash_token(value, hash);
	if (!transaction_begin(&t, db, err) ||
	    database_integer(db, &count, err, "SELECT count(*) FROM token WHERE account = ?",
		VALUES(I(account))) < 0)
		return false;
	if (count >= API_TOKENS_MOST)
		return error_set(err, ERROR_CONFLICT,
		    "an account may have at most %d tokens; delete one first", API_TOKENS_MOST);
	if (!database_run(db, err,
		"INSERT INTO token (account, name, hash, created_at, expires_at)"
		" VALUES (?, ?, ?, ?, ?)",
		VALUES(I(account), T(name), B(hash, TOKEN_HASH), I(now),
		    N(days == 0 ? 0 : now + days * DAY_MS))))
		return false;
	*id = database_inserted(db);
	return transaction_commit(&t, err);
}

/* A token's row, and its account. */
struct token_row {
	struct account *account;
	int64_t id;      /* 0: the token does not exist */
	int64_t used_at; /* when its use was recorded last, in ms since 1970 */
};

static bool
token_take(struct statement *st, void *context, struct error *err)
{
	struct token_row *row = context;

	(void)err;
	row->id = statement_integer(st, 0);
	row->used_at = statement_integer(st, 1);
	account_read_row(st, 2, row->account);
	return true;
}

/* Reads the row of a valid token. row->id is 0 if there is none. */
static bool
token_read(struct database *db, const char *value, struct token_row *row, struct error *err)
{
	unsigned char hash[TOKEN_HASH];

	*row->account = account_nobody();
	secret_hash_token(value, hash);
	return database_first(db, err,
		   "SELECT token.id, coalesce(token.used_at, 0), " ACCOUNT_COLUMNS
		   " FROM token JOIN account ON account.id = token.account"
		   " WHERE token.hash = ? AND (expires_at IS NULL OR expires_at > ?)"
		   " AND NOT account.disabled",
		   VALUES(B(hash, TOKEN_HASH), I(clock_now_ms())), token_take, row) >= 0;
}

bool
token_find(struct database *db, const char *value, struct account *account, int64_t *id,
    struct error *err)
{
	struct token_row row = { .account = account };
	int64_t now = clock_now_ms();

	if (!token_read(db, value, &row, err))
		return false;
	*id = row.id;
	return row.id == 0 || now - row.used_at < USE_RECORDED_MS ||
	    database_run(db, err, "UPDATE token SET used_at = ? WHERE id = ?",
		VALUES(I(now), I(row.id)));
}

bool
token_check(struct database *db, const char *value, struct account *account, struct error *err)
{
	struct token_row row = { .account = account };

	return token_read(db, value, &row, err);
}

#define TOKEN_COLUMNS "SELECT id, name, created_at, expires_at, used_at FROM token"

struct token_each {
	token_visit *visit;
	void *context;
};

static bool
token_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct token_each *each = context;
	const struct token token = {
		.id = statement_integer(st, 0),
		.name = statement_text(st, 1),
		.created_at = statement_integer(st, 2),
		.expires_at = statement_integer(st, 3),
		.used_at = statement_integer(st, 4),
	};

	return each->visit(&token, each->context, err);
}

bool
token_each(struct database *db, int64_t account, int64_t after, int64_t limit, token_visit *visit,
    void *context, struct error *err)
{
	struct token_each each = { visit, context };

	return database_each(db, err,
	    TOKEN_COLUMNS " WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
	    VALUES(I(account), I(after), I(limit)), token_visit_row, &each);
}

bool
token_show(struct database *db, int64_t account, int64_t id, token_visit *visit, void *context,
    struct error *err)
{
	struct token_each each = { visit, context };
	int row = database_first(db, err, TOKEN_COLUMNS " WHERE id = ? AND account = ?",
	    VALUES(I(id), I(account)), token_visit_row, &each);

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Token not found"));
}

bool
token_erase(struct database *db, int64_t account, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, err, "DELETE FROM token WHERE id = ? AND account = ?",
		VALUES(I(id), I(account))))
		return false;
	if (database_changes(db) == 0)
		return error_set(err, ERROR_NOT_FOUND, "Token not found");
	return transaction_commit(&t, err);
}

bool
token_count_expired(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "SELECT count(*) FROM token WHERE expires_at < ?",
		   VALUES(I(clock_now_ms()))) == 1;
}

bool
token_erase_expired(struct database *db, int64_t most, int64_t *erased, struct error *err)
{
	return database_erase(db, erased, err,
	    "DELETE FROM token WHERE id IN (SELECT id FROM token WHERE expires_at < ? LIMIT ?)",
	    clock_now_ms(), most);
}
