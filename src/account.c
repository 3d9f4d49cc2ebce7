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
	cleanup_statement struct statement st = { NULL, NULL };
	int row;

	*account = (struct account){ 0 };
	hash[0] = '\0';
	*confirmed = false;
	if (!statement_begin(&st, db, err,
		"SELECT id, login, admin, password_hash, confirm_hash IS NULL FROM account WHERE login = ?",
		"t", login))
		return false;
	row = statement_row(&st, err);
	if (row == 1) {
		account->id = statement_integer(&st, 0);
		snprintf(account->login, sizeof account->login, "%s", statement_text(&st, 1));
		account->admin = statement_integer(&st, 2) != 0;
		snprintf(hash, PASSWORD_HASH, "%s", statement_text(&st, 3));
		*confirmed = statement_integer(&st, 4) != 0;
	}
	return row >= 0;
}

bool
account_read(struct database *db, int64_t account, struct account_details *details,
    struct error *err)
{
	cleanup_statement struct statement st = { NULL, NULL };
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
