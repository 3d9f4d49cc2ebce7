/*
 * kabutoctl: the operator's tool, which cron also calls each night.
 *
 * Each command works on the database and the files while the service runs, and may be killed at any
 * time. Only restore needs a stopped service.
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
#include "program.h"
#include "restore.h"
#include "status.h"
#include "users.h"
#include "verify.h"

static const struct command {
	const char *noun, *verb; /* verb is NULL if the noun is the whole command */
	const char *usage;       /* the arguments after noun and verb */
	unsigned options;
	int least, most; /* number of arguments */
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

/* Options may be at any place after the command's name: getopt moves them before the rest. */
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
