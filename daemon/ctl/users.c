/*
 * Adds, lists and changes accounts. A command names the account by its login.
 */
#include "users.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "account.h"
#include "number.h"
#include "password.h"
#include "program.h"
#include "quantity.h"
#include "wake.h"

/* The open state directory and database, and the account that the command changes. */
struct subject {
	struct spool spool;
	struct database db;
	struct account account;
};

static void
users_subject_close(struct subject *subject)
{
	connection_close(&subject->db);
	spool_close(&subject->spool);
}

static bool
users_subject_open(struct subject *subject, const struct ctl *ctl, struct error *err)
{
	const char *login = ctl->arguments[0];
	char hash[PASSWORD_HASH];
	bool confirmed;

	if (!ctl_open(ctl, &subject->spool, &subject->db, err))
		return false;
	if (account_find(&subject->db, login, &subject->account, hash, &confirmed, err)) {
		if (subject->account.id != 0)
			return true;
		error_set(err, ERROR_NOT_FOUND, "there is no account '%s'", login);
	}
	users_subject_close(subject);
	return false;
}

/* Reads one line of the standard input, without its newline. A terminal does not show it. */
static bool
users_read_line(const char *prompt, char line[static PASSWORD_MOST + 2], struct error *err)
{
	struct termios usual, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &usual) == 0, read;
	sigset_t stops;

	if (terminal) {
		/* Signals such as Ctrl-C wait until the terminal echoes again. */
		sigemptyset(&stops);
		sigaddset(&stops, SIGINT);
		sigaddset(&stops, SIGQUIT);
		sigaddset(&stops, SIGTSTP);
		sigprocmask(SIG_BLOCK, &stops, NULL);
		hidden = usual;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
		fputs(prompt, stderr);
	}
	read = fgets(line, PASSWORD_MOST + 2, stdin) != NULL;
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
		sigprocmask(SIG_UNBLOCK, &stops, NULL);
		fputc('\n', stderr);
	}
	line[read ? strcspn(line, "\n") : 0] = '\0';
	return read ||
	    error_set(err, ERROR_INPUT, "no password: write it as one line to the standard input");
}

static bool
users_read_password(char hash[static PASSWORD_HASH], struct error *err)
{
	char password[PASSWORD_MOST + 2], again[PASSWORD_MOST + 2];
	bool done = users_read_line("Password: ", password, err) &&
	    account_password_check("password", password, err);

	if (done && isatty(STDIN_FILENO))
		done = users_read_line("Again: ", again, err) &&
		    (strcmp(password, again) == 0 ||
			error_set(err, ERROR_INPUT, "the two passwords differ: try again"));
	done = done && password_hash(password, hash, err);
	sodium_memzero(password, sizeof password);
	sodium_memzero(again, sizeof again);
	return done;
}

int
users_add(struct ctl *ctl)
{
	const char *login = ctl->arguments[0], *email = ctl->email != NULL ? ctl->email : "";
	char hash[PASSWORD_HASH];
	struct database db;
	struct spool spool;
	struct error err;
	bool done;

	if (!account_login_check(login, &err) ||
	    (ctl->email != NULL && !account_email_check(email, &err)) ||
	    !users_read_password(hash, &err) || !ctl_open(ctl, &spool, &db, &err))
		return ctl_failed(&err);
	done = account_add(&db, login, email, hash, ctl_has(ctl, CTL_ADMIN), &err);
	connection_close(&db);
	spool_close(&spool);
	return done ? EXIT_DONE : ctl_failed(&err);
}

int
users_password(struct ctl *ctl)
{
	struct subject subject;
	char hash[PASSWORD_HASH];
	struct error err;
	bool done;

	if (!users_read_password(hash, &err) || !users_subject_open(&subject, ctl, &err))
		return ctl_failed(&err);
	done = account_set_password(&subject.db, subject.account.id, hash, "", &err);
	users_subject_close(&subject);
	return done ? EXIT_DONE : ctl_failed(&err);
}

static int
users_set_disabled(struct ctl *ctl, bool disabled)
{
	struct subject subject;
	struct error err;
	bool done;

	if (!users_subject_open(&subject, ctl, &err))
		return ctl_failed(&err);
	done = account_set_disabled(&subject.db, subject.account.id, disabled, &err);
	wake_send(subject.spool.state); /* its jobs in queue may start again */
	users_subject_close(&subject);
	return done ? EXIT_DONE : ctl_failed(&err);
}

int
users_disable(struct ctl *ctl)
{
	return users_set_disabled(ctl, true);
}

int
users_enable(struct ctl *ctl)
{
	return users_set_disabled(ctl, false);
}

int
users_admin(struct ctl *ctl)
{
	const char *word = ctl->arguments[1];
	struct subject subject;
	struct error err;
	bool done;

	if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
		return ctl_wrong("user admin: write 'on' or 'off', not '%s'", word);
	if (!users_subject_open(&subject, ctl, &err))
		return ctl_failed(&err);
	done = account_set_admin(&subject.db, subject.account.id, strcmp(word, "on") == 0, &err);
	users_subject_close(&subject);
	return done ? EXIT_DONE : ctl_failed(&err);
}

/* Parses "queued=100", "stored=10g" or "running=default" (*value is -1). */
static bool
users_parse_limit(const char *text, enum account_limit *limit, int64_t *value)
{
	size_t length = strcspn(text, "=");

	if (text[length] != '=')
		return false;
	for (*limit = 0; *limit < ACCOUNT_LIMITS; ++*limit) {
		if (strncmp(account_limits[*limit].word, text, length) != 0 ||
		    account_limits[*limit].word[length] != '\0')
			continue;
		text += length + 1;
		*value = -1;
		return strcmp(text, "default") == 0 ||
		    ((account_limits[*limit].bytes ? quantity_parse_bytes(text, value)
						   : number_parse_integer(text, value)) &&
			*value >= 0);
	}
	return false;
}

/* Writes "queued=N, running=N, … or request=SIZE": the arguments of "user limit". */
static void
users_list_limits(char *text, size_t size)
{
	size_t length = 0;

	for (int i = 0; i < ACCOUNT_LIMITS; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s=%s",
		    i == 0                        ? ""
			: i == ACCOUNT_LIMITS - 1 ? " or "
						  : ", ",
		    account_limits[i].word, account_limits[i].bytes ? "SIZE" : "N");
}

int
users_limit(struct ctl *ctl)
{
	enum account_limit limit;
	struct subject subject;
	int64_t value;
	struct error err;
	char known[32 * ACCOUNT_LIMITS];
	bool done = true;

	users_list_limits(known, sizeof known);
	for (char **argument = ctl->arguments + 1; *argument != NULL; argument++)
		if (!users_parse_limit(*argument, &limit, &value))
			return ctl_wrong("user limit: '%s' is wrong: write %s, or NAME=default",
			    *argument, known);
	if (!users_subject_open(&subject, ctl, &err))
		return ctl_failed(&err);
	for (char **argument = ctl->arguments + 1; done && *argument != NULL; argument++)
		done = users_parse_limit(*argument, &limit, &value) &&
		    account_set_limit(&subject.db, subject.account.id, limit, value, &err);
	wake_send(subject.spool.state); /* more may run */
	users_subject_close(&subject);
	return done ? EXIT_DONE : ctl_failed(&err);
}

/* Writes " name=value" for each limit that is set for this account. */
static void
users_describe_limits(const struct account_listed *listed, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ACCOUNT_LIMITS; i++) {
		char number[QUANTITY_TEXT];

		if (listed->account.limits[i] < 0)
			continue;
		snprintf(number, sizeof number, "%lld", (long long)listed->account.limits[i]);
		if (account_limits[i].bytes)
			quantity_format_bytes(listed->account.limits[i], number);
		length += (size_t)snprintf(text + length, size - length, " %s=%s",
		    account_limits[i].word, number);
	}
}

static bool
users_print_account(const struct account_listed *listed, void *context, struct error *err)
{
	char stored[QUANTITY_TEXT], own[ACCOUNT_LIMITS * (QUANTITY_TEXT + 16)];

	(void)context;
	(void)err;
	users_describe_limits(listed, own, sizeof own);
	printf("%-20s %-11s %-5s %10s  %s%s\n", listed->account.login,
	    listed->account.disabled ? "disabled"
		: listed->confirmed  ? "active"
				     : "unconfirmed",
	    listed->account.admin ? "admin" : "-",
	    quantity_format_bytes(listed->account.storage, stored), listed->email, own);
	return true;
}

static json_t *
users_limit_json(int64_t limit)
{
	return limit < 0 ? json_null() : json_integer(limit);
}

static bool
users_add_account(const struct account_listed *listed, void *context, struct error *err)
{
	char created[QUANTITY_TEXT];
	json_t *own = json_object();
	json_t *account;

	for (size_t i = 0; i < ACCOUNT_LIMITS; i++)
		json_object_set_new(own, account_limits[i].word,
		    users_limit_json(listed->account.limits[i]));
	account = json_pack("{s:I, s:s, s:s, s:b, s:b, s:b, s:s, s:I, s:o}", "id",
	    (json_int_t)listed->account.id, "login", listed->account.login, "email", listed->email,
	    "admin", (int)listed->account.admin, "disabled", (int)listed->account.disabled,
	    "confirmed", (int)listed->confirmed, "creation_date",
	    quantity_format_time(listed->created_at, created), "storage",
	    (json_int_t)listed->account.storage, "limits", own);
	return json_array_append_new(context, account) == 0 ||
	    error_set(err, ERROR_SYSTEM, "list the accounts: not enough memory");
}

int
users_list(struct ctl *ctl)
{
	json_t *accounts = json_array();
	struct database db;
	struct spool spool;
	struct error err;
	bool json = ctl_has(ctl, CTL_JSON), done;

	if (!ctl_open(ctl, &spool, &db, &err)) {
		json_decref(accounts);
		return ctl_failed(&err);
	}
	done = account_each(&db, json ? users_add_account : users_print_account, accounts, &err);
	connection_close(&db);
	spool_close(&spool);
	if (done && json)
		return ctl_print_json(accounts);
	json_decref(accounts);
	return done ? EXIT_DONE : ctl_failed(&err);
}
