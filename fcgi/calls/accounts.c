/*
 * Handles registration, log-in and the account's own data. Hashing a password is slow on purpose,
 * so no database connection is held meanwhile.
 */
#include "accounts.h"

#include <stdio.h>
#include <string.h>

#include "authenticate.h"
#include "clock.h"
#include "commit.h"
#include "ldaplogin.h"
#include "login.h"
#include "mail.h"
#include "mediatype.h"
#include "origin.h"
#include "password.h"
#include "response.h"
#include "secret.h"
#include "session.h"

/* The longest age that browsers allow. The server ends the session earlier. */
#define COOKIE_AGE_S (400 * DAY_MS / MS_PER_S)
/* Bytes of the confirmation page's path; a login and a token are shorter. */
#define PAGE_MOST 512

const struct parameter accounts_register_parameters[] = {
	{ .name = "login", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ .name = "password", .type = PARAMETER_TEXT, .required = true, .exact = true, .least = 1 },
	{ .name = "email", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ 0 },
};

const struct parameter accounts_login_parameters[] = {
	{ .name = "login", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ .name = "password", .type = PARAMETER_TEXT, .required = true, .exact = true, .least = 1 },
	{ 0 },
};

const struct parameter accounts_password_parameters[] = {
	{ .name = "password", .type = PARAMETER_TEXT, .required = true, .exact = true, .least = 1 },
	{ .name = "new_password",
	    .type = PARAMETER_TEXT,
	    .required = true,
	    .exact = true,
	    .least = 1 },
	{ 0 },
};

/* Checks the login, the password and the address of a registration. */
static bool
accounts_check_registration(struct request *req, const char *login, const char *email,
    struct error *err)
{
	const struct config *config = req->config;
	bool known = false;

	if (!account_login_check(login, err) ||
	    !account_password_check("password", request_text(req, "password"), err) ||
	    !account_email_check(email, err) ||
	    (strcmp(config->registration, "mail") == 0 && !mail_address_check(email, err)))
		return false;
	/* A login in the directory has an account, even if nobody has logged in with it yet. */
	if (ldaplogin_configured(config) && !ldaplogin_has(config, login, &known, err))
		return false;
	return !known ||
	    error_set(err, ERROR_CONFLICT, "login: '%s' is taken; choose another", login);
}

/*
 * The login is taken. If the password and the address are the same and the account is unconfirmed,
 * it makes a new token, so that the user gets the mail again. Otherwise the answer is only "taken".
 */
static bool
accounts_register_again(struct request *req, const char *login, const char *email, char *token,
    struct error *err)
{
	char hash[PASSWORD_HASH], stored[EMAIL_MOST + 1];
	struct account_details details;
	struct account account;
	struct error taken = *err;
	struct database *db = request_database(req, err);
	bool confirmed, right;

	if (db == NULL || !account_find(db, login, &account, hash, &confirmed, err) ||
	    !account_read(db, account.id, &details, err))
		return false;
	snprintf(stored, sizeof stored, "%s", details.email);
	request_release_database(req);
	if (!password_verify(request_text(req, "password"), hash, &right, err))
		return false;
	if (!right || confirmed || strcmp(stored, email) != 0) {
		*err = taken;
		return false;
	}
	db = request_database(req, err);
	req->caller.account = account;
	return db != NULL && account_renew_token(db, account.id, token, err);
}

/*
 * Adds the account before it sends the mail, so that it holds no lock meanwhile. Undone if that
 * fails.
 */
static bool
accounts_register_by_mail(struct request *req, struct response *res, const char *login,
    const char *email, const char *hash, struct error *err)
{
	struct database *db = request_database(req, err);
	struct error ignored;
	char token[TOKEN_TEXT];
	bool added;

	if (db == NULL)
		return false;
	added = account_register(db, login, email, hash, &req->caller.account, token, err);
	if (!added &&
	    (err->kind != ERROR_CONFLICT ||
		!accounts_register_again(req, login, email, token, err)))
		return false;
	request_release_database(req);
	if (!mail_send_token(req->config, login, email, token, err)) {
		db = added ? request_database(req, &ignored) : NULL;
		if (db != NULL)
			(void)account_erase(db, req->caller.account.id, &ignored);
		return false;
	}
	return commit_begin(req, err) != NULL &&
	    response_pack(res, err, 200, "{s:s}", "status", "success");
}

bool
accounts_register(struct request *req, struct response *res, struct error *err)
{
	const struct config *config = req->config;
	const char *login = request_text(req, "login"), *email = request_text(req, "email");
	char hash[PASSWORD_HASH], token[TOKEN_TEXT];
	struct database *db;

	if (strcmp(config->registration, "closed") == 0)
		return error_set(err, ERROR_FORBIDDEN,
		    "registration is closed; ask the operator for an account");
	db = request_database(req, err);
	if (db == NULL ||
	    !login_register(db, request_header(req, "REMOTE_ADDR"), config->login_attempts_address,
		err))
		return false;
	request_release_database(req);
	if (!accounts_check_registration(req, login, email, err) ||
	    !password_hash(request_text(req, "password"), hash, err))
		return false;
	if (strcmp(config->registration, "mail") == 0)
		return accounts_register_by_mail(req, res, login, email, hash, err);
	db = commit_begin(req, err);
	if (db == NULL ||
	    !account_register(db, login, email, hash, &req->caller.account, token, err))
		return false;
	return response_pack(res, err, 200, "{s:s, s:s}", "status", "success", "token", token);
}

/*
 * A browser is sent to the dashboard, which makes this call at a click: programs that check mails
 * open the links in them, and the token works once.
 */
bool
accounts_confirm(struct request *req, struct response *res, struct error *err)
{
	struct database *db;
	char page[PAGE_MOST];

	response_header(res, "Vary: Accept");
	if (mediatype_accepts(request_header(req, "HTTP_ACCEPT"), "text/html") &&
	    snprintf(page, sizeof page, "/ui%s", req->path.text + strlen("/register")) <
		(int)sizeof page)
		return response_redirect(res, page);
	db = commit_begin(req, err);
	if (db == NULL)
		return false;
	if (account_confirm(db, request_word(req, "login"), request_word(req, "token"),
		&req->caller.account, err))
		return response_pack(res, err, 200, "{s:s}", "registration", "success");
	if (err->kind != ERROR_NOT_FOUND)
		return false;
	return response_pack(res, err, 404, "{s:s, s:s}", "registration", err->text, "error",
	    err->text);
}

static void
accounts_set_cookie(struct response *res, const char *token, long long age_s)
{
	response_header(res,
	    "Set-Cookie: session=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s", token, age_s,
	    origin_has_https(res->req) ? "; Secure" : "");
}

/*
 * Asks the directory about the login and the password. For a local account it asks with random
 * values: this takes as long, and the directory does not see the local password.
 */
static bool
accounts_ask_directory(struct request *req, const char *login, const char *password, bool local,
    struct account *account, bool *right, struct error *err)
{
	const struct config *config = req->config;
	char email[EMAIL_MOST + 1], nobody[NAME_TEXT];
	enum ldaplogin_answer answer = LDAPLOGIN_WRONG;
	struct error ignored;
	struct database *db;

	secret_make_name(nobody);
	local = local || !account_login_check(login, &ignored);
	if (!ldaplogin_log_in(config, local ? nobody : login, local ? nobody : password, &answer,
		email, err))
		return false;
	if (answer == LDAPLOGIN_NO_MEMBER)
		return error_set(err, ERROR_FORBIDDEN,
		    "the account is not in the group that may log in here; ask the operator");
	if (answer == LDAPLOGIN_WRONG)
		return true;
	db = request_database(req, err);
	*right = db != NULL && account_of_directory(db, login, email, account, err);
	return *right;
}

/*
 * The directory failed or refused the log-in, and err is set. A wrong password of a local account
 * (its id is in local) still counts as a failure. If the login or the address is over its limit
 * now, err becomes ERROR_TOO_MANY. Always false.
 */
static bool
accounts_ended_by_directory(struct request *req, const char *login, int64_t local,
    struct error *err)
{
	const struct config *config = req->config;
	const char *address = request_header(req, "REMOTE_ADDR");
	struct error limit = { .kind = ERROR_NONE };
	struct database *db = request_database(req, &limit);

	if (db != NULL && local != 0)
		(void)login_failed(db, local, login, address, config->login_attempts,
		    config->login_attempts_address, &limit);
	else if (db != NULL)
		(void)login_allowed(db, login, address, config->login_attempts,
		    config->login_attempts_address, &limit);
	if (limit.kind == ERROR_TOO_MANY)
		*err = limit;
	return false;
}

/*
 * Finds the account with this login and password. An unknown login takes as long as a known one.
 * ERROR_UNAUTHORIZED: wrong login or password. ERROR_TOO_MANY: too many failures.
 */
static bool
accounts_check_password(struct request *req, const char *login, const char *password,
    struct account *account, bool *confirmed, struct error *err)
{
	const struct config *config = req->config;
	const char *address = request_header(req, "REMOTE_ADDR");
	char hash[PASSWORD_HASH];
	struct database *db = request_database(req, err);
	bool right, local;

	if (db == NULL ||
	    !login_allowed(db, login, address, config->login_attempts,
		config->login_attempts_address, err) ||
	    !account_find(db, login, account, hash, confirmed, err))
		return false;
	request_release_database(req);
	local = account->id != 0 && !account->from_directory;
	if (!password_verify(password, local ? hash : NULL, &right, err))
		return false;
	if (!right && ldaplogin_configured(config)) {
		if (!accounts_ask_directory(req, login, password, local, account, &right, err))
			return accounts_ended_by_directory(req, login, local ? account->id : 0,
			    err);
		*confirmed = *confirmed || right;
	}
	db = request_database(req, err);
	if (db == NULL)
		return false;
	/* Other calls may have reached the limit meanwhile; then the result must not be shown. */
	if (right)
		return login_allowed(db, login, address, config->login_attempts,
			   config->login_attempts_address, err) &&
		    login_succeeded(db, login, err);
	return login_failed(db, account->id, login, address, config->login_attempts,
		   config->login_attempts_address, err) &&
	    error_set(err, ERROR_UNAUTHORIZED, "wrong login or password");
}

bool
accounts_login(struct request *req, struct response *res, struct error *err)
{
	const struct config *config = req->config;
	struct account account;
	char token[TOKEN_TEXT];
	struct database *db;
	bool confirmed;

	if (!accounts_check_password(req, request_text(req, "login"), request_text(req, "password"),
		&account, &confirmed, err))
		return false;
	req->caller.account = account;
	if (account.disabled)
		return error_set(err, ERROR_FORBIDDEN,
		    "the account is disabled; ask the operator to enable it");
	if (!confirmed)
		return error_set(err, ERROR_FORBIDDEN,
		    "the account is not activated yet: open /register/confirm/<login>/<token> first");
	db = commit_begin(req, err);
	if (db == NULL || !session_open(db, account.id, config->session_days, token, err))
		return false;
	accounts_set_cookie(res, token, COOKIE_AGE_S);
	return response_pack(res, err, 200, "{s:s}", "login", "success");
}

bool
accounts_logout(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);

	/* This does not delete an API token; DELETE /account/token/<id> does. */
	if (db == NULL || !session_end(db, req->caller.session, err))
		return false;
	accounts_set_cookie(res, "", 0);
	return response_pack(res, err, 200, "{s:s}", "logout", "success");
}

/* The dashboard logs a browser in itself. Other clients learn whether their session is valid. */
bool
accounts_hello(struct request *req, struct response *res, struct error *err)
{
	response_header(res, "Vary: Accept");
	if (mediatype_accepts(request_header(req, "HTTP_ACCEPT"), "text/html"))
		return response_redirect(res, "/ui/");
	return authenticate_caller(req, res, err) &&
	    response_pack(res, err, 200, "{s:s}", "hello", "world");
}

/* Returns the account's limits and those of all accounts. NULL: no memory. */
static json_t *
accounts_limits_json(const struct request *req)
{
	const struct config *config = req->config;
	json_t *json = json_pack("{s:I, s:I, s:I}", "waiting_calls", (json_int_t)config->follow_max,
	    "uploads", (json_int_t)config->upload_max, "login_attempts",
	    (json_int_t)config->login_attempts);

	for (int i = 0; i < ACCOUNT_LIMITS; i++) {
		int64_t value = account_limit(&req->caller.account, i, config);
		bool unlimited = value == 0 && account_limits[i].may_be_unlimited;

		if (json_object_set_new(json, account_limits[i].answer,
			unlimited ? json_null() : json_integer(value)) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

bool
accounts_show(struct request *req, struct response *res, struct error *err)
{
	struct account_details details;
	struct database *db = request_database(req, err);
	json_t *used;

	if (db == NULL || !account_read(db, req->caller.account.id, &details, err))
		return false;
	used = json_pack("{s:I, s:I, s:I, s:I}", "jobs_in_queue", (json_int_t)details.jobs_in_queue,
	    "jobs_running", (json_int_t)details.jobs_running, "builds", (json_int_t)details.builds,
	    "storage", (json_int_t)req->caller.account.storage);
	return response_pack(res, err, 200, "{s:I, s:s, s:s, s:b, s:o, s:o, s:o}", "id",
	    (json_int_t)req->caller.account.id, "login", req->caller.account.login, "email",
	    details.email, "admin", (int)req->caller.account.admin, "creation_date",
	    response_time(details.created_at), "limits", accounts_limits_json(req), "used", used);
}

bool
accounts_password(struct request *req, struct response *res, struct error *err)
{
	const char *chosen = request_text(req, "new_password");
	char hash[PASSWORD_HASH];
	struct account account;
	struct database *db;
	bool confirmed;

	if (req->caller.account.from_directory)
		return error_set(err, ERROR_FORBIDDEN,
		    "this account's password is stored in the account directory (LDAP); change it there");
	if (!account_password_check("new_password", chosen, err))
		return false;
	if (!accounts_check_password(req, req->caller.account.login, request_text(req, "password"),
		&account, &confirmed, err))
		return false;
	request_release_database(req);
	if (!password_hash(chosen, hash, err))
		return false;
	db = commit_begin(req, err);
	if (db == NULL || !account_set_password(db, account.id, hash, req->caller.session, err))
		return false;
	return response_pack(res, err, 200, "{s:s}", "status", "success");
}
