#ifndef KABUTO_ACCOUNT_H
#define KABUTO_ACCOUNT_H
/*
 * Who may log in: registration, confirmation, passwords.
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
 * What an account may have: X(id, name, word, setting, answer, bytes, may_be_unlimited).
 * The column is <name>_max. word is what kabutoctl calls it. setting is the member of struct config
 * that holds if the account has no limit of its own. answer is the member of GET /account. bytes:
 * it is a size. may_be_unlimited: 0 means that there is no limit.
 */
#define ACCOUNT_LIMIT_TABLE(X)                                                                     \
	X(QUEUED, queued, queued, queued_max, jobs_in_queue, false, false)                         \
	X(RUNNING, running, running, running_max, jobs_running, false, false)                      \
	X(BUILDS, builds, builds, builds_max, builds, false, false) /* that wait or are at work */ \
	X(KEPT, kept, stored, retention.account_bytes, kept, true, true) /* the oldest go above */ \
	X(STORAGE, storage, storage, storage_max, storage, true, true)   /* no upload above it */  \
	X(FILE, file, file, file_max, file, true, false)                 /* one attachment */      \
	X(REQUEST, request, request, request_limit, request, true, false)

#define ACCOUNT_LIMIT_ID(id, ...) LIMIT_##id,
enum account_limit { ACCOUNT_LIMIT_TABLE(ACCOUNT_LIMIT_ID) ACCOUNT_LIMITS };

struct account_limit_row {
	const char *word;   /* what kabutoctl calls it */
	const char *answer; /* what GET /account calls it */
	size_t setting;     /* in struct config */
	const char *update; /* SQL: gives account ?2 the limit ?1; below 0: the configuration's */
	bool bytes;
	bool may_be_unlimited;
};
extern const struct account_limit_row account_limits[ACCOUNT_LIMITS];

struct account {
	int64_t id; /* 0: nobody */
	char login[LOGIN_MOST + 1];
	bool admin;
	bool disabled;                  /* may not log in */
	int64_t limits[ACCOUNT_LIMITS]; /* its own; -1: the configuration's */
	bool from_directory;            /* LDAP has its password, and we do not */
	int64_t storage;                /* bytes of its attachments, results and logs */
};

/* Nobody: an account with the id 0 and the configuration's limits. */
struct account account_nobody(void);

/* The limit that holds for the account: its own, or the configuration's. */
int64_t account_limit(const struct account *account, enum account_limit limit,
    const struct config *config);

/* The columns that account_read_row reads, of a statement that has joined account. */
#define ACCOUNT_LIMIT_COLUMN(id, name, ...) " account." #name "_max,"
#define ACCOUNT_COLUMNS                                                                            \
	"account.id, account.login, account.admin, account.disabled," ACCOUNT_LIMIT_TABLE(         \
	    ACCOUNT_LIMIT_COLUMN) " account.storage, account.source = 'ldap'"
void account_read_row(struct statement *st, int column, struct account *account);

/* What GET /account shows. */
struct account_details {
	char email[EMAIL_MOST + 1];
	int64_t created_at;
	int64_t jobs_in_queue;
	int64_t jobs_running;
	int64_t builds; /* that wait or are at work */
};

/*
 * Whether a login, an e-mail address, a password may be chosen; ERROR_INPUT says what is wrong with
 * it.
 */
bool account_login_check(const char *login, struct error *err);
bool account_email_check(const char *email, struct error *err);
bool account_password_check(const char *name, const char *password, struct error *err);

/*
 * Adds an account that may log in once it is confirmed with token. ERROR_CONFLICT: the login is
 * taken. hash is the password's (password_hash). *account gets its id and login.
 */
bool account_register(struct database *db, const char *login, const char *email, const char *hash,
    struct account *account, char token[static TOKEN_TEXT], struct error *err);

/*
 * Confirms the account of login, of which *account gets the id. ERROR_NOT_FOUND: no such login, or
 * not its token, or it was used.
 */
bool account_confirm(struct database *db, const char *login, const char *token,
    struct account *account, struct error *err);

/*
 * Finds an account by its login, whatever the case. hash gets its password's hash, *confirmed
 * whether it may log in. True with account->id == 0 and an empty hash: no account has the login.
 */
bool account_find(struct database *db, const char *login, struct account *account,
    char hash[static PASSWORD_HASH], bool *confirmed, struct error *err);

bool account_read(struct database *db, int64_t account, struct account_details *details,
    struct error *err);

/*
 * The account of somebody whom the directory knows, made at the first log-in; an empty email leaves
 * the one that is there. ERROR_CONFLICT: the login is a local account's.
 */
bool account_of_directory(struct database *db, const char *login, const char *email,
    struct account *account, struct error *err);

/*
 * For a registration by mail. Drops an account that was registered and not confirmed, since its
 * mail could not be sent; or gives one another token, for another mail.
 */
bool account_unregister(struct database *db, int64_t account, struct error *err);
bool account_renew_token(struct database *db, int64_t account, char token[static TOKEN_TEXT],
    struct error *err);

/* The rest, but for the next one, is the operator's. Adds an account that may log in at once. */
bool account_add(struct database *db, const char *login, const char *email, const char *hash,
    bool admin, struct error *err);

/* Whether it may log in; either way its sessions end. Jobs of a disabled one wait in the queue. */
bool account_set_disabled(struct database *db, int64_t account, bool disabled, struct error *err);
bool account_set_admin(struct database *db, int64_t account, bool admin, struct error *err);

/* Gives the account a limit of its own; below 0: the configuration's holds again. */
bool account_set_limit(struct database *db, int64_t account, enum account_limit limit,
    int64_t value, struct error *err);

/* Called for each account by login, with what it stores; texts last for the call. */
struct account_listed {
	struct account account;
	const char *email;
	bool confirmed;
	int64_t created_at;
};
typedef bool account_visit(const struct account_listed *listed, void *context, struct error *err);
bool account_each(struct database *db, account_visit *visit, void *context, struct error *err);

/*
 * Whether it stores no more than it may (storage_max: for accounts without a limit of their own; 0:
 * no limit); else ERROR_TOO_LARGE. Within the transaction that adds something.
 */
bool account_storage_check(struct database *db, int64_t account, int64_t storage_max,
    struct error *err);

bool account_count(struct database *db, int64_t *count, struct error *err);

/*
 * Accounts made before before_ms that were never confirmed and own nothing: counts them, or drops
 * up to most of them. Not within a transaction.
 */
bool account_count_unconfirmed(struct database *db, int64_t before_ms, int64_t *count,
    struct error *err);
bool account_drop_unconfirmed(struct database *db, int64_t before_ms, int64_t most,
    int64_t *dropped, struct error *err);

/* Gives the account another password and ends its sessions, but for the one of keep (a token). */
bool account_set_password(struct database *db, int64_t account, const char *hash, const char *keep,
    struct error *err);

#endif
