/*
 * Calls on accounts. No connection is held while a password is hashed, which takes long on purpose.
 */
#include "accounts.h"

#include <string.h>

#include "quantity.h"
#include "response.h"
#include "secret.h"
#include "session.h"

#define COOKIE_AGE_S                                                                               \
	(400 * DAY_MS / MS_PER_S) /* what browsers allow: the server ends it before                \
				   */

const struct parameter accounts_register_parameters[] = {
	{ .name = "login", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ .name = "password", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ .name = "email", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ 0 },
};

const struct parameter accounts_login_parameters[] = {
	{ .name = "login", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ .name = "password", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ 0 },
};

const struct parameter accounts_password_parameters[] = {
	{ .name = "password", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ .name = "new_password", .type = PARAMETER_TEXT, .required = true, .least = 1 },
	{ 0 },
};

bool
accounts_register(struct request *req, struct error *err)
{
	const char *login = request_text(req, "login"), *password = request_text(req, "password");
	const char *email = request_text(req, "email");
	char hash[PASSWORD_HASH], token[TOKEN_TEXT];
	struct database *db;

	if (strcmp(req->server->config->registration, "closed") == 0)
		return error_set(err, ERROR_FORBIDDEN,
		    "registration is closed; ask the operator for an account");
	db = request_database(req, err);
	if (db == NULL ||
	    !register_attempt(db, request_header(req, "REMOTE_ADDR"),
		req->server->config->login_attempts_address, err))
		return false;
	request_release_database(req);
	if (!account_login_check(login, err) ||
	    !account_password_check("password", password, err) ||
	    !account_email_check(email, err) || !password_hash(password, hash, err))
		return false;
	db = request_change(req, err);
	if (db == NULL || !account_register(db, login, email, hash, &req->account, token, err))
		return false;
	return response_pack(req, 200, "{s:s, s:s}", "status", "success", "token", token);
}

bool
accounts_confirm(struct request *req, struct error *err)
{
	struct database *db = request_change(req, err);

	if (db == NULL)
		return false;
	if (account_confirm(db, req->parts[2], req->parts[3], &req->account, err))
		return response_pack(req, 200, "{s:s}", "registration", "success");
	if (err->kind != ERROR_NOT_FOUND)
		return false;
	return response_pack(req, 404, "{s:s, s:s}", "registration", err->text, "error", err->text);
}

/* Behind HTTPS, ours or a proxy's before us, the cookie must never travel in the clear. */
static bool
behind_https(const struct request *req)
{
	return strcmp(request_header(req, "HTTPS"), "on") == 0 ||
	    strcmp(request_header(req, "HTTP_X_FORWARDED_PROTO"), "https") == 0;
}

static void
set_cookie(struct request *req, const char *token, long long age_s)
{
	response_header(req,
	    "Set-Cookie: session=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s", token, age_s,
	    behind_https(req) ? "; Secure" : "");
}

/*
 * Finds the account whose login and password these are, in the same time whether or not the login
 * exists.
 */
static bool
check_password(struct request *req, const char *login, const char *password,
    struct account *account, bool *confirmed, struct error *err)
{
	const struct config *config = req->server->config;
	const char *address = request_header(req, "REMOTE_ADDR");
	char hash[PASSWORD_HASH];
	struct database *db = request_database(req, err);
	bool right;

	if (db == NULL ||
	    !login_allowed(db, login, address, config->login_attempts,
		config->login_attempts_address, err) ||
	    !account_find(db, login, account, hash, confirmed, err))
		return false;
	request_release_database(req);
	right = password_verify(password, account->id != 0 ? hash : NULL);
	db = request_database(req, err);
	if (db == NULL)
		return false;
	if (right)
		return login_succeeded(db, login, err);
	return login_failed(db, account->id, login, address, err) &&
	    error_set(err, ERROR_UNAUTHORIZED, "wrong login or password");
}

bool
accounts_login(struct request *req, struct error *err)
{
	const struct config *config = req->server->config;
	struct account account;
	char token[TOKEN_TEXT];
	struct database *db;
	bool confirmed;

	if (!check_password(req, request_text(req, "login"), request_text(req, "password"),
		&account, &confirmed, err))
		return false;
	req->account = account;
	if (account.disabled)
		return error_set(err, ERROR_FORBIDDEN,
		    "the account is disabled; ask the operator to enable it");
	if (!confirmed)
		return error_set(err, ERROR_FORBIDDEN,
		    "the account is not activated yet: open /register/confirm/<login>/<token> first");
	db = request_change(req, err);
	if (db == NULL || !session_open(db, account.id, config->session_days, token, err))
		return false;
	set_cookie(req, token, COOKIE_AGE_S);
	return response_pack(req, 200, "{s:s}", "login", "success");
}

bool
accounts_logout(struct request *req, struct error *err)
{
	struct database *db = request_change(req, err);

	/* An API token is no session: it ends by DELETE /account/token/<id>. */
	if (db == NULL || !session_end(db, req->session, err))
		return false;
	set_cookie(req, "", 0);
	return response_pack(req, 200, "{s:s}", "logout", "success");
}

bool
accounts_hello(struct request *req, struct error *err)
{
	(void)err;
	return response_pack(req, 200, "{s:s}", "hello", "world");
}

/* A limit as JSON; null where 0 says that there is none. */
static json_t *
limit_json(const struct request *req, enum account_limit limit)
{
	int64_t value = account_limit(&req->account, limit, req->server->config);

	return value == 0 && (limit == LIMIT_STORAGE || limit == LIMIT_STORED)
	    ? json_null()
	    : json_integer(value);
}

bool
accounts_show(struct request *req, struct error *err)
{
	const struct config *config = req->server->config;
	struct account_details details;
	struct database *db = request_database(req, err);
	json_t *limits, *used;

	if (db == NULL || !account_read(db, req->account.id, &details, err))
		return false;
	limits = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "jobs_in_queue",
	    limit_json(req, LIMIT_QUEUED), "jobs_running", limit_json(req, LIMIT_RUNNING), "builds",
	    limit_json(req, LIMIT_BUILDS), "storage", limit_json(req, LIMIT_STORAGE), "kept",
	    limit_json(req, LIMIT_STORED), "file", limit_json(req, LIMIT_FILE), "request",
	    limit_json(req, LIMIT_REQUEST), "waiting_calls", (json_int_t)config->follow_max,
	    "login_attempts", (json_int_t)config->login_attempts);
	used = json_pack("{s:I, s:I, s:I, s:I}", "jobs_in_queue", (json_int_t)details.jobs_in_queue,
	    "jobs_running", (json_int_t)details.jobs_running, "builds", (json_int_t)details.builds,
	    "storage", (json_int_t)req->account.storage);
	return response_pack(req, 200, "{s:I, s:s, s:s, s:b, s:o, s:o, s:o}", "id",
	    (json_int_t)req->account.id, "login", req->account.login, "email", details.email,
	    "admin", (int)req->account.admin, "creation_date", response_time(details.created_at),
	    "limits", limits, "used", used);
}

bool
accounts_password(struct request *req, struct error *err)
{
	const char *chosen = request_text(req, "new_password");
	char hash[PASSWORD_HASH];
	struct account account;
	struct database *db;
	bool confirmed;

	if (!account_password_check("new_password", chosen, err))
		return false;
	if (!check_password(req, req->account.login, request_text(req, "password"), &account,
		&confirmed, err))
		return false;
	request_release_database(req);
	if (!password_hash(chosen, hash, err))
		return false;
	db = request_change(req, err);
	if (db == NULL || !account_set_password(db, account.id, hash, req->session, err))
		return false;
	return response_pack(req, 200, "{s:s}", "status", "success");
}
