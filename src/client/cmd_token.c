/*
 * kabuto token: lists, creates and deletes API tokens of the account.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "http.h"
#include "jobref.h"
#include "jobtext.h"
#include "listing.h"
#include "options.h"
#include "table.h"

static bool cmd_token_json;
static int64_t cmd_token_days = -1;

static const struct options_row cmd_token_options[] = {
	{ '\0', "days", "N", "create: the token expires after N days (never)", OPTIONS_NUMBER,
	    &cmd_token_days },
	{ '\0', "json", NULL, "the server's objects", OPTIONS_FLAG, &cmd_token_json },
	{ 0 },
};

static const struct table_column cmd_token_columns[] = {
	{ "ID", 0, true },
	{ "CREATED", 0, false },
	{ "USED", 0, false },
	{ "EXPIRES", 0, false },
	{ "NAME", 0, false },
};
#define COLUMNS (sizeof cmd_token_columns / sizeof cmd_token_columns[0])

/* Returns the day of a time on a terminal, else the whole time. */
static const char *
cmd_token_day(const struct table *table, const char *time, char day[static 16])
{
	snprintf(day, 16, "%.10s", time);
	return table->aligned ? day : time;
}

static bool
cmd_token_add(const char *id, const json_t *token, void *context)
{
	struct table *table = context;
	char created[16], used[16], expires[16];
	const char *cells[COLUMNS] = { id,
		cmd_token_day(table, jobtext_member(token, "creation_date"), created),
		cmd_token_day(table, jobtext_member(token, "used_at"), used),
		cmd_token_day(table, jobtext_member(token, "expires_at"), expires),
		jobtext_member(token, "name") };

	table_add(table, cells, 4, DISPLAY_BOLD);
	return !display_is_over();
}

static bool
cmd_token_list(struct http *http, struct error *err)
{
	struct table table;
	bool done;

	if (cmd_token_json)
		return listing_print_json(http, "/account/token", NULL, LISTING_ALL, err);
	table_begin(&table, cmd_token_columns, COLUMNS);
	done = listing_each(http, "/account/token", NULL, LISTING_ALL, cmd_token_add, &table, err);
	table_end(&table);
	return done;
}

/* The value is shown here once, and never again. */
static bool
cmd_token_create(struct http *http, const char *name, struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	cleanup_json json_t *made = NULL;
	const char *token;

	httpfields_add(&fields, "name", name);
	if (cmd_token_days > 0)
		httpfields_add_number(&fields, "expires_in", cmd_token_days);
	if (!http_call_once(http, "POST", "/account/token", &fields, &made, err))
		return false;
	token = jobtext_member(made, "token");
	if (token[0] == '\0' || !settings_check_token(token, err))
		return httpanswer_foreign(http->settings.url, err);
	if (cmd_token_json)
		display_json(made);
	else
		puts(token);
	if (display_is_terminal(stdout))
		display_say(
		    "the token is shown only now: give it to kabuto login --token-stdin, or set KABUTO_TOKEN");
	return true;
}

static bool
cmd_token_delete(struct http *http, int64_t id, struct error *err)
{
	cleanup_json json_t *answer = NULL;
	char path[64];

	snprintf(path, sizeof path, "/account/token/%" PRId64, id);
	if (!http_call(http, "DELETE", path, NULL, &answer, err))
		return false;
	if (cmd_token_json)
		display_json(answer);
	return true;
}

static int
cmd_token_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	const char *verb = count > 0 ? words[0] : "list";
	bool list = strcmp(verb, "list") == 0, create = strcmp(verb, "create") == 0, done;
	struct error err;
	int64_t id = 0;

	if (!list && !create && strcmp(verb, "delete") != 0)
		return options_wrong(command, "%s: token takes list, create or delete", verb);
	if (list ? count > 1 : count != 2)
		return options_wrong(command,
		    list         ? "token list: too many arguments"
			: create ? "token create needs a name"
				 : "token delete needs an id");
	if (!list && !create && !jobref_parse_id(words[1], &id))
		return options_wrong(command, "%s: is not the id of a token", words[1]);
	if (cmd_token_days >= 0 && (!create || cmd_token_days == 0))
		return options_wrong(command, "--days: only for create, and at least 1");
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	done = list  ? cmd_token_list(&http, &err)
	    : create ? cmd_token_create(&http, words[1], &err)
		     : cmd_token_delete(&http, id, &err);
	return done ? EXIT_DONE : display_failed(&err, EXIT_FAILED);
}

const struct command cmd_token = {
	.name = "token",
	.arguments = "[list | create NAME | delete ID]",
	.summary = "Lists, creates and deletes the API tokens of your account.",
	.options = cmd_token_options,
	.most = 2,
	.run = cmd_token_run,
};
