#ifndef KABUTO_ACCOUNT_H
#define KABUTO_ACCOUNT_H
/*
 * Who may log in: registration, confirmation, passwords.
 */
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"
#include "secret.h"

#define LOGIN_MOST     64   /* bytes */
#define EMAIL_MOST     254  /* RFC 5321, section 4.5.3.1.3, less the angle brackets */
#define PASSWORD_LEAST 6    /* bytes */
#define PASSWORD_MOST  1024 /* bytes */

struct account {
	int64_t id; /* 0: nobody */
	char login[LOGIN_MOST + 1];
	bool admin;
};

/* What GET /account shows. */
struct account_details {
	char email[EMAIL_MOST + 1];
	int64_t created_at;
	int64_t jobs_in_queue;
	int64_t jobs_running;
	int64_t queued_max, running_max; /* -1: the configuration's */
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
 * taken. hash is the password's (password_hash).
 */
bool account_register(struct database *db, const char *login, const char *email, const char *hash,
    char token[static TOKEN_TEXT], struct error *err);

/*
 * Confirms the account of login. ERROR_NOT_FOUND: no such login, or not its token, or it was used.
 */
bool account_confirm(struct database *db, const char *login, const char *token, struct error *err);

/*
 * Finds an account by its login, whatever the case. True with account->id == 0: there is none, and
 * hash is empty. *confirmed says whether it may log in.
 */
bool account_find(struct database *db, const char *login, struct account *account,
    char hash[static PASSWORD_HASH], bool *confirmed, struct error *err);

bool account_read(struct database *db, int64_t account, struct account_details *details,
    struct error *err);

/* Gives the account another password and ends its sessions, but for the one of keep (a token). */
bool account_set_password(struct database *db, int64_t account, const char *hash, const char *keep,
    struct error *err);

#endif
