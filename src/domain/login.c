/*
 * Failed log-ins by login and by address, and registrations by address.
 */
#include "login.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "clock.h"
#include "event.h"
#include "transaction.h"
#include "utf8.h"

#define WINDOW_MS    (15 * 60 * MS_PER_S)
#define SUBJECT_TEXT 160

/* Upper and lower case of a login are the same subject, since they are one account. */
static void
login_subject(const char *login, char subject[static SUBJECT_TEXT])
{
	int length = snprintf(subject, SUBJECT_TEXT, "login:%.*s", LOGIN_MOST + 1, login);

	for (int i = 0; i < length; i++)
		subject[i] = (char)tolower((unsigned char)subject[i]);
}

static void
login_address_subject(const char *kind, const char *address, char subject[static SUBJECT_TEXT])
{
	snprintf(subject, SUBJECT_TEXT, "%s:%.64s", kind, address);
}

static bool
login_erase_all_old(struct database *db, struct error *err)
{
	return database_run(db, err, "DELETE FROM login_failure WHERE started_at < ?",
	    VALUES(I(clock_now_ms() - WINDOW_MS)));
}

static bool
login_count(struct database *db, const char *subject, struct error *err)
{
	return database_run(db, err,
	    "INSERT INTO login_failure (subject, failures, started_at) VALUES (?, 1, ?)"
	    " ON CONFLICT (subject) DO UPDATE SET failures = failures + 1",
	    VALUES(T(subject), I(clock_now_ms())));
}

/* Checks that the subject is below its limit. */
static bool
login_check(struct database *db, const char *subject, int64_t most, struct error *err)
{
	int64_t started_at = 0, wait_ms;

	switch (database_integer(db, &started_at, err,
	    "SELECT started_at FROM login_failure WHERE subject = ? AND failures >= ?"
	    " AND started_at >= ?",
	    VALUES(T(subject), I(most), I(clock_now_ms() - WINDOW_MS)))) {
	case 0:
		return true;
	case 1:
		break;
	default:
		return false;
	}
	wait_ms = started_at + WINDOW_MS - clock_now_ms();
	error_set(err, ERROR_TOO_MANY,
	    "too many failed log-ins or registrations; try again in %lld minutes",
	    (long long)(wait_ms / MS_PER_S / 60 + 1));
	err->retry_after_s = (int)(wait_ms / MS_PER_S) + 1;
	return false;
}

bool
login_allowed(struct database *db, const char *login, const char *address, int64_t login_most,
    int64_t address_most, struct error *err)
{
	char of_login[SUBJECT_TEXT], of_address[SUBJECT_TEXT];

	login_subject(login, of_login);
	login_address_subject("address", address, of_address);
	return login_check(db, of_login, login_most, err) &&
	    login_check(db, of_address, address_most, err);
}

bool
login_failed(struct database *db, int64_t account, const char *login, const char *address,
    int64_t login_most, int64_t address_most, struct error *err)
{
	char tried[LOGIN_MOST + 1];
	const struct event event = {
		.account = account, .login = tried, .action = "login_failed", .address = address
	};
	cleanup_transaction struct transaction t = { NULL };
	char of_login[SUBJECT_TEXT], of_address[SUBJECT_TEXT];

	login_subject(login, of_login);
	login_address_subject("address", address, of_address);
	snprintf(tried, sizeof tried, "%s", login);
	tried[utf8_cut(tried, strlen(tried))] = '\0';
	return transaction_begin(&t, db, err) && login_erase_all_old(db, err) &&
	    login_check(db, of_login, login_most, err) &&
	    login_check(db, of_address, address_most, err) && login_count(db, of_login, err) &&
	    login_count(db, of_address, err) && event_add(db, &event, err) &&
	    transaction_commit(&t, err);
}

bool
login_succeeded(struct database *db, const char *login, struct error *err)
{
	char of_login[SUBJECT_TEXT];

	login_subject(login, of_login);
	return database_run(db, err, "DELETE FROM login_failure WHERE subject = ?",
	    VALUES(T(of_login)));
}

bool
login_register(struct database *db, const char *address, int64_t address_most, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	char subject[SUBJECT_TEXT];

	login_address_subject("register", address, subject);
	return transaction_begin(&t, db, err) && login_erase_all_old(db, err) &&
	    login_check(db, subject, address_most, err) && login_count(db, subject, err) &&
	    transaction_commit(&t, err);
}

bool
login_count_old(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err,
		   "SELECT count(*) FROM login_failure WHERE started_at < ?",
		   VALUES(I(clock_now_ms() - WINDOW_MS))) == 1;
}

bool
login_erase_old(struct database *db, int64_t most, int64_t *erased, struct error *err)
{
	return database_erase(db, erased, err,
	    "DELETE FROM login_failure WHERE subject IN"
	    " (SELECT subject FROM login_failure WHERE started_at < ? LIMIT ?)",
	    clock_now_ms() - WINDOW_MS, most);
}
