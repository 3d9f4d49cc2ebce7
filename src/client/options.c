/*
 * Reads command-line options by tables, and prints the help that the tables contain.
 */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "display.h"
#include "number.h"

#define OPTIONS_MOST 64 /* rows of a command, with those of the tables that it includes */
#define COLUMNS      80
#define HELP_COLUMN  28

/* All rows of a command, one after the other. */
struct rows {
	const struct options_row *items[OPTIONS_MOST];
	size_t count;
};

static const struct options_row options_help_row = { 'h', "help", NULL, "show this help",
	OPTIONS_FLAG, NULL };

static void
options_gather(const struct options_row *table, struct rows *rows)
{
	for (const struct options_row *row = table; row != NULL && row->help != NULL; row++) {
		if (row->kind == OPTIONS_TABLE)
			options_gather(row->target, rows);
		else if (rows->count < OPTIONS_MOST)
			rows->items[rows->count++] = row;
	}
}

/* Makes getopt's two descriptions of the options. val of a long option is its index + 1. */
static void
options_describe(const struct command *command, const struct rows *rows, char *letters,
    struct option *names)
{
	if (command->stops)
		*letters++ = '+';
	*letters++ = ':'; /* errors are reported here, not by getopt */
	for (size_t i = 0; i < rows->count; i++) {
		const struct options_row *row = rows->items[i];

		if (row->letter != '\0') {
			*letters++ = row->letter;
			if (row->argument != NULL)
				*letters++ = ':';
		}
		if (row->name != NULL)
			*names++ = (struct option){ row->name,
				row->argument != NULL ? required_argument : no_argument, NULL,
				256 + (int)i };
	}
	*letters = '\0';
	*names = (struct option){ 0 };
}

static const struct options_row *
options_find(const struct rows *rows, int option)
{
	if (option >= 256)
		return rows->items[option - 256];
	for (size_t i = 0; i < rows->count; i++)
		if (rows->items[i]->letter == option)
			return rows->items[i];
	return NULL;
}

/* Adds an argument. The list lives as long as the program. */
static void
options_add_text(struct options_texts *texts, const char *text)
{
	const char **items = realloc(texts->items, (texts->count + 1) * sizeof *items);

	if (items == NULL)
		abort();
	texts->items = items;
	texts->items[texts->count++] = text;
}

/* Sets the row's target. Returns false if the argument is not valid. */
static bool
options_set(const struct options_row *row, const char *argument)
{
	int64_t number;

	switch (row->kind) {
	case OPTIONS_FLAG:
		*(bool *)row->target = true;
		return true;
	case OPTIONS_TEXT:
		*(const char **)row->target = argument;
		return true;
	case OPTIONS_TEXTS:
		options_add_text(row->target, argument);
		return true;
	case OPTIONS_NUMBER:
		if (!number_parse_integer(argument, &number) || number < 0)
			return false;
		*(int64_t *)row->target = number;
		return true;
	default:
		return false;
	}
}

int
options_wrong(const struct command *command, const char *format, ...)
{
	struct error err;
	va_list arguments;
	char text[sizeof err.text];

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	display_say("%s", text);
	fprintf(stderr, "usage: kabuto %s [OPTION...]%s%s; kabuto help %s lists the options\n",
	    command->name, command->arguments[0] != '\0' ? " " : "", command->arguments,
	    command->name);
	return EXIT_USAGE;
}

static enum options_result
options_refuse(const struct command *command, const char *what, const char *word)
{
	(void)options_wrong(command, "%s: %s", word, what);
	return OPTIONS_WRONG;
}

/*
 * Names the option that getopt has found wrong. optopt is its letter; of a long option it is 0, or
 * val, and the option is the last word that was read.
 */
static enum options_result
options_unknown(const struct command *command, char **argv, const char *what)
{
	char letter[3] = { '-', (char)optopt, '\0' };

	return options_refuse(command, what,
	    optopt > 0 && optopt < 256 ? letter : argv[optind - 1]);
}

static enum options_result
options_check_count(const struct command *command, int count)
{
	if (count < command->least)
		(void)options_wrong(command, "%s: too few arguments", command->name);
	else if (command->most >= 0 && count > command->most)
		(void)options_wrong(command, "%s: too many arguments", command->name);
	else
		return OPTIONS_READ;
	return OPTIONS_WRONG;
}

enum options_result
options_read(const struct command *command, int argc, char **argv, int *words)
{
	struct option names[OPTIONS_MOST + 1];
	char letters[OPTIONS_MOST * 2 + 4];
	struct rows rows = { 0 };
	int option;

	options_gather(command->options, &rows);
	if (rows.count < OPTIONS_MOST)
		rows.items[rows.count++] = &options_help_row;
	options_describe(command, &rows, letters, names);
	opterr = 0;
	optind = 0; /* glibc begins again */
	while ((option = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct options_row *row;

		if (option == ':')
			return options_unknown(command, argv, "the option needs an argument");
		row = option == '?' ? NULL : options_find(&rows, option);
		if (row == NULL)
			return options_unknown(command, argv, "no such option");
		if (row == &options_help_row)
			return OPTIONS_HELP;
		if (!options_set(row, optarg))
			return options_refuse(command, "is not a number", optarg);
	}
	*words = optind;
	return options_check_count(command, argc - optind);
}

/* The help */

/* Prints a word of the usage line, on a new line if it does not fit. */
static void
options_print_word(FILE *to, const char *word, size_t *column, size_t indent)
{
	if (*column + 1 + strlen(word) > COLUMNS) {
		fprintf(to, "\n%*s", (int)indent, "");
		*column = indent;
	}
	*column += 1 + strlen(word);
	fprintf(to, " %s", word);
}

/* Writes what the usage line says of an option: "[-n NAME]", "[--state STATE]...". */
static void
options_write_synopsis(const struct options_row *row, char *text, size_t size)
{
	char option[48];

	if (row->letter != '\0')
		snprintf(option, sizeof option, "-%c", row->letter);
	else
		snprintf(option, sizeof option, "--%s", row->name);
	snprintf(text, size, "[%s%s%s]%s", option, row->argument != NULL ? " " : "",
	    row->argument != NULL ? row->argument : "", row->kind == OPTIONS_TEXTS ? "..." : "");
}

/* Prints "usage: kabuto <name> <options> <arguments>", wrapped at 80 columns. */
static void
options_usage(const struct command *command, FILE *to)
{
	struct rows rows = { 0 };
	size_t indent = strlen("usage: kabuto ") + strlen(command->name), column = indent;
	char word[128];

	options_gather(command->options, &rows);
	fprintf(to, "usage: kabuto %s", command->name);
	for (size_t i = 0; i < rows.count; i++) {
		options_write_synopsis(rows.items[i], word, sizeof word);
		options_print_word(to, word, &column, indent);
	}
	if (command->arguments[0] != '\0')
		options_print_word(to, command->arguments, &column, indent);
	fputc('\n', to);
}

static void
options_print_row(const struct options_row *row, FILE *to)
{
	char text[128];
	int length;

	length = snprintf(text, sizeof text, "  %c%c%s%s%s%s%s", row->letter != '\0' ? '-' : ' ',
	    row->letter != '\0' ? row->letter : ' ',
	    row->letter != '\0' && row->name != NULL ? ", " : "  ", row->name != NULL ? "--" : "",
	    row->name != NULL ? row->name : "", row->argument != NULL ? " " : "",
	    row->argument != NULL ? row->argument : "");
	if (length >= HELP_COLUMN)
		fprintf(to, "%s\n%*s%s\n", text, HELP_COLUMN, "", row->help);
	else
		fprintf(to, "%-*s%s\n", HELP_COLUMN, text, row->help);
}

void
options_help(const struct command *command, FILE *to)
{
	struct rows rows = { 0 };

	options_usage(command, to);
	fprintf(to, "\n%s\n\n", command->summary);
	options_gather(command->options, &rows);
	for (size_t i = 0; i < rows.count; i++)
		options_print_row(rows.items[i], to);
	options_print_row(&options_help_row, to);
}
