#ifndef KABUTO_ACCOUNT_H
#define KABUTO_ACCOUNT_H
/*
 * Accounts: registration, confirmation, passwords, limits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "database.h"
#include "error.h"
#include "password.h"
#include "secret.h"

#define LOGIN_MOST     64   /* bytes */
#define EMAIL_MOST     254  /* RFC 5321, section 4.5.3.1.3, less the angle brackets */
#define PASSWORD_LEAST 6    /* bytes */
#define PASSWORD_MOST  1024 /* bytes */

/*
 * The limits of an account: X(id, name, word, setting, answer, bytes, may_be_unlimited).
 * The column is <name>_max. word is the name in kabutoctl. setting is the member of struct config
 * that applies if the account has no limit of its own. answer is the member of GET /account. bytes:
 * it is a size in bytes. may_be_unlimited: 0 means that there is no limit.
 */
#define ACCOUNT_LIMIT_TABLE(X)                                                                     \
	X(QUEUED, queued, queued, queued_max, jobs_in_queue, false, false)                         \
	X(RUNNING, running, running, running_max, jobs_running, false, false)                      \
	X(BUILDS, builds, builds, builds_max, builds, false, false)      /* that have not ended */ \
	X(KEPT, kept, stored, retention.account_bytes, kept, true, true) /* oldest are removed */  \
	X(STORAGE, storage, storage, storage_max, storage, true, true)   /* no upload above it */  \
	X(FILE, file, file, file_max, file, true, false)                 /* one attachment */      \
	X(REQUEST, request, request, request_limit, request, true, false)

#define ACCOUNT_LIMIT_ID(id, ...) LIMIT_##id,
enum account_limit { ACCOUNT_LIMIT_TABLE(ACCOUNT_LIMIT_ID) ACCOUNT_LIMITS };

struct account_limit_row {
	const char *word;   /* its name in kabutoctl */
	const char *answer; /* its name in GET /account */
	size_t setting;     /* in struct config */
	const char *update; /* SQL: sets the limit of account ?2 to ?1; below 0: removes it */
	bool bytes;
	bool may_be_unlimited;
};
extern const struct account_limit_row account_limits[ACCOUNT_LIMITS];

struct account {
	int64_t id; /* 0: no account */
	char login[LOGIN_MOST + 1];
	bool admin;
	bool disabled;                  /* may not log in */
	int64_t limits[ACCOUNT_LIMITS]; /* its own limits; -1: the configuration's */
	bool from_directory;            /* the LDAP server checks its password */
	int64_t storage;                /* bytes of its attachments, results and logs */
};

/* Returns an account with the id 0 and the configuration's limits. */
struct account account_nobody(void);

/* Returns the account's limit: its own, or the configuration's. */
int64_t account_limit(const struct account *account, enum account_limit limit,
    const struct config *config);

/* The columns for account_read_row. The statement must select from table account. */
#define ACCOUNT_LIMIT_COLUMN(id, name, ...) " account." #name "_max,"
#define ACCOUNT_COLUMNS                                                                            \
	"account.id, account.login, account.admin, account.disabled," ACCOUNT_LIMIT_TABLE(         \
	    ACCOUNT_LIMIT_COLUMN) " account.storage, account.source = 'ldap'"
void account_read_row(struct statement *st, int column, struct account *account);

/* The data that GET /account shows. */
struct account_details {
	char email[EMAIL_MOST + 1];
	int64_t created_at;
	int64_t jobs_in_queue;
	int64_t jobs_running;
	int64_t builds; /* that have not ended */
};

/*
 * Check a login, an e-mail address and a password that a user chose. ERROR_INPUT says what is
 * wrong. `name` is the password's parameter in the call.
 */
bool account_login_check(const char *login, struct error *err);
bool account_email_check(const char *email, struct error *err);
bool account_password_check(const char *name, const char *password, struct error *err);

/*
 * Adds an account that may log in after account_confirm with the token. hash is of its password
 * (password_hash). *account gets its id and login. ERROR_CONFLICT: the login is taken.
 */
bool account_register(struct database *db, const char *login, const char *email, const char *hash,
    struct account *account, char token[static TOKEN_TEXT], struct error *err);

/*
 * Confirms the account with this login; *account gets its id. ERROR_NOT_FOUND: the login does not
 * exist, or the token is wrong or was used before.
 */
bool account_confirm(struct database *db, const char *login, const char *token,
    struct account *account, struct error *err);

/*
 * Finds an account by its login, in upper or lower case. hash gets its password's hash, *confirmed
 * whether it is confirmed. If no account has the login, returns true with account->id == 0 and an
 * empty hash.
 */
bool account_find(struct database *db, const char *login, struct account *account,
    char hash[static PASSWORD_HASH], bool *confirmed, struct error *err);

/* ERROR_NOT_FOUND: the account does not exist. */
bool account_read(struct database *db, int64_t account, struct account_details *details,
    struct error *err);

/*
 * Finds the account of a user of the LDAP directory; makes it at the first log-in. Replaces its
 * e-mail address if email is not empty. ERROR_CONFLICT: a local account has the login.
 */
bool account_of_directory(struct database *db, const char *login, const char *email,
    struct account *account, struct error *err);

/*
 * For a registration by mail. account_erase drops an account that is not confirmed, since its
 * mail could not be sent. account_renew_token makes a new token for another mail; ERROR_CONFLICT:
 * the account is confirmed.
 */
bool account_erase(struct database *db, int64_t account, struct error *err);
bool account_renew_token(struct database *db, int64_t account, char token[static TOKEN_TEXT],
    struct error *err);

/* The rest, except account_set_password, is for the operator. */

/* Adds an account that may log in at once. ERROR_CONFLICT: the login is taken. */
bool account_add(struct database *db, const char *login, const char *email, const char *hash,
    bool admin, struct error *err);

/*
 * Disables or enables an account, and ends its sessions and views. The jobs of a disabled one stay
 * in queue.
 */
bool account_set_disabled(struct database *db, int64_t account, bool disabled, struct error *err);
bool account_set_admin(struct database *db, int64_t account, bool admin, struct error *err);

/* Sets the account's own limit. A value below 0 removes it: the configuration's applies again. */
bool account_set_limit(struct database *db, int64_t account, enum account_limit limit,
    int64_t value, struct error *err);

/*
 * account_each calls visit for each account, in the order of logins. Texts are valid in the call.
 */
struct account_listed {
	struct account account;
	const char *email;
	bool confirmed;
	int64_t created_at;
};
typedef bool account_visit(const struct account_listed *listed, void *context, struct error *err);
bool account_each(struct database *db, account_visit *visit, void *context, struct error *err);

/*
 * Checks that the account stores no more than its limit. ERROR_TOO_LARGE: it stores more.
 * storage_max is for accounts without their own limit; 0: no limit. Must be called within the
 * transaction that adds data.
 */
bool account_storage_check(struct database *db, int64_t account, int64_t storage_max,
    struct error *err);

bool account_count(struct database *db, int64_t *count, struct error *err);

/*
 * Count, or drop at most `most` of, the accounts from before before_ms that were never confirmed
 * and own nothing. Must not be called within a transaction.
 */
bool account_count_unconfirmed(struct database *db, int64_t before_ms, int64_t *count,
    struct error *err);
bool account_erase_unconfirmed(struct database *db, int64_t before_ms, int64_t most,
    int64_t *erased, struct error *err);

/*
 * Sets the password, and ends all views and sessions of the account except the session with the
 * token `keep`.
 */
bool account_set_password(struct database *db, int64_t account, const char *hash, const char *keep,
    struct error *err);

#endif
