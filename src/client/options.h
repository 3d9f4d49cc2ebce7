#ifndef KABUTO_OPTIONS_H
#define KABUTO_OPTIONS_H
/*
 * Command-line options, by tables of rows that getopt_long(3), the usage line and the help are made
 * of.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "command.h"

enum options_kind {
	OPTIONS_FLAG,   /* target: bool */
	OPTIONS_TEXT,   /* target: const char *; the last one counts */
	OPTIONS_TEXTS,  /* target: struct options_texts; may be given repeatedly */
	OPTIONS_NUMBER, /* target: int64_t; decimal digits, from 0 */
	OPTIONS_TABLE,  /* target: the first row of another table, whose rows belong here, too */
};

struct options_row {
	char letter;          /* "-q"; '\0': none */
	const char *name;     /* "quiet" for --quiet; NULL: none */
	const char *argument; /* its argument in the help: "FILE"; NULL for a flag */
	const char *help;     /* one line; NULL ends the table */
	enum options_kind kind;
	void *target; /* unchanged if the option is not given */
};

/* The arguments of an option that may be given repeatedly. They point into argv. */
struct options_texts {
	const char **items;
	size_t count;
};

/* A row of a table that includes the rows of another one. */
#define OPTIONS_INCLUDE(table)                                                                     \
	{                                                                                          \
		'\0', NULL, NULL, "", OPTIONS_TABLE, (void *)(table)                               \
	}

enum options_result {
	OPTIONS_READ,  /* the targets are set */
	OPTIONS_HELP,  /* -h or --help was given */
	OPTIONS_WRONG, /* an error and the usage line were printed on stderr */
};

/*
 * Reads the options of a command. argv[0] is the command's name. *words gets the index of the first
 * word in argv: getopt moves options that follow words before them, unless command->stops. "--"
 * ends the options. Also checks the number of words.
 */
enum options_result options_read(const struct command *command, int argc, char **argv, int *words);

/*
 * Prints "kabuto: <formatted>" and one line of usage on stderr. Returns EXIT_USAGE. For a
 * command that finds its words or options wrong.
 */
int options_wrong(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the usage, the summary, and a line for each option. */
void options_help(const struct command *command, FILE *to);

#endif
