/*
 * Accounts. Nothing here hashes a password while it holds the database.
 */
#include "account.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "quantity.h"

bool
account_login_check(const char *login, struct error *err)
{
	size_t length = strlen(login);
	bool valid = length >= 1 && length <= LOGIN_MOST && isalnum((unsigned char)login[0]);

	for (size_t i = 1; valid && i < length; i++)
		valid = isalnum((unsigned char)login[i]) || strchr("._-", login[i]) != NULL;
	if (!valid)
		return error_set(err, ERROR_INPUT,
		    "login: 1 to %d letters, digits, '.', '_' or '-', the first a letter or digit",
		    LOGIN_MOST);
	return true;
}

/* Lenient on purpose: whether mail arrives is proven by sending some. */
bool
account_email_check(const char *email, struct error *err)
{
	size_t length = strlen(email);

	if (length == 0 || length > EMAIL_MOST)
		return error_set(err, ERROR_INPUT, "email: 1 to %d bytes", EMAIL_MOST);
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)email[i]))
			return error_set(err, ERROR_INPUT, "email: no control characters");
	return true;
}

bool
account_password_check(const char *name, const char *password, struct error *err)
{
	size_t length = strlen(password);

	if (length < PASSWORD_LEAST || length > PASSWORD_MOST)
		return error_set(err, ERROR_INPUT, "%s: a password has %d to %d bytes", name,
		    PASSWORD_LEAST, PASSWORD_MOST);
	return true;
}

bool
account_register(struct database *db, const char *login, const char *email, const char *hash,
    char token[static TOKEN_TEXT], struct error *err)
{
	unsigned char confirm_hash[TOKEN_HASH];
	int changes = 0;

	token_make(token);
	token_hash(token, confirm_hash);
	if (!database_run(db, &changes, err,
		"INSERT INTO account (login, email, password_hash, confirm_hash, created_at)"
		" VALUES (?, ?, ?, ?, ?) ON CONFLICT (login) DO NOTHING",
		"tttbi", login, email, hash, confirm_hash, TOKEN_HASH, (long long)time_now_ms()))
		return false;
	if (changes == 0)
		return error_set(err, ERROR_CONFLICT, "login: '%s' is taken; choose another",
		    login);
	return true;
}

bool
account_confirm(struct database *db, const char *login, const char *token, struct error *err)
{
	unsigned char confirm_hash[TOKEN_HASH];
	int changes = 0;

	token_hash(token, confirm_hash);
	if (!database_run(db, &changes, err,
		"UPDATE account SET confirm_hash = NULL WHERE login = ? AND confirm_hash = ?", "tb",
		login, confirm_hash, TOKEN_HASH))
		return false;
	if (changes == 0)
		return error_set(err, ERROR_NOT_FOUND, "user or token not found");
	return true;
}

bool
account_find(struct database *db, const char *login, struct account *account,
    char hash[static PASSWORD_HASH], bool *confirmed, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	*account = (struct account){ 0 };
	hash[0] = '\0';
	*confirmed = false;
	if (!statement_begin(&st, db, err,
		"SELECT id, login, admin, password_hash, confirm_hash IS NULL, disabled"
		" FROM account WHERE login = ?",
		"t", login))
		return false;
	row = statement_row(&st, err);
	if (row == 1) {
		account->id = statement_integer(&st, 0);
		snprintf(account->login, sizeof account->login, "%s", statement_text(&st, 1));
		account->admin = statement_integer(&st, 2) != 0;
		snprintf(hash, PASSWORD_HASH, "%s", statement_text(&st, 3));
		*confirmed = statement_integer(&st, 4) != 0;
		account->disabled = statement_integer(&st, 5) != 0;
	}
	return row >= 0;
}

bool
account_read(struct database *db, int64_t account, struct account_details *details,
    struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		"SELECT email, created_at,"
		" (SELECT count(*) FROM job WHERE account = account.id AND state = 'in_queue'),"
		" (SELECT count(*) FROM job WHERE account = account.id AND state = 'running'),"
		" queued_max, running_max FROM account WHERE id = ?",
		"i", (long long)account))
		return false;
	row = statement_row(&st, err);
	if (row == 0)
		return error_set(err, ERROR_NOT_FOUND, "Account not found");
	if (row < 0)
		return false;
	snprintf(details->email, sizeof details->email, "%s", statement_text(&st, 0));
	details->created_at = statement_integer(&st, 1);
	details->jobs_in_queue = statement_integer(&st, 2);
	details->jobs_running = statement_integer(&st, 3);
	details->queued_max = statement_text(&st, 4) != NULL ? statement_integer(&st, 4) : -1;
	details->running_max = statement_text(&st, 5) != NULL ? statement_integer(&st, 5) : -1;
	return true;
}

bool
account_set_password(struct database *db, int64_t account, const char *hash, const char *keep,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char kept[TOKEN_HASH];

	token_hash(keep, kept);
	return transaction_begin(&t, db, err) &&
	    database_run(db, NULL, err, "UPDATE account SET password_hash = ? WHERE id = ?", "ti",
		hash, (long long)account) &&
	    database_run(db, NULL, err, "DELETE FROM session WHERE account = ? AND hash <> ?", "ib",
		(long long)account, kept, TOKEN_HASH) &&
	    transaction_commit(&t, err);
}

bool
account_add(struct database *db, const char *login, const char *email, const char *hash, bool admin,
    struct error *err)
{
	int changes = 0;

	if (!database_run(db, &changes, err,
		"INSERT INTO account (login, email, password_hash, admin, created_at)"
		" VALUES (?, ?, ?, ?, ?) ON CONFLICT (login) DO NOTHING",
		"tttii", login, email, hash, (long long)admin, (long long)time_now_ms()))
		return false;
	return changes == 1 || error_set(err, ERROR_CONFLICT, "there is an account '%s'", login);
}

bool
account_set_disabled(struct database *db, int64_t account, bool disabled, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) &&
	    database_run(db, NULL, err, "UPDATE account SET disabled = ? WHERE id = ?", "ii",
		(long long)disabled, (long long)account) &&
	    database_run(db, NULL, err, "DELETE FROM session WHERE account = ?", "i",
		(long long)account) &&
	    transaction_commit(&t, err);
}

bool
account_set_admin(struct database *db, int64_t account, bool admin, struct error *err)
{
	return database_run(db, NULL, err, "UPDATE account SET admin = ? WHERE id = ?", "ii",
	    (long long)admin, (long long)account);
}

bool
account_set_limit(struct database *db, int64_t account, enum account_limit limit, int64_t value,
    struct error *err)
{
	static const char *const set[] = {
		[LIMIT_QUEUED] =
		    "UPDATE account SET queued_max = iif(?1 < 0, NULL, ?1) WHERE id = ?2",
		[LIMIT_RUNNING] =
		    "UPDATE account SET running_max = iif(?1 < 0, NULL, ?1) WHERE id = ?2",
		[LIMIT_STORED] =
		    "UPDATE account SET stored_max = iif(?1 < 0, NULL, ?1) WHERE id = ?2",
	};

	return database_run(db, NULL, err, set[limit], "ii", (long long)value, (long long)account);
}

static int64_t
limit_of(struct statement *st, int column)
{
	return statement_text(st, column) == NULL ? -1 : statement_integer(st, column);
}

bool
account_each(struct database *db, account_visit *visit, void *context, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		"/*scan*/ SELECT account.id, login, admin, disabled, email, confirm_hash IS NULL,"
		" account.created_at, queued_max, running_max, stored_max, coalesce(stored, 0)"
		" FROM account LEFT JOIN (SELECT account, sum(coalesce(results_size, 0) + log_size) AS stored"
		"   FROM job WHERE NOT deleted GROUP BY account) AS kept ON kept.account = account.id"
		" ORDER BY login",
		""))
		return false;
	while ((row = statement_row(&st, err)) == 1) {
		struct account_listed listed = { .email = statement_text(&st, 4),
			.confirmed = statement_integer(&st, 5) != 0,
			.created_at = statement_integer(&st, 6),
			.limits = { limit_of(&st, 7), limit_of(&st, 8), limit_of(&st, 9) },
			.stored = statement_integer(&st, 10) };

		listed.account.id = statement_integer(&st, 0);
		snprintf(listed.account.login, sizeof listed.account.login, "%s",
		    statement_text(&st, 1));
		listed.account.admin = statement_integer(&st, 2) != 0;
		listed.account.disabled = statement_integer(&st, 3) != 0;
		if (!visit(&listed, context, err))
			return false;
	}
	return row == 0;
}

bool
account_count(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "/*scan*/ SELECT count(*) FROM account", "") == 1;
}

/* What is never confirmed cannot have logged in; that it owns nothing is looked at all the same. */
#define UNCONFIRMED                                                                                \
	"SELECT id FROM account WHERE confirm_hash IS NOT NULL AND created_at < ?"                 \
	" EXCEPT SELECT account FROM image EXCEPT SELECT account FROM pipeline"

bool
account_count_unconfirmed(struct database *db, int64_t before_ms, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "/*scan*/ SELECT count(*) FROM (" UNCONFIRMED ")",
		   "i", (long long)before_ms) == 1;
}

/*
 * Foreign keys are off meanwhile: with them each row would cost a look through all jobs and builds,
 * which have no index by account, while everybody waits.
 */
bool
account_drop_unconfirmed(struct database *db, int64_t before_ms, int64_t most, int64_t *dropped,
    struct error *err)
{
	int changes = 0;
	bool done;

	database_check_references(db, false);
	done = database_run(db, &changes, err,
	    "/*scan*/ DELETE FROM account WHERE id IN (" UNCONFIRMED " LIMIT ?)", "ii",
	    (long long)before_ms, (long long)most);
	database_check_references(db, true);
	if (done)
		*dropped = changes;
	return done;
}
