/*
 * kabutoctl: what an operator does to a Kabuto, and what cron does each night.
 *
 * All of it works on the database and the files while the service runs, as one more process that
 * may be killed at any time.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "backup.h"
#include "ctl.h"
#include "maintain.h"
#include "owner.h"
#include "program.h"
#include "restore.h"
#include "schema.h"
#include "status.h"
#include "users.h"
#include "utf8.h"
#include "verify.h"

static const struct command {
	const char *noun, *verb; /* verb is NULL where the noun is the whole command */
	const char *usage;       /* what stands behind them */
	unsigned options;
	int least, most; /* arguments */
	ctl_command *run;
} commands[] = {
	{ "maintain", NULL, "[--dry-run] [--json] [--verbose]",
	    CTL_DRY_RUN | CTL_JSON | CTL_VERBOSE, 0, 0, maintain },
	{ "backup", NULL, "FILE", 0, 1, 1, backup },
	{ "restore", NULL, "[--force] FILE", CTL_FORCE, 1, 1, restore },
	{ "verify", NULL, "[FILE]", 0, 0, 1, verify },
	{ "status", NULL, "[--json]", CTL_JSON, 0, 0, status },
	{ "user", "add", "LOGIN [--email ADDRESS] [--admin]", CTL_EMAIL | CTL_ADMIN, 1, 1,
	    users_add },
	{ "user", "list", "[--json]", CTL_JSON, 0, 0, users_list },
	{ "user", "limit", "LOGIN NAME=VALUE...", 0, 2, 1 + ACCOUNT_LIMITS, users_limit },
	{ "user", "disable", "LOGIN", 0, 1, 1, users_disable },
	{ "user", "enable", "LOGIN", 0, 1, 1, users_enable },
	{ "user", "admin", "LOGIN on|off", 0, 2, 2, users_admin },
	{ "user", "password", "LOGIN", 0, 1, 1, users_password },
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct option long_options[] = {
	{ "dry-run", no_argument, NULL, CTL_DRY_RUN },
	{ "json", no_argument, NULL, CTL_JSON },
	{ "verbose", no_argument, NULL, CTL_VERBOSE },
	{ "force", no_argument, NULL, CTL_FORCE },
	{ "email", required_argument, NULL, CTL_EMAIL },
	{ "admin", no_argument, NULL, CTL_ADMIN },
	{ 0 },
};

static int
kabutoctl_usage(FILE *to)
{
	fputs("usage: kabutoctl [-V] [-c file] command\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s%s%s %s\n", commands[i].noun, commands[i].verb != NULL ? " " : "",
		    commands[i].verb != NULL ? commands[i].verb : "", commands[i].usage);
	return EXIT_USAGE;
}

static void
kabutoctl_say(const char *text)
{
	char line[sizeof((struct error){ 0 }.text)];

	snprintf(line, sizeof line, "%s", text);
	fprintf(stderr, "kabutoctl: %s\n", utf8_printable(line));
}

int
ctl_failed(const struct error *err)
{
	kabutoctl_say(err->text);
	return err->kind == ERROR_BUSY ? EXIT_TRY_AGAIN : EXIT_FAILED;
}

int
ctl_wrong(const char *format, ...)
{
	struct error err;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(err.text, sizeof err.text, format, arguments);
	va_end(arguments);
	kabutoctl_say(err.text);
	return EXIT_USAGE;
}

int
ctl_print_json(json_t *json)
{
	int failed = json == NULL || json_dumpf(json, stdout, JSON_COMPACT) < 0 ||
	    putchar('\n') == EOF || fflush(stdout) != 0;

	json_decref(json);
	if (failed)
		kabutoctl_say("the answer could not be written");
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* database_open makes what is not there, which would hide that a path is wrong. */
static bool
ctl_open_database(const struct ctl *ctl, struct database *db, struct error *err)
{
	if (access(ctl->config->database, F_OK) < 0)
		return error_errno(err, "open the database '%s'", ctl->config->database);
	return schema_open(db, ctl->config->database, err);
}

bool
ctl_open(const struct ctl *ctl, struct spool *spool, struct database *db, struct error *err)
{
	if (!owner_become(ctl->config, err) || !spool_open(spool, ctl->config, false, err))
		return false;
	if (ctl_open_database(ctl, db, err))
		return true;
	spool_close(spool);
	return false;
}

static const struct command *
kabutoctl_find_command(int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *command = &commands[i];

		if (argc < 1 || strcmp(argv[0], command->noun) != 0)
			continue;
		if (command->verb == NULL || (argc > 1 && strcmp(argv[1], command->verb) == 0))
			return command;
	}
	return NULL;
}

/* Options may stand anywhere behind the command's name (getopt moves them before the rest). */
static bool
kabutoctl_read_options(struct ctl *ctl, int argc, char **argv, const char **path)
{
	int option;

	while ((option = getopt_long(argc, argv, "c:V", long_options, NULL)) != -1) {
		if (option == 'c') {
			*path = optarg;
		} else if (option == 'V') {
			puts("kabutoctl " PACKAGE_VERSION);
			return false;
		} else if (option == '?') {
			return kabutoctl_usage(stderr), false;
		} else {
			ctl->options |= (unsigned)option;
			if (option == CTL_EMAIL)
				ctl->email = optarg;
		}
	}
	return true;
}

static int
kabutoctl_run(struct ctl *ctl, const struct command *command, const char *path)
{
	struct config config;
	struct error err;
	int status;

	if (!program_set_up(&config, path, &err))
		return ctl_failed(&err);
	ctl->config = &config;
	status = command->run(ctl);
	config_clear(&config);
	return status;
}

int
main(int argc, char **argv)
{
	const char *path = KABUTO_CONF;
	const struct command *command;
	struct ctl ctl = { .options = 0 };
	int words, version = argc == 2 && strcmp(argv[1], "-V") == 0;

	if (!kabutoctl_read_options(&ctl, argc, argv, &path))
		return version ? EXIT_DONE : EXIT_USAGE;
	command = kabutoctl_find_command(argc - optind, argv + optind);
	if (command == NULL)
		return kabutoctl_usage(stderr);
	words = command->verb == NULL ? 1 : 2;
	ctl.arguments = argv + optind + words;
	argc -= optind + words;
	if (argc < command->least || argc > command->most ||
	    (ctl.options & ~command->options) != 0) {
		fprintf(stderr, "usage: kabutoctl %s%s%s %s\n", command->noun, words > 1 ? " " : "",
		    words > 1 ? command->verb : "", command->usage);
		return EXIT_USAGE;
	}
	return kabutoctl_run(&ctl, command, path);
}
