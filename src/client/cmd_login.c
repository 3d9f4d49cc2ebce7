/*
 * kabuto login: gets an API token from the server and keeps it in the config file.
 *
 * The password goes to the server only. The session that it opens makes the token and ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "http.h"
#include "jobtext.h"
#include "options.h"
#include "prompt.h"

#define SCRIPTS                                                                                    \
	"this is no terminal: use --token-stdin, or --password-stdin with --login, or set KABUTO_URL and KABUTO_TOKEN"

static bool cmd_login_token_stdin, cmd_login_password_stdin;
static const char *cmd_login_name;

static const struct options_row cmd_login_options[] = {
	{ '\0', "login", "NAME", "your login, which is asked for otherwise", OPTIONS_TEXT,
	    &cmd_login_name },
	{ '\0', "password-stdin", NULL, "read the password from the standard input", OPTIONS_FLAG,
	    &cmd_login_password_stdin },
	{ '\0', "token-stdin", NULL, "read an API token from the standard input", OPTIONS_FLAG,
	    &cmd_login_token_stdin },
	{ 0 },
};

/* The URL of the argument, or that of the settings, or the answer to a question. */
static bool
cmd_login_choose_url(const char *word, char **url, struct error *err)
{
	cleanup_settings struct settings settings = { 0 };
	char answer[PROMPT_MOST];
	struct error ignored;

	if (word != NULL)
		return settings_check_url(word, url, err);
	if (settings_read(&settings, &ignored)) {
		*url = strdup(settings.url);
		return *url != NULL || error_set(err, ERROR_SYSTEM, "not enough memory");
	}
	return prompt_ask("URL of the server: ", false, answer,
		   "which server? Write its URL after 'kabuto login'", err) &&
	    settings_check_url(answer, url, err);
}

/* Whether the URL's host is this machine by its name or address. */
static bool
cmd_login_is_loopback(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	size_t length = strcspn(host, "/:");

	if (host[0] == '[')
		return strncmp(host, "[::1]", 5) == 0;
	return (length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	    (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length);
}

static void
cmd_login_warn(const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0 && !cmd_login_is_loopback(url))
		display_say(
		    "warning: %s is not https: others in the network can read the password and the token",
		    url);
}

/* Stores a token once the server has accepted it. */
static bool
cmd_login_take_token(const char *url, char login[static PROMPT_MOST], struct error *err)
{
	cleanup_http struct http http = { 0 };
	cleanup_json json_t *account = NULL;
	cleanup_prompt char token[PROMPT_MOST];

	if (!prompt_read_line("the token", token, err) || !http_open_url(&http, url, token, err))
		return false;
	if (!http_call_once(&http, "GET", "/account", NULL, &account, err))
		return err->kind == ERROR_UNAUTHORIZED
		    ? error_set(err, ERROR_UNAUTHORIZED,
			  "%s does not know this token: make one with 'kabuto token create', or on the page Account",
			  url)
		    : false;
	snprintf(login, PROMPT_MOST, "%s", jobtext_member(account, "login"));
	return settings_write(url, token, err);
}

/* Gets login and password from the user, or from where the options say. */
static bool
cmd_login_ask(char login[static PROMPT_MOST], char password[static PROMPT_MOST], struct error *err)
{
	if (cmd_login_name != NULL)
		snprintf(login, PROMPT_MOST, "%s", cmd_login_name);
	else if (!prompt_ask("Login: ", false, login, SCRIPTS, err))
		return false;
	return cmd_login_password_stdin ? prompt_read_line("the password", password, err)
					: prompt_ask("Password: ", true, password, SCRIPTS, err);
}

static bool
cmd_login_begin_session(struct http *http, const char *login, const char *password,
    struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };

	httpfields_add(&fields, "login", login);
	httpfields_add(&fields, "password", password);
	if (http_call_once(http, "POST", "/login", &fields, NULL, err))
		return true;
	return err->kind == ERROR_UNAUTHORIZED
	    ? error_set(err, ERROR_UNAUTHORIZED, "wrong login or password")
	    : false;
}

/* Makes a token and stores it. If it cannot be stored, it is deleted again. */
static bool
cmd_login_make_token(struct http *http, const char *url, struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	cleanup_json json_t *made = NULL;
	char host[65] = "", name[96], path[64];
	struct error ignored;

	(void)gethostname(host, sizeof host - 1);
	snprintf(name, sizeof name, "kabuto on %s", host);
	httpfields_add(&fields, "name", name);
	if (!http_call_once(http, "POST", "/account/token", &fields, &made, err))
		return false;
	if (jobtext_member(made, "token")[0] == '\0')
		return httpanswer_foreign(url, err);
	if (settings_write(url, jobtext_member(made, "token"), err))
		return true;
	snprintf(path, sizeof path, "/account/token/%" PRId64, jobtext_id(made, "id"));
	(void)http_call(http, "DELETE", path, NULL, NULL, &ignored);
	return false;
}

static bool
cmd_login_by_password(const char *url, char login[static PROMPT_MOST], struct error *err)
{
	cleanup_http struct http http = { 0 };
	cleanup_prompt char password[PROMPT_MOST];
	struct error ignored;
	bool done;

	if (!cmd_login_ask(login, password, err) || !http_open_url(&http, url, NULL, err))
		return false;
	http.cookies = true;
	if (!cmd_login_begin_session(&http, login, password, err))
		return false;
	done = cmd_login_make_token(&http, url, err);
	(void)http_call_once(&http, "POST", "/logout", NULL, NULL, &ignored);
	return done;
}

static int
cmd_login_run(const struct command *command, int count, char **words)
{
	cleanup_free char *url = NULL, *clean = NULL;
	char login[PROMPT_MOST];
	struct error err;

	if (cmd_login_token_stdin && (cmd_login_password_stdin || cmd_login_name != NULL))
		return options_wrong(command, "--token-stdin takes no login and no password");
	if (cmd_login_password_stdin && cmd_login_name == NULL)
		return options_wrong(command, "--password-stdin needs --login");
	if (!cmd_login_choose_url(count > 0 ? words[0] : NULL, &url, &err))
		return display_failed(&err, EXIT_FAILED);
	cmd_login_warn(url);
	if (!(cmd_login_token_stdin ? cmd_login_take_token(url, login, &err)
				    : cmd_login_by_password(url, login, &err)))
		return display_failed(&err, EXIT_FAILED);
	clean = display_clean(login);
	printf("Logged in to %s as %s\n", url, clean != NULL ? clean : "");
	if (getenv("KABUTO_TOKEN") != NULL || getenv("KABUTO_URL") != NULL)
		display_say(
		    "warning: KABUTO_URL or KABUTO_TOKEN is set and counts before this: unset it");
	return EXIT_DONE;
}

const struct command cmd_login = {
	.name = "login",
	.arguments = "[URL]",
	.summary = "Logs in to a server and keeps an API token of it.",
	.options = cmd_login_options,
	.most = 1,
	.run = cmd_login_run,
};
