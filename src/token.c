/*
 * Rows of API tokens.
 */
#include "token.h"

#include <string.h>

#include "quantity.h"

#define USE_NOTED_MS (60 * 60 * MS_PER_S)

bool
token_create(struct database *db, int64_t account, const char *name, int64_t days, int64_t *id,
    char value[static API_TOKEN_TEXT], struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char hash[TOKEN_HASH];
	long long now = time_now_ms();
	int64_t count = 0;

	strcpy(value, API_TOKEN_PREFIX);
	token_make(value + strlen(API_TOKEN_PREFIX));
	token_hash(value, hash);
	if (!transaction_begin(&t, db, err) ||
	    database_integer(db, &count, err, "SELECT count(*) FROM token WHERE account = ?", "i",
		(long long)account) < 0)
		return false;
	if (count >= API_TOKENS_MOST)
		return error_set(err, ERROR_CONFLICT,
		    "an account has at most %d tokens; delete one", API_TOKENS_MOST);
	if (!database_run(db, NULL, err,
		"INSERT INTO token (account, name, hash, created_at, expires_at)"
		" VALUES (?, ?, ?, ?, ?)",
		"itbin", (long long)account, name, hash, TOKEN_HASH, now,
		days == 0 ? 0LL : now + (long long)days * DAY_MS))
		return false;
	*id = database_inserted(db);
	return transaction_commit(&t, err);
}

/* Reads the row of a hash; *used_at is when its use was noted last. */
static bool
read_row(struct database *db, const unsigned char *hash, struct account *account, int64_t *id,
    int64_t *used_at, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		"SELECT token.id, coalesce(token.used_at, 0), " ACCOUNT_COLUMNS
		" FROM token JOIN account ON account.id = token.account"
		" WHERE token.hash = ? AND (expires_at IS NULL OR expires_at > ?)"
		" AND NOT account.disabled",
		"bi", hash, TOKEN_HASH, (long long)time_now_ms()))
		return false;
	row = statement_row(&st, err);
	if (row == 1) {
		*id = statement_integer(&st, 0);
		*used_at = statement_integer(&st, 1);
		account_read_row(&st, 2, account);
	}
	return row >= 0;
}

bool
token_find(struct database *db, const char *value, struct account *account, int64_t *id,
    struct error *err)
{
	unsigned char hash[TOKEN_HASH];
	int64_t now = time_now_ms(), used_at = 0;

	*account = (struct account){ 0 };
	*id = 0;
	token_hash(value, hash);
	if (!read_row(db, hash, account, id, &used_at, err))
		return false;
	return *id == 0 || now - used_at < USE_NOTED_MS ||
	    database_run(db, NULL, err, "UPDATE token SET used_at = ? WHERE id = ?", "ii",
		(long long)now, (long long)*id);
}

#define TOKEN_COLUMNS "SELECT id, name, created_at, expires_at, used_at FROM token"

static bool
visit_row(struct statement *st, token_visit *visit, void *context, struct error *err)
{
	const struct token token = {
		.id = statement_integer(st, 0),
		.name = statement_text(st, 1),
		.created_at = statement_integer(st, 2),
		.expires_at = statement_integer(st, 3),
		.used_at = statement_integer(st, 4),
	};

	return visit(&token, context, err);
}

bool
token_each(struct database *db, int64_t account, int64_t after, int64_t limit, token_visit *visit,
    void *context, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		TOKEN_COLUMNS " WHERE account = ? AND id > ? ORDER BY id LIMIT ?", "iii",
		(long long)account, (long long)after, (long long)limit))
		return false;
	while ((row = statement_row(&st, err)) == 1)
		if (!visit_row(&st, visit, context, err))
			return false;
	return row == 0;
}

bool
token_show(struct database *db, int64_t account, int64_t id, token_visit *visit, void *context,
    struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err, TOKEN_COLUMNS " WHERE id = ? AND account = ?", "ii",
		(long long)id, (long long)account))
		return false;
	row = statement_row(&st, err);
	if (row == 0)
		return error_set(err, ERROR_NOT_FOUND, "Token not found");
	return row == 1 && visit_row(&st, visit, context, err);
}

bool
token_delete(struct database *db, int64_t account, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int changes = 0;

	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, &changes, err, "DELETE FROM token WHERE id = ? AND account = ?", "ii",
		(long long)id, (long long)account))
		return false;
	if (changes == 0)
		return error_set(err, ERROR_NOT_FOUND, "Token not found");
	return transaction_commit(&t, err);
}

bool
token_count_expired(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "SELECT count(*) FROM token WHERE expires_at < ?",
		   "i", (long long)time_now_ms()) == 1;
}

bool
token_drop_expired(struct database *db, int64_t most, int64_t *dropped, struct error *err)
{
	return database_drop(db, dropped, err,
	    "DELETE FROM token WHERE id IN (SELECT id FROM token WHERE expires_at < ? LIMIT ?)",
	    time_now_ms(), most);
}
