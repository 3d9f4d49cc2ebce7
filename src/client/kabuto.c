/*
 * kabuto: the command-line client of a Kabuto server. Finds the command in the table, reads its
 * options and runs it. command.h says how a command looks, and which exit codes there are.
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "display.h"
#include "options.h"

static const struct command *const commands[] = {
	&cmd_login,
	&cmd_run,
	&cmd_build,
	&cmd_images,
	&cmd_submit,
	&cmd_ps,
	&cmd_show,
	&cmd_logs,
	&cmd_wait,
	&cmd_get,
	&cmd_put,
	&cmd_kill,
	&cmd_rerun,
	&cmd_why,
	&cmd_token,
	&cmd_open,
	&cmd_api,
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct command *
kabuto_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void
kabuto_usage(FILE *to)
{
	fputs("usage: kabuto COMMAND [OPTION...] [ARGUMENT...]\n"
	      "       kabuto help [COMMAND]\n"
	      "       kabuto --version\n\n",
	    to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
}

static int
kabuto_unknown(const char *name)
{
	display_say("%s: no such command; kabuto help lists them", name);
	fputs("usage: kabuto COMMAND [OPTION...] [ARGUMENT...]\n", stderr);
	return EXIT_USAGE;
}

static int
kabuto_help(const char *name)
{
	const struct command *command;

	if (name == NULL) {
		kabuto_usage(stdout);
		return display_finish(EXIT_DONE);
	}
	command = kabuto_find(name);
	if (command == NULL)
		return kabuto_unknown(name);
	options_help(command, stdout);
	return display_finish(EXIT_DONE);
}

static int
kabuto_run(const struct command *command, int argc, char **argv)
{
	int words;

	switch (options_read(command, argc, argv, &words)) {
	case OPTIONS_HELP:
		options_help(command, stdout);
		return display_finish(EXIT_DONE);
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	default:
		return display_finish(command->run(command, argc - words, argv + words));
	}
}

/*
 * Opens the standard streams that the caller has closed, so that no file or connection gets their
 * numbers, and with them what is printed. As before, reading and writing fails.
 */
static void
kabuto_open_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			abort();
}

int
main(int argc, char **argv)
{
	const struct command *command;
	const char *name = argc > 1 ? argv[1] : "";

	kabuto_open_streams();
	(void)setlocale(LC_ALL, "C.UTF-8");
	(void)signal(SIGPIPE, SIG_IGN); /* write(2) and libcurl report it */
	if (argc < 2 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		kabuto_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(name, "help") == 0)
		return kabuto_help(argv[2]);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return kabuto_help(NULL);
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		puts("kabuto " PACKAGE_VERSION);
		return display_finish(EXIT_DONE);
	}
	command = kabuto_find(name);
	return command != NULL ? kabuto_run(command, argc - 1, argv + 1) : kabuto_unknown(name);
}
