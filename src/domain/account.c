/*
 * Accounts. No function here hashes a password, since that takes too long within a transaction.
 */
#include "account.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "password.h"
#include "quantity.h"
#include "transaction.h"
#include "utf8.h"

#define ACCOUNT_LIMIT_ROW(id, column, called, member, answered, is_bytes, unlimited)               \
	[LIMIT_##id] = { .word = #called,                                                          \
		.answer = #answered,                                                               \
		.setting = offsetof(struct config, member),                                        \
		.update =                                                                          \
		    "UPDATE account SET " #column "_max = iif(?1 < 0, NULL, ?1) WHERE id = ?2",    \
		.bytes = is_bytes,                                                                 \
		.may_be_unlimited = unlimited },

const struct account_limit_row account_limits[ACCOUNT_LIMITS] = {
	ACCOUNT_LIMIT_TABLE(ACCOUNT_LIMIT_ROW)
};

struct account
account_nobody(void)
{
	struct account nobody = { .id = 0 };

	for (int i = 0; i < ACCOUNT_LIMITS; i++)
		nobody.limits[i] = -1;
	return nobody;
}

int64_t
account_limit(const struct account *account, enum account_limit limit, const struct config *config)
{
	if (account->limits[limit] >= 0)
		return account->limits[limit];
	return *(const int64_t *)(const void *)((const char *)config +
	    account_limits[limit].setting);
}

void
account_read_row(struct statement *st, int column, struct account *account)
{
	account->id = statement_integer(st, column++);
	snprintf(account->login, sizeof account->login, "%s", statement_text(st, column++));
	account->admin = statement_integer(st, column++) != 0;
	account->disabled = statement_integer(st, column++) != 0;
	for (int i = 0; i < ACCOUNT_LIMITS; i++, column++)
		account->limits[i] =
		    statement_text(st, column) == NULL ? -1 : statement_integer(st, column);
	account->storage = statement_integer(st, column++);
	account->from_directory = statement_integer(st, column) != 0;
}

bool
account_login_check(const char *login, struct error *err)
{
	size_t length = strlen(login);
	bool valid = length >= 1 && length <= LOGIN_MOST && isalnum((unsigned char)login[0]);

	for (size_t i = 1; valid && i < length; i++)
		valid = isalnum((unsigned char)login[i]) || strchr("._-", login[i]) != NULL;
	if (!valid)
		return error_set(err, ERROR_INPUT,
		    "login: must be 1 to %d letters, digits, '.', '_' or '-', the first one a letter or digit",
		    LOGIN_MOST);
	return true;
}

/* Checks little: only sending mail proves that it arrives. */
bool
account_email_check(const char *email, struct error *err)
{
	size_t length = strlen(email);

	if (length == 0 || length > EMAIL_MOST)
		return error_set(err, ERROR_INPUT, "email: must have 1 to %d bytes", EMAIL_MOST);
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)email[i]))
			return error_set(err, ERROR_INPUT,
			    "email: must not contain control characters");
	return utf8_valid(email, length) ||
	    error_set(err, ERROR_INPUT, "email: must be valid UTF-8");
}

bool
account_password_check(const char *name, const char *password, struct error *err)
{
	size_t length = strlen(password);

	if (length < PASSWORD_LEAST || length > PASSWORD_MOST)
		return error_set(err, ERROR_INPUT, "%s: a password must have %d to %d bytes", name,
		    PASSWORD_LEAST, PASSWORD_MOST);
	return true;
}

bool
account_register(struct database *db, const char *login, const char *email, const char *hash,
    struct account *account, char token[static TOKEN_TEXT], struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char confirm_hash[TOKEN_HASH];

	secret_make_token(token);
	secret_hash_token(token, confirm_hash);
	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, err,
		"INSERT INTO account (login, email, password_hash, confirm_hash, created_at)"
		" VALUES (?, ?, ?, ?, ?) ON CONFLICT (login) DO NOTHING",
		VALUES(T(login), T(email), T(hash), B(confirm_hash, TOKEN_HASH),
		    I(clock_now_ms()))))
		return false;
	if (database_changes(db) == 0)
		return error_set(err, ERROR_CONFLICT, "login: '%s' is taken; choose another",
		    login);
	*account = account_nobody();
	account->id = database_inserted(db);
	snprintf(account->login, sizeof account->login, "%s", login);
	return transaction_commit(&t, err);
}

bool
account_confirm(struct database *db, const char *login, const char *token, struct account *account,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char confirm_hash[TOKEN_HASH];
	int64_t id = 0;

	secret_hash_token(token, confirm_hash);
	if (!transaction_begin(&t, db, err) ||
	    database_integer(db, &id, err,
		"UPDATE account SET confirm_hash = NULL WHERE login = ? AND confirm_hash = ?"
		" RETURNING id",
		VALUES(T(login), B(confirm_hash, TOKEN_HASH))) < 0)
		return false;
	if (id == 0)
		return error_set(err, ERROR_NOT_FOUND, "user or token not found");
	*account = account_nobody();
	account->id = id;
	snprintf(account->login, sizeof account->login, "%s", login);
	return transaction_commit(&t, err);
}

/* The results of account_find. */
struct account_found {
	struct account *account;
	char *hash;
	bool *confirmed;
};

static bool
account_take_found(struct statement *st, void *context, struct error *err)
{
	const struct account_found *found = context;

	(void)err;
	statement_take_text(st, 0, found->hash, PASSWORD_HASH);
	*found->confirmed = statement_integer(st, 1) != 0;
	account_read_row(st, 2, found->account);
	return true;
}

bool
account_find(struct database *db, const char *login, struct account *account,
    char hash[static PASSWORD_HASH], bool *confirmed, struct error *err)
{
	struct account_found found = { account, hash, confirmed };

	*account = account_nobody();
	hash[0] = '\0';
	*confirmed = false;
	return database_first(db, err,
		   "SELECT password_hash, confirm_hash IS NULL, " ACCOUNT_COLUMNS
		   " FROM account WHERE login = ?",
		   VALUES(T(login)), account_take_found, &found) >= 0;
}

bool
account_of_directory(struct database *db, const char *login, const char *email,
    struct account *account, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	char hash[PASSWORD_HASH];
	bool confirmed;

	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, err,
		"INSERT INTO account (login, email, password_hash, source, created_at)"
		" VALUES (?, ?, '', 'ldap', ?) ON CONFLICT (login) DO UPDATE"
		" SET email = iif(excluded.email = '', email, excluded.email) WHERE source = 'ldap'",
		VALUES(T(login), T(email), I(clock_now_ms()))) ||
	    !account_find(db, login, account, hash, &confirmed, err))
		return false;
	if (!account->from_directory)
		return error_set(err, ERROR_CONFLICT, "login: '%s' is a local account", login);
	return transaction_commit(&t, err);
}

bool
account_erase(struct database *db, int64_t account, struct error *err)
{
	bool done;

	connection_check_references(db, false); /* it owns nothing: see account_erase_unconfirmed */
	done = database_run(db, err,
	    "DELETE FROM account WHERE id = ? AND confirm_hash IS NOT NULL", VALUES(I(account)));
	connection_check_references(db, true);
	return done;
}

bool
account_renew_token(struct database *db, int64_t account, char token[static TOKEN_TEXT],
    struct error *err)
{
	unsigned char hash[TOKEN_HASH];

	secret_make_token(token);
	secret_hash_token(token, hash);
	if (!database_run(db, err,
		"UPDATE account SET confirm_hash = ? WHERE id = ? AND confirm_hash IS NOT NULL",
		VALUES(B(hash, TOKEN_HASH), I(account))))
		return false;
	return database_changes(db) == 1 ||
	    error_set(err, ERROR_CONFLICT, "the account is already confirmed; log in");
}

static bool
account_take_details(struct statement *st, void *context, struct error *err)
{
	struct account_details *details = context;

	(void)err;
	statement_take_text(st, 0, details->email, sizeof details->email);
	details->created_at = statement_integer(st, 1);
	details->jobs_in_queue = statement_integer(st, 2);
	details->jobs_running = statement_integer(st, 3);
	details->builds = statement_integer(st, 4);
	return true;
}

bool
account_read(struct database *db, int64_t account, struct account_details *details,
    struct error *err)
{
	int row = database_first(db, err,
	    "SELECT email, created_at,"
	    " (SELECT count(*) FROM job WHERE account = account.id AND state = 'in_queue'),"
	    " (SELECT count(*) FROM job WHERE account = account.id AND state = 'running'),"
	    " (SELECT count(*) FROM build WHERE account = account.id AND state = 'PENDING')"
	    " FROM account WHERE id = ?",
	    VALUES(I(account)), account_take_details, details);

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Account not found"));
}

bool
account_set_password(struct database *db, int64_t account, const char *hash, const char *keep,
    struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	unsigned char kept[TOKEN_HASH];

	secret_hash_token(keep, kept);
	return transaction_begin(&t, db, err) &&
	    database_run(db, err, "UPDATE account SET password_hash = ? WHERE id = ?",
		VALUES(T(hash), I(account))) &&
	    database_run(db, err, "DELETE FROM session WHERE account = ? AND hash <> ?",
		VALUES(I(account), B(kept, TOKEN_HASH))) &&
	    database_run(db, err, "DELETE FROM view WHERE account = ?", VALUES(I(account))) &&
	    transaction_commit(&t, err);
}

bool
account_add(struct database *db, const char *login, const char *email, const char *hash, bool admin,
    struct error *err)
{

	if (!database_run(db, err,
		"INSERT INTO account (login, email, password_hash, admin, created_at)"
		" VALUES (?, ?, ?, ?, ?) ON CONFLICT (login) DO NOTHING",
		VALUES(T(login), T(email), T(hash), I(admin), I(clock_now_ms()))))
		return false;
	return database_changes(db) == 1 ||
	    error_set(err, ERROR_CONFLICT, "an account '%s' already exists; choose another login",
		login);
}

bool
account_set_disabled(struct database *db, int64_t account, bool disabled, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) &&
	    database_run(db, err, "UPDATE account SET disabled = ? WHERE id = ?",
		VALUES(I(disabled), I(account))) &&
	    database_run(db, err, "DELETE FROM session WHERE account = ?", VALUES(I(account))) &&
	    database_run(db, err, "DELETE FROM view WHERE account = ?", VALUES(I(account))) &&
	    transaction_commit(&t, err);
}

bool
account_set_admin(struct database *db, int64_t account, bool admin, struct error *err)
{
	return database_run(db, err, "UPDATE account SET admin = ? WHERE id = ?",
	    VALUES(I(admin), I(account)));
}

bool
account_set_limit(struct database *db, int64_t account, enum account_limit limit, int64_t value,
    struct error *err)
{
	return database_run(db, err, account_limits[limit].update, VALUES(I(value), I(account)));
}

struct account_each {
	account_visit *visit;
	void *context;
};

static bool
account_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct account_each *each = context;
	struct account_listed listed = { .email = statement_text(st, 0),
		.confirmed = statement_integer(st, 1) != 0,
		.created_at = statement_integer(st, 2) };

	account_read_row(st, 3, &listed.account);
	return each->visit(&listed, each->context, err);
}

bool
account_each(struct database *db, account_visit *visit, void *context, struct error *err)
{
	struct account_each each = { visit, context };

	return database_each(db, err,
	    "/*scan*/ SELECT email, confirm_hash IS NULL, created_at, " ACCOUNT_COLUMNS
	    " FROM account ORDER BY login",
	    NO_VALUES, account_visit_row, &each);
}

/* How much an account stores, and its limit. */
struct account_storage {
	int64_t stored, most; /* bytes; most 0: no limit */
};

static bool
account_take_storage(struct statement *st, void *context, struct error *err)
{
	struct account_storage *storage = context;

	(void)err;
	storage->stored = statement_integer(st, 0);
	storage->most = statement_integer(st, 1);
	return true;
}

bool
account_storage_check(struct database *db, int64_t account, int64_t storage_max, struct error *err)
{
	char stored[QUANTITY_TEXT], limit[QUANTITY_TEXT];
	struct account_storage storage = { 0 };

	if (database_first(db, err,
		"SELECT storage, coalesce(storage_max, ?) FROM account WHERE id = ?",
		VALUES(I(storage_max), I(account)), account_take_storage, &storage) < 0)
		return false;
	return storage.most == 0 || storage.stored <= storage.most ||
	    error_set(err, ERROR_TOO_LARGE,
		"storage: an account may store %s, but this one would store %s; delete jobs that you no longer need",
		quantity_format_bytes(storage.most, limit),
		quantity_format_bytes(storage.stored, stored));
}

bool
account_count(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "/*scan*/ SELECT count(*) FROM account",
		   NO_VALUES) == 1;
}

/* An account that was never confirmed cannot own anything, but this checks it to be safe. */
#define UNCONFIRMED                                                                                \
	"SELECT id FROM account WHERE confirm_hash IS NOT NULL AND created_at < ?"                 \
	" EXCEPT SELECT account FROM image EXCEPT SELECT account FROM pipeline"

bool
account_count_unconfirmed(struct database *db, int64_t before_ms, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "/*scan*/ SELECT count(*) FROM (" UNCONFIRMED ")",
		   VALUES(I(before_ms))) == 1;
}

/*
 * Switches the check of foreign keys off: it would scan all builds for each account, since they
 * have no index by account, and other processes would wait for the lock.
 */
bool
account_erase_unconfirmed(struct database *db, int64_t before_ms, int64_t most, int64_t *erased,
    struct error *err)
{
	bool done;

	connection_check_references(db, false);
	done = database_run(db, err,
	    "/*scan*/ DELETE FROM account WHERE id IN (" UNCONFIRMED " LIMIT ?)",
	    VALUES(I(before_ms), I(most)));
	connection_check_references(db, true);
	if (done)
		*erased = database_changes(db);
	return done;
}
